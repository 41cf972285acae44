#pragma once

// An answer: a body, or a source of pieces for one that is too large to be held at once.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/http/request.hpp"

namespace stepwell::http {

struct Piece {
  std::string bytes;
  bool last = true;
};

// Worked out piece by piece on the query executor, each when the one before is on its way.
class Source {
 public:
  virtual ~Source() = default;
  // Until the piece that says it is the last. An error of the first piece is told as such; a later
  // one cuts the answer off, which clients see.
  virtual Result<Piece> next() = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<Header> headers;
  std::string body;
  std::unique_ptr<Source> source;  // Instead of the body.
};

Response json_response(std::string body);
Response text_response(int status, std::string_view text);
Response source_response(std::unique_ptr<Source> source);

// An error in MLflow's words and numbers. kOverloaded is 429 with Retry-After: clients try all
// their calls again on that, and not on 503.
Response error_response(const Error& error, unsigned retry_after_s = 1);
Response error_response(int status, std::string_view code, std::string_view message);

std::string_view reason_of(int status);

}  // namespace stepwell::http
