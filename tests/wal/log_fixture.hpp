#pragma once

// A log on a disk in RAM, driven by hand. Verbs: open, append, settle, close, reopen.

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/hand_executor.hpp"
#include "engine/io/memory.hpp"
#include "engine/wal/log.hpp"

namespace stepwell::wal {

struct Seen {
  Lsn lsn;
  Envelope envelope;
  std::string payload;
};

// What was appended, made from a number, so that a test needs no copy of it.
inline std::string payload_of(std::uint64_t number, std::uint64_t bytes) {
  SeededRandom random(number);
  std::string payload(bytes, '\0');
  for (std::size_t i = 0; i < bytes; i += 8) {
    const std::uint64_t word = random.next_u64();
    std::memcpy(payload.data() + i, &word, std::min<std::size_t>(8, bytes - i));
  }
  return payload;
}

class LogOnWorld {
 public:
  explicit LogOnWorld(io::World& disk, std::uint64_t seed = 7) : world(disk), random(seed) {}

  Result<void> open(Lsn applied = {}) {
    recovered.clear();
    durable.clear();
    report = {};
    poisoned.reset();
    const Environment environment{files, executor, executor, random};
    TRY(log, Log::open(
                 environment, "wal", options, applied,
                 [this](GroupPtr group) {
                   collect(recovered, *group);
                   return Result<void>(ok());
                 },
                 report));
    log->set_callbacks([this](GroupPtr group) { collect(durable, *group); },
                       [this](const Error& error) { poisoned = error.text; });
    return ok();
  }

  Result<Lsn> append(std::string_view payload, std::uint16_t kind = 1) {
    const Bytes parts[] = {as_bytes(payload)};
    return log->append({kind, Door::kRest, 1234567890123, 42}, parts);
  }

  // Runs everything that is due within a moment; no idle mark yet.
  void settle() { executor.advance(milliseconds(10)); }
  void idle() { executor.advance(milliseconds(200)); }

  Result<void> close() {
    auto closed = close_keeping();
    kill();
    return closed;
  }
  Result<void> close_keeping() {
    std::optional<Result<void>> closed;
    log->close([&](Result<void> result) { closed.emplace(std::move(result)); });
    executor.advance(milliseconds(500));
    if (!closed) return fail(ErrorKind::kInternal, "close() did not answer");
    return *closed;
  }
  // The process dies.
  void kill() {
    log.reset();
    executor.drop_all();
  }

  static void collect(std::vector<Seen>& into, const Group& group) {
    for (const RecordView& record : group.records()) {
      into.push_back({record.lsn, record.envelope, std::string(as_text(record.payload))});
    }
  }

  io::World& world;
  io::MemoryFileSystem files{world};
  HandExecutor executor;
  SeededRandom random;
  Options options = small_options();
  std::unique_ptr<Log> log;
  RecoveryReport report;
  std::vector<Seen> recovered;
  std::vector<Seen> durable;
  std::optional<std::string> poisoned;

  static Options small_options() {
    Options options;
    options.segment_bytes = 64 << 10;
    options.group_bytes_max = 16 << 10;
    options.pool_segments_min = 1;
    options.pool_segments_max = 4;
    return options;
  }
};

}  // namespace stepwell::wal
