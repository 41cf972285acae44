#include "engine/http/heads.hpp"

namespace stepwell::http {

std::string make_head(const Response& response, const Framing& framing) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_of(response.status));
  const auto add = [&](std::string_view name, std::string_view value) {
    head += name;
    head += ": ";
    head += value;
    head += "\r\n";
  };
  if (!response.content_type.empty()) add("Content-Type", response.content_type);
  for (const Header& header : response.headers) add(header.name, header.value);
  if (framing.encoding != Encoding::kIdentity) {
    add("Content-Encoding", to_string(framing.encoding));
    add("Vary", "Accept-Encoding");
  }
  if (framing.length) add("Content-Length", fmt::format("{}", *framing.length));
  if (framing.chunked) add("Transfer-Encoding", "chunked");
  add("Connection", framing.keep_alive ? "keep-alive" : "close");
  // No page of others may show what is served here, nor guess what it is.
  add("X-Content-Type-Options", "nosniff");
  add("X-Frame-Options", "SAMEORIGIN");
  if (!framing.request_id.empty()) add("X-Request-Id", framing.request_id);
  head += "\r\n";
  return head;
}

std::string make_chunk(std::string_view piece) {
  if (piece.empty()) return {};
  return fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
}

}  // namespace stepwell::http
