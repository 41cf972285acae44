#pragma once

// A byte stream in both directions: a socket, or a pipe in memory. One read and one write may be
// under way at a time. Used from one executor only.

#include <chrono>
#include <memory>
#include <string>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"
#include "engine/base/task.hpp"

namespace stepwell {

class Stream {
 public:
  virtual ~Stream() = default;

  // At least one byte, at most `into.size()`; 0 = the peer has closed its side.
  virtual Task<Result<std::size_t>> read_some(MutableBytes into) = 0;
  // All of it, or an error.
  virtual Task<Result<void>> write_all(Bytes from) = 0;
  // Ends both directions; a read or write under way returns an error (kIo, "closed").
  virtual void close() = 0;
  // Who is on the other side, for messages: "127.0.0.1:40312".
  virtual std::string peer() const = 0;
};

// Opens streams to a fixed address, for clients.
class Connector {
 public:
  virtual ~Connector() = default;
  virtual Task<Result<std::unique_ptr<Stream>>> connect() = 0;
  virtual std::string address() const = 0;
};

}  // namespace stepwell
