#include "protocol/client/frame_stream.hpp"

#include <algorithm>

namespace stepwell::client {
namespace {

constexpr std::size_t kBufferBytesMin = 16 << 10;

}  // namespace

Task<Result<bool>> FrameStream::fill(std::size_t count) {
  if (begin_ + count > buffer_.size() * 8) {
    std::vector<std::uint64_t> larger(std::max(count, kBufferBytesMin) / 8 + 1);
    if (begin_ == 0 || count > buffer_.size() * 8) {
      if (end_ > begin_) {
        const auto* bytes = reinterpret_cast<const std::byte*>(buffer_.data());
        std::memcpy(larger.data(), bytes + begin_, end_ - begin_);
      }
      buffer_.swap(larger);
    } else {
      auto* bytes = reinterpret_cast<std::byte*>(buffer_.data());
      std::memmove(bytes, bytes + begin_, end_ - begin_);
    }
    end_ -= begin_;
    begin_ = 0;
  }
  while (end_ - begin_ < count) {
    const MutableBytes all = std::as_writable_bytes(std::span(buffer_));
    auto reading = stream_.read_some(all.subspan(end_));
    CO_TRY(const std::size_t got, co_await std::move(reading));
    if (got == 0) co_return false;
    end_ += got;
  }
  co_return true;
}

Task<Result<std::optional<protocol::FrameView>>> FrameStream::next() {
  using protocol::FrameHeader;
  auto head = fill(sizeof(FrameHeader));
  CO_TRY(const bool has_header, co_await std::move(head));
  if (!has_header) {
    if (end_ == begin_) co_return std::optional<protocol::FrameView>();
    co_return fail(ErrorKind::kIo, "connection closed within a frame");
  }
  const auto bytes_at_begin = [&] {
    return Bytes(std::as_bytes(std::span(buffer_))).subspan(begin_, end_ - begin_);
  };
  CO_TRY(const FrameHeader header, protocol::read_header(bytes_at_begin()));
  if (header.frame_bytes() > frame_bytes_max_) {
    co_return fail(ErrorKind::kInvalid, "frame of {} bytes, expected at most {}",
                   header.frame_bytes(), frame_bytes_max_);
  }
  auto rest = fill(header.frame_bytes());
  CO_TRY(const bool has_payload, co_await std::move(rest));
  if (!has_payload) co_return fail(ErrorKind::kIo, "connection closed within a frame");
  const Bytes whole = bytes_at_begin().first(header.frame_bytes());
  CO_TRY(protocol::check_payload(header, whole.subspan(sizeof header)));
  begin_ += header.frame_bytes();
  co_return std::optional(protocol::FrameView{header, whole});
}

}  // namespace stepwell::client
