#include "engine/wal/segment_reader.hpp"

#include <algorithm>

namespace stepwell::wal {

Result<std::unique_ptr<SegmentReader>> SegmentReader::open(io::FileSystem& files,
                                                           const std::string& path,
                                                           ArenaPool& arenas) {
  TRY(auto file, files.open(path, io::OpenMode::kReadDirect));
  TRY(const std::uint64_t file_bytes, file->size());
  std::unique_ptr<SegmentReader> reader(new SegmentReader(std::move(file), file_bytes, arenas));
  const ArenaPool::Arena block = arenas.take(kBlock);
  TRY(const std::size_t n, reader->file_->read_at({block.memory.get(), kBlock}, 0));
  const Bytes bytes(block.memory.get(), n);
  reader->header_ = decode_segment_header(bytes, reader->header_damage_);
  reader->header_is_zero_ =
      std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
  return reader;
}

Result<Bytes> SegmentReader::bytes_at(std::uint64_t offset, std::uint64_t bytes) {
  if (offset >= file_bytes_) return Bytes();
  bytes = std::min(bytes, file_bytes_ - offset);
  if (offset < chunk_offset_ || offset + bytes > chunk_offset_ + chunk_bytes_) {
    const ArenaPool::Arena fresh = arenas_.take(bytes);
    std::uint64_t kept = 0;
    if (offset >= chunk_offset_ && offset < chunk_offset_ + chunk_bytes_) {
      // The head of a group that the old chunk cut off.
      kept = chunk_offset_ + chunk_bytes_ - offset;
      std::memcpy(fresh.memory.get(), chunk_.memory.get() + (offset - chunk_offset_), kept);
    }
    const std::uint64_t want = std::min(fresh.bytes, align_up(file_bytes_ - offset, kBlock));
    TRY(const std::size_t n,
        file_->read_at({fresh.memory.get() + kept, want - kept}, offset + kept));
    chunk_ = fresh;
    chunk_offset_ = offset;
    chunk_bytes_ = std::min(kept + n, file_bytes_ - offset);
    bytes = std::min(bytes, chunk_bytes_);
  }
  return Bytes(chunk_.memory.get() + (offset - chunk_offset_), bytes);
}

std::uint64_t SegmentReader::usable_bytes() const {
  return std::min(file_bytes_, header_->segment_bytes);
}

Result<std::optional<ScannedGroup>> SegmentReader::group_at(std::uint64_t offset) {
  if (!header_ || offset < kBlock || offset >= usable_bytes()) return std::nullopt;
  TRY(const Bytes head, bytes_at(offset, kGroupHeaderBytes));
  const auto header = peek_group(head, place_of(offset), usable_bytes() - offset);
  if (!header) return std::nullopt;
  TRY(const Bytes bytes, bytes_at(offset, header->length));
  if (bytes.size() < header->length || !group_hash_holds(*header, bytes)) return std::nullopt;
  auto records = decode_records(*header, bytes);
  if (!records) return std::nullopt;
  ScannedGroup scanned{offset, *header, nullptr};
  if (!records->empty()) {
    scanned.group = std::make_shared<const Group>(chunk_.memory, std::move(*records));
  }
  return scanned;
}

Result<std::optional<ScannedGroup>> SegmentReader::find_group(std::uint64_t offset) {
  if (!header_) return std::nullopt;
  for (offset = align_up(offset, kBlock); offset < usable_bytes(); offset += kBlock) {
    TRY(auto group, group_at(offset));
    if (group) return group;
  }
  return std::nullopt;
}

GroupPlace SegmentReader::place_of(std::uint64_t offset) const {
  return {header_->log_id, header_->incarnation, header_->first_position + offset};
}

Result<std::optional<GroupPlace>> SegmentReader::place_at(std::uint64_t offset,
                                                          std::uint64_t first_position) {
  TRY(const Bytes head, bytes_at(offset, kGroupHeaderBytes));
  if (head.size() < kGroupHeaderBytes) return std::nullopt;
  const GroupPlace claimed = claimed_place(head);
  if (claimed.position != first_position + offset) return std::nullopt;
  const auto header = peek_group(head, claimed, file_bytes_ - offset);
  if (!header) return std::nullopt;
  TRY(const Bytes bytes, bytes_at(offset, header->length));
  if (bytes.size() < header->length || !group_hash_holds(*header, bytes)) return std::nullopt;
  return claimed;
}

Result<bool> SegmentReader::has_trace_at(std::uint64_t offset) {
  if (!header_) return false;
  TRY(const Bytes head, bytes_at(offset, kGroupHeaderBytes));
  return peek_group(head, place_of(offset), header_->segment_bytes).has_value();
}

}  // namespace stepwell::wal
