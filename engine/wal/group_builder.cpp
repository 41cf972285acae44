#include "engine/wal/group_builder.hpp"

#include "engine/base/assert.hpp"

namespace stepwell::wal {

bool GroupBuilder::fits(std::uint64_t bytes, std::uint64_t length_max) const {
  const std::uint64_t length = group_.length + bytes;
  return length <= length_max && used_ + align_up(length, kBlock) <= arena_.bytes;
}

void GroupBuilder::open(std::uint64_t segment_first, std::uint64_t position, std::uint64_t bytes) {
  STEPWELL_ASSERT(!open_);
  const std::uint64_t need = align_up(kGroupHeaderBytes + bytes, kBlock);
  if (used_ + need > arena_.bytes) {
    arena_ = arenas_.take(need);
    used_ = 0;
  }
  open_ = true;
  group_ = BuiltGroup{};
  group_.memory = arena_.memory;
  group_.segment_first = segment_first;
  group_.position = position;
  group_.length = kGroupHeaderBytes;
}

Lsn GroupBuilder::add(const Envelope& envelope, std::span<const Bytes> parts,
                      std::uint64_t payload_bytes) {
  std::byte* const record = arena_.memory.get() + used_ + group_.length;
  encode_record_header(envelope, payload_bytes, record);
  std::byte* const payload = record + kRecordHeaderBytes;
  std::byte* to = payload;
  for (const Bytes& part : parts) {
    if (!part.empty()) std::memcpy(to, part.data(), part.size());
    to += part.size();
  }
  std::memset(to, 0, align_up(payload_bytes, 8) - payload_bytes);
  const Lsn lsn{group_.position + group_.length};
  group_.records.push_back({lsn, envelope, Bytes(payload, payload_bytes)});
  group_.length += static_cast<std::uint32_t>(record_bytes(payload_bytes));
  return lsn;
}

BuiltGroup GroupBuilder::finish() {
  STEPWELL_ASSERT(open_);
  open_ = false;
  const std::uint64_t padded = align_up(group_.length, kBlock);
  group_.bytes = MutableBytes(arena_.memory.get() + used_, padded);
  used_ += padded;
  return std::move(group_);
}

}  // namespace stepwell::wal
