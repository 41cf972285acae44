#pragma once

// gzip or deflate of an answer, whole or in pieces, by zlib.

#include <memory>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace stepwell::http {

enum class Encoding { kIdentity, kGzip, kDeflate };

// The best of what an Accept-Encoding header names; one with q=0 is not wanted.
Encoding choose_encoding(std::string_view accept_encoding);
std::string_view to_string(Encoding encoding);

class Compressor {
 public:
  // Not kIdentity. kOverloaded: there is no memory for it.
  static Result<Compressor> open(Encoding encoding);
  ~Compressor();
  Compressor(Compressor&&) noexcept;
  Compressor& operator=(Compressor&&) noexcept;

  // What came of it so far; with `last` the rest.
  std::string add(std::string_view bytes, bool last);

 private:
  struct State;
  explicit Compressor(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace stepwell::http
