// stepwell dump: what lies in a log, an index or a spool, one readable line a record.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <memory>

#include "engine/io/posix.hpp"
#include "engine/store/layout.hpp"
#include "engine/tracking/fold.hpp"
#include "engine/wal/format.hpp"
#include "engine/wal/scan.hpp"
#include "protocol/client/replay.hpp"
#include "protocol/text.hpp"
#include "tools/command.hpp"
#include "tools/describe.hpp"
#include "tools/exit_codes.hpp"
#include "tools/output.hpp"
#include "tools/stopped_store.hpp"

namespace stepwell::tools {
namespace {

constexpr std::size_t kDamagesMax = 1000;

struct Arguments {
  std::string what;
  std::string path;
};

std::string line_of(const wal::RecordView& record) {
  const auto frame = protocol::read_frame(record.payload);
  return fmt::format("lsn={} door={} arrival={} {}", record.lsn.value,
                     static_cast<int>(record.envelope.door), record.envelope.arrival_ms,
                     frame ? describe(frame.value()) : "NO FRAME: " + frame.error().text);
}

// A segment, or all of a log's or a store's directory, oldest first.
std::vector<std::string> segment_files(const std::string& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  const std::string below = path + "/wal";
  std::vector<std::string> found;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::is_directory(below) ? below : path)) {
    if (wal::parse_segment_name(entry.path().filename().string())) found.push_back(entry.path());
  }
  std::ranges::sort(found);
  return found;
}

Result<bool> dump_wal(io::FileSystem& files, const std::string& path) {
  wal::RecoveryReport report;
  std::string file;
  const auto lock = lock_store_around(files, path);
  if (!lock) return with_advice_to_stop(lock.error());
  const auto visit = [&](const wal::SegmentFile& segment,
                         const wal::ScannedGroup& scanned) -> Result<void> {
    if (segment.path != file) fmt::print("segment {}\n", file = segment.path);
    fmt::print("group offset={} position={} length={} records={} durable={}\n", scanned.offset,
               scanned.header.position, scanned.header.length, scanned.header.records,
               scanned.header.durable);
    if (!scanned.group) return ok();
    for (const auto& record : scanned.group->records()) fmt::print("  {}\n", line_of(record));
    return ok();
  };
  for (const std::string& file_path : segment_files(path)) {
    TRY(wal::scan_segment(files, file_path, visit, report));
  }
  if (report.torn_tail) fmt::print("torn tail: {}\n", *report.torn_tail);
  for (const auto& damage : report.damages) {
    fmt::print("DAMAGE {} offset {}: {}\n", damage.file, damage.offset, damage.what);
  }
  return report.damages.empty();
}

std::string hex(std::string_view bytes, std::size_t most) {
  std::string out;
  for (const char c : bytes.substr(0, most))
    out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return bytes.size() > most ? out + "…" : out;
}

Result<bool> dump_index(io::FileSystem& files, const std::string& path) {
  const auto lock = lock_store_around(files, path);
  if (!lock) return with_advice_to_stop(lock.error());
  const std::string file = std::filesystem::is_directory(path) ? path + "/index.lmdb" : path;
  if (!std::filesystem::exists(file))
    return fail(ErrorKind::kNotFound, "there is no index {}", file);
  const auto names = store::Layout::table_names(tracking::Fold().tables());
  index::Options options;
  options.create = false;
  TRY(const auto environment, index::Environment::open(file, names, options));
  TRY(const auto transaction, environment->begin_read());
  std::size_t damages = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    TRY(auto cursor, transaction.cursor(environment->table(i)));
    auto row = cursor.seek({});
    while (!row || row.value()) {
      if (!row) {
        fmt::print("DAMAGE {}: {}\n", names[i], row.error().text);
        // A cursor that cannot go on tells the same for ever.
        if (++damages == kDamagesMax) {
          return fail(ErrorKind::kCorrupt, "{} damages were found; the rest is not looked at",
                      damages);
        }
      } else {
        fmt::print("{} key={} value={} {} B\n", names[i], hex(row.value()->key, 64),
                   hex(row.value()->value, 48), row.value()->value.size());
      }
      row = cursor.next();
    }
  }
  return damages == 0;
}

Result<bool> dump_spool(io::FileSystem& files, const std::string& path) {
  TRY(const auto listing, client::list_spool(files, {path}));
  bool sound = listing.unreadable.empty();
  for (const auto& damage : listing.unreadable) {
    fmt::print("DAMAGE {} offset {}: {}\n", damage.path, damage.offset, damage.reason);
  }
  for (const auto& writer : listing.writers) {
    for (const auto& segment_path : writer.paths) {
      TRY(const auto segment, client::LoadedSegment::load(files, segment_path));
      const auto& content = segment.content();
      fmt::print("segment {} run={} writer={} number={} first_sequence={}\n", segment_path,
                 content.header.run.hex(), content.header.writer.hex(), content.header.number,
                 content.header.first_sequence);
      for (const auto& frame : content.frames) {
        const auto bytes = as_bytes(segment.bytes_of(frame));
        const auto view = protocol::read_frame(bytes);
        fmt::print("  offset={} {}\n", frame.offset,
                   view ? describe(view.value()) : view.error().text);
      }
      for (const auto& damage : content.damages) {
        fmt::print("{} {} offset {}: {} bytes: {}\n", damage.tail ? "cut" : "DAMAGE", segment_path,
                   damage.offset, damage.bytes, damage.reason);
        sound = sound && damage.tail;
      }
    }
  }
  return sound;
}

int run(const Arguments& arguments) {
  std::signal(SIGPIPE, SIG_DFL);
  io::PosixFileSystem files;
  if (!std::filesystem::exists(arguments.path)) {
    return report_error("dump", fail(ErrorKind::kNotFound, "there is no {}", arguments.path));
  }
  const auto sound = arguments.what == "wal"     ? dump_wal(files, arguments.path)
                     : arguments.what == "index" ? dump_index(files, arguments.path)
                                                 : dump_spool(files, arguments.path);
  std::fflush(stdout);
  if (!sound) return report_error("dump", sound.error());
  return sound.value() ? kExitOk : kExitFailed;
}

}  // namespace

void add_dump(CLI::App& program, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      program.add_subcommand("dump", "Print a log, an index or a spool, a line a record");
  command->add_option("what", arguments->what, "wal, index or spool")
      ->required()
      ->check(CLI::IsMember({"wal", "index", "spool"}));
  command->add_option("path", arguments->path, "A file, or the directory that holds them")
      ->required();
  command->footer(
      "Damage is printed where it is found; the exit code is 1 then.\n\nExamples:\n"
      "  stepwell dump wal ./stepwell-data\n"
      "  stepwell dump wal ./stepwell-data/wal/0000000000000000.seg\n"
      "  stepwell dump index ./stepwell-data\n  stepwell dump spool ./stepwell-spool\n\n" +
      std::string(kExitHelp));
  command->callback([arguments, &exit_code] { exit_code = run(*arguments); });
}

}  // namespace stepwell::tools
