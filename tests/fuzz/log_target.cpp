#include <map>

#include "engine/base/hand_executor.hpp"
#include "engine/io/memory.hpp"
#include "engine/wal/format.hpp"
#include "engine/wal/log.hpp"
#include "tests/fuzz/targets.hpp"

namespace stepwell::fuzz {
namespace {

using Contents = std::vector<std::byte>;

struct ClosedLog {
  std::map<std::string, Contents> files;
  std::map<Lsn, std::string> records;
};

wal::Options small() {
  wal::Options options;
  options.segment_bytes = 16 << 10;
  options.group_bytes_max = 8 << 10;
  options.pool_segments_min = 1;
  options.pool_segments_max = 1;
  return options;
}

std::string payload_of(std::uint64_t number) {
  SeededRandom random(number);
  std::string payload(random.below(1500), '\0');
  for (char& byte : payload) byte = static_cast<char>(random.next_u64());
  return payload;
}

// Made once: a few segments, marks, and a prepared one.
ClosedLog make_log() {
  ClosedLog made;
  io::World world;
  io::MemoryFileSystem files(world);
  HandExecutor executor;
  SeededRandom random(3);
  wal::RecoveryReport report;
  auto log = std::move(wal::Log::open(
                           {files, executor, executor, random}, "wal", small(), {},
                           [](wal::GroupPtr) { return Result<void>(ok()); }, report))
                 .value();
  log->set_callbacks([](wal::GroupPtr) {}, [](const Error&) {});
  for (std::uint64_t i = 1; i <= 30; ++i) {
    const std::string payload = payload_of(i);
    const Bytes parts[] = {as_bytes(payload)};
    made.records[log->append({1, wal::Door::kFrame, 5, 0}, parts).value()] = payload;
    executor.advance(milliseconds(i % 7 == 0 ? 200 : 5));
  }
  log->close([](const Result<void>&) {});
  executor.advance(milliseconds(500));
  for (const std::string& name : world.list("wal"))
    made.files["wal/" + name] = world.contents("wal/" + name).value();
  log.reset();
  executor.drop_all();
  return made;
}

void reseal(Contents& file, std::uint64_t offset) {
  if (offset >= file.size() || file.size() - offset < wal::kBlock) return;
  const Bytes header(file.data() + offset, file.size() - offset);
  const auto group = wal::peek_group(header, wal::claimed_place(header), header.size());
  if (group && group->padded() <= header.size()) {
    wal::seal_group(*group, MutableBytes(file).subspan(offset, group->padded()));
  }
}

// One edit: {u8 what, u8 file, u16 where, u8 length, u8 value}. True if it forged a hash.
bool edit(std::map<std::string, Contents>& files, Decoder& in) {
  const auto what = in.get<std::uint8_t>() % 8;
  auto file =
      std::next(files.begin(), in.get<std::uint8_t>() % static_cast<std::ptrdiff_t>(files.size()));
  const std::size_t where = in.get<std::uint16_t>();
  const std::size_t length = in.get<std::uint8_t>();
  const auto value = in.get<std::uint8_t>();
  Contents& bytes = file->second;
  const std::size_t at = bytes.empty() ? 0 : where % bytes.size();
  const std::size_t count = std::min(length, bytes.size() - at);
  const auto other = std::next(files.begin(), value % static_cast<std::ptrdiff_t>(files.size()));
  switch (what) {
    case 0:
      bytes.resize(at);
      break;
    case 1:
      bytes.resize(bytes.size() + std::size_t{length} * 64);
      break;
    case 2:
      std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, std::byte{value});
      break;
    case 3:
      if (at < bytes.size()) bytes[at] ^= std::byte{value};
      break;
    case 4:
      bytes = Contents(other->second);
      break;
    case 5:
      if (files.size() > 1) files.erase(file);
      break;
    case 6: {
      const std::size_t block = at / wal::kBlock * wal::kBlock;
      const std::size_t n =
          std::min({wal::kBlock, bytes.size() - block,
                    other->second.size() - std::min(other->second.size(), block)});
      std::copy_n(other->second.begin() + static_cast<std::ptrdiff_t>(n ? block : 0), n,
                  bytes.begin() + static_cast<std::ptrdiff_t>(block));
      break;
    }
    default:
      reseal(bytes, at / wal::kBlock * wal::kBlock);
      return true;
  }
  return false;
}

}  // namespace

void log(Bytes input) {
  static const ClosedLog closed = make_log();
  auto files = closed.files;
  Decoder in(as_text(input));
  const auto how = in.get<std::uint8_t>();
  bool forged = false;
  for (int edits = 0; edits < 16 && !in.rest().empty() && in.ok(); ++edits)
    forged |= edit(files, in);

  io::World world;
  io::MemoryFileSystem disk(world);
  STEPWELL_ASSERT(disk.make_directories("wal").has_value());
  for (const auto& [path, bytes] : files) {
    STEPWELL_ASSERT(world.record_create(path).has_value());
    STEPWELL_ASSERT(world.overwrite(path, bytes).has_value());
  }
  HandExecutor executor;
  SeededRandom random(9);
  wal::Options options = small();
  options.read_only = how & 1;
  options.salvage = how & 2;
  const Lsn applied = how & 4 ? std::next(closed.records.begin(), how >> 4)->first : Lsn{};
  wal::RecoveryReport report;
  Lsn last;
  const auto check = [&](const wal::GroupPtr& group) -> Result<void> {
    for (const wal::RecordView& record : group->records()) {
      STEPWELL_ASSERT(record.lsn > last);
      last = record.lsn;
      if (forged) continue;
      // No bit that was not written under this number is ever handed out.
      const auto written = closed.records.find(record.lsn);
      STEPWELL_ASSERT(written != closed.records.end() &&
                      as_text(record.payload) == written->second);
    }
    return ok();
  };
  auto opened =
      wal::Log::open({disk, executor, executor, random}, "wal", options, applied, check, report);
  if (!opened) {
    STEPWELL_ASSERT(!opened.error().text.empty());
  } else {
    opened.value()->set_callbacks([](wal::GroupPtr) {}, [](const Error&) {});
    executor.advance(milliseconds(300));
    opened.value().reset();
  }
  executor.drop_all();
}

}  // namespace stepwell::fuzz
