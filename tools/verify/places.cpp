#include "tools/verify/places.hpp"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "engine/store/check.hpp"
#include "engine/store/layout.hpp"
#include "engine/tracking/fold.hpp"
#include "engine/wal/scan.hpp"
#include "protocol/frame.hpp"
#include "protocol/text.hpp"
#include "tools/stopped_store.hpp"

namespace stepwell::tools {
namespace {

constexpr std::size_t kDamagesMax = 1000;

// In the child. Lines to the parent: "T tables", "R rows", "A applied", "D damage".
Result<void> walk_here(const std::string& file, std::FILE* out) {
  const auto fold_tables = tracking::Fold().tables();
  const auto tables = store::Layout::tables(fold_tables);
  index::Options options;
  options.create = false;
  TRY(const auto environment, index::Environment::open(file, tables, options));
  TRY(const auto transaction, environment->begin_read());
  const store::Layout layout(*environment, fold_tables);
  const auto meta = layout.read_meta(transaction);
  if (!meta) {
    fmt::print(out, "D {}\n", meta.error().text);
  } else if (meta.value()) {
    fmt::print(out, "A {}\n", meta.value()->applied.value);
  }
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < tables.size(); ++i) {
    std::fflush(out);
    std::size_t damages = 0;
    auto cursor = transaction.cursor(environment->table(i));
    if (!cursor) {
      fmt::print(out, "D table {}: {}\n", tables[i].name, cursor.error().text);
      continue;
    }
    auto row = cursor.value().seek({});
    while (!row || row.value()) {
      if (!row) {
        fmt::print(out, "D {}\n", row.error().text);
        if (++damages == kDamagesMax) break;
      }
      ++rows;
      row = cursor.value().next();
    }
  }
  fmt::print(out, "T {}\nR {}\n", tables.size(), rows);
  return ok();
}

// In the child: what the rows mean together. The store is opened first, which finishes or sweeps
// what a killed server left half done in the index, as the next start would.
Result<void> check_here(const std::string& directory, std::FILE* out) {
  TRY(const auto store, StoppedStore::open(directory));
  std::size_t damages = 0;
  const auto visit = [&](const std::string& problem) {
    if (++damages <= kDamagesMax) fmt::print(out, "D {}\n", problem);
  };
  TRY(const auto checked,
      store::check_index(store->store().index(), store->store().layout(), visit));
  fmt::print(out, "R {}\nC {}\nP {}\n", checked.rows, checked.chunks, checked.points);
  return ok();
}

using ChildWork = Result<void> (*)(const std::string& path, std::FILE* out);

[[noreturn]] void be_child(ChildWork work, const std::string& path, int pipe) {
  std::FILE* out = fdopen(pipe, "w");
  const auto done = work(path, out);
  if (!done) fmt::print(out, "D {}\n", done.error().text);
  std::fflush(out);
  _exit(0);
}

void read_line(std::string_view line, IndexWalk& walk) {
  const std::string text(line.substr(std::min<std::size_t>(2, line.size())));
  switch (line.empty() ? ' ' : line.front()) {
    case 'T':
      walk.tables = std::stoull(text);
      break;
    case 'R':
      walk.rows = std::stoull(text);
      break;
    case 'C':
      walk.chunks = std::stoull(text);
      break;
    case 'P':
      walk.points = std::stoull(text);
      break;
    case 'A':
      walk.applied.value = std::stoull(text);
      break;
    case 'D':
      walk.damages.push_back(text);
      break;
    default:
      break;
  }
}

Result<IndexWalk> walk_in_child(ChildWork work, const std::string& path, const std::string& file) {
  int ends[2];
  if (::pipe(ends) != 0) return errno_error(errno, "pipe", file);
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return errno_error(errno, "fork", file);
  if (child == 0) {
    ::close(ends[0]);
    be_child(work, path, ends[1]);
  }
  ::close(ends[1]);
  std::string text;
  char buffer[4096];
  while (true) {
    const ssize_t n = ::read(ends[0], buffer, sizeof buffer);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(buffer, static_cast<std::size_t>(n));
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  IndexWalk walk;
  // The texts name tables and keys; the file is the same for all.
  for (std::size_t at = 0, end = 0; (end = text.find('\n', at)) != std::string::npos;
       at = end + 1) {
    read_line(std::string_view(text).substr(at, end - at), walk);
  }
  for (std::string& damage : walk.damages) {
    if (damage.find("index.lmdb") == std::string::npos)
      damage = fmt::format("{}: {}", file, damage);
  }
  if (WIFSIGNALED(status)) {
    walk.damages.push_back(
        fmt::format("{}: walking it ended with signal {} ({}): a page's header is damaged", file,
                    WTERMSIG(status), strsignal(WTERMSIG(status))));
  } else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    walk.damages.push_back(
        fmt::format("{}: walking it ended with exit code {}", file, WEXITSTATUS(status)));
  }
  return walk;
}

}  // namespace

Result<IndexWalk> walk_index(const std::string& directory) {
  const std::string file = directory + "/index.lmdb";
  return walk_in_child(walk_here, file, file);
}

Result<IndexWalk> check_structure(const std::string& directory) {
  return walk_in_child(check_here, directory, directory + "/index.lmdb");
}

Result<LogWalk> walk_log(io::FileSystem& files, const std::string& directory, Lsn applied) {
  LogWalk walk;
  wal::ScanOptions options;
  options.applied = applied;
  options.whole = true;
  options.go_on_after_damage = true;
  wal::RecoveryReport report;
  const auto visit = [&](const wal::SegmentFile& segment,
                         const wal::ScannedGroup& scanned) -> Result<void> {
    if (!scanned.group) return ok();
    for (const auto& record : scanned.group->records()) {
      const auto frame = protocol::read_frame(record.payload);
      if (frame) continue;
      walk.damages.push_back(fmt::format("{} offset {}: record {} holds no sound frame: {}",
                                         segment.path, scanned.offset, record.lsn.value,
                                         frame.error().text));
    }
    return ok();
  };
  TRY(const auto scanned, wal::scan_log(files, directory + "/wal", options, visit, report));
  walk.segments = scanned.live.size() + scanned.surplus.size();
  walk.groups = report.groups;
  walk.records = report.records;
  walk.bytes = report.bytes;
  walk.torn_tail = report.torn_tail.value_or("");
  for (const auto& damage : report.damages) {
    walk.damages.push_back(
        fmt::format("{} offset {}: {}", damage.file, damage.offset, damage.what));
  }
  return walk;
}

}  // namespace stepwell::tools
