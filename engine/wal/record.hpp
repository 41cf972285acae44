#pragma once

// What the log holds: records, each an envelope and an opaque payload, packed into groups that are
// written and synced as one. A Group is immutable and shared: whoever keeps a GroupPtr may read the
// payloads in place. Payloads start at multiples of 8 bytes in memory.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/base/ids.hpp"

namespace stepwell::wal {

// Through which door a record came in. Persisted: numbers never change.
enum class Door : std::uint8_t { kFrame = 1, kRest = 2, kServer = 3 };

// Whatever needs a clock, stamped before the append. `kind` and `principal` are opaque to the log.
struct Envelope {
  std::uint16_t kind = 0;
  Door door = Door::kFrame;
  std::int64_t arrival_ms = 0;  // Milliseconds since the epoch, UTC.
  std::uint64_t principal = 0;  // Who is asking; 0 while there is no authentication.
};

struct RecordView {
  Lsn lsn;
  Envelope envelope;
  Bytes payload;
};

class Group {
 public:
  Group(std::shared_ptr<const void> memory, std::vector<RecordView> records)
      : memory_(std::move(memory)), records_(std::move(records)) {}
  std::span<const RecordView> records() const { return records_; }
  // LSN of the last record. A group that is handed out has at least one.
  Lsn last_lsn() const { return records_.back().lsn; }

 private:
  std::shared_ptr<const void> memory_;
  std::vector<RecordView> records_;
};

using GroupPtr = std::shared_ptr<const Group>;

}  // namespace stepwell::wal
