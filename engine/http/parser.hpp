#pragma once

// HTTP/1.1 requests from bytes, by Boost.Beast's parser, which does no I/O. One Parser reads one
// request. The only header of ours behind which Beast is included.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/http/options.hpp"
#include "engine/http/request.hpp"

namespace stepwell::http {

// Why a request is refused before anybody looks at what it asks for. The connection ends with it.
struct Refusal {
  int status = 400;
  std::string text;
};

class Parser {
 public:
  explicit Parser(const Options& options);
  ~Parser();
  Parser(Parser&&) noexcept;
  Parser& operator=(Parser&&) noexcept;

  // Takes what it can from the start of `bytes` and says how much. What is left comes again, with
  // more behind it: of a head nothing is taken before all of it is there.
  std::size_t put(std::string_view bytes);
  // Once there is one, nothing more is taken.
  const std::optional<Refusal>& refusal() const;

  bool head_done() const;
  bool done() const;
  // The head is there, and the client waits for leave to send the body.
  bool expects_continue() const;
  std::size_t body_bytes() const;
  // The request, once it is done.
  Request take();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stepwell::http
