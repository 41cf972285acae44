#pragma once

// The bytes in front of and around an answer's body.

#include <cstdint>
#include <optional>
#include <string>

#include "engine/http/compressor.hpp"
#include "engine/http/response.hpp"

namespace stepwell::http {

struct Framing {
  bool keep_alive = true;
  Encoding encoding = Encoding::kIdentity;
  std::optional<std::uint64_t> length;  // None: chunks, or for HTTP/1.0 until the connection ends.
  bool chunked = false;
  std::string_view request_id;
};

// Status line and headers, with those that every answer has.
std::string make_head(const Response& response, const Framing& framing);

// A piece as one chunk. An empty one would be the end, and gives nothing.
std::string make_chunk(std::string_view piece);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace stepwell::http
