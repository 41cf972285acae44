#pragma once

// Limits of the REST door: nothing that a client does makes it wait for ever or grow without bound.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/clock.hpp"

namespace stepwell::http {

struct Options {
  std::size_t header_bytes_max = 32 << 10;       // Request line and header fields together.
  std::size_t headers_max = 100;                 // Header fields of a request.
  std::size_t body_bytes_max = 16 << 20;         // Of a request; a frame holds no more either.
  std::uint64_t all_body_bytes_max = 256 << 20;  // Of requests that are being read or answered.
  std::uint64_t search_bytes_max = 256 << 20;    // Columns kept between searches.
  std::size_t json_depth_max = 32;
  std::size_t json_values_max = 1 << 20;  // Numbers, texts, lists and objects of a request.

  Instant head_timeout =
      std::chrono::seconds(10);  // From a request's first byte to its head's end.
  Instant body_timeout = std::chrono::seconds(120);  // From there to the body's end.
  Instant idle_timeout = std::chrono::seconds(300);  // Between an answer and the next request.
  Instant write_timeout = std::chrono::seconds(60);  // A client that does not read its answer.

  // Answers from here on are compressed for clients that take it; 0: none is.
  std::size_t compress_bytes_min = 64 << 10;
  // What a client is told to wait for before it tries again, where it was not served.
  unsigned retry_after_s = 1;

  // Names of this server beside loopback and private addresses: `*` any, `*.lan` by suffix.
  std::vector<std::string> allowed_hosts;
  // Relative artifact locations are below it.
  std::string working_directory = "/";
};

}  // namespace stepwell::http
