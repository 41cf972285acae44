#pragma once

// Where every point of a client is. Always:
//     accepted == queued + dropped + spooled
//     spooled  == acknowledged + rejected + lost + undecided

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/kinds.hpp"

namespace stepwell::client {

struct Account {
  std::uint64_t accepted = 0;      // Points that log() took.
  std::uint64_t queued = 0;        // In memory: what a SIGKILL would lose.
  std::uint64_t spooled = 0;       // Reached the spool.
  std::uint64_t acknowledged = 0;  // Of the spooled ones: durable on the server.
  std::uint64_t rejected = 0;      // Of the spooled ones: refused by the server, kept in rejected/.
  std::uint64_t lost = 0;          // Of the spooled ones: known to be gone from the spool unsent.
  std::uint64_t undecided = 0;  // Of the spooled ones: lie in the spool, the server has yet to say.
  std::uint64_t dropped = 0;    // The queue was full; declared to the server as a skip.
  std::uint64_t invalid = 0;    // Points whose key breaks a rule: never accepted.

  std::uint64_t frames_spooled = 0;
  std::uint64_t frames_acknowledged = 0;
  std::uint64_t frames_rejected = 0;
  std::uint64_t frames_sent = 0;
  std::uint64_t commands_dropped = 0;  // Params, tags or end: the queue was far too full.

  std::uint64_t queued_bytes = 0;
  std::uint64_t spool_bytes = 0;
  std::uint64_t connects = 0;
  bool connected = false;
  std::string last_error;              // Of the spool or the connection; empty if it is well.
  std::optional<std::string> stopped;  // Why nothing is sent any more; the spool is kept.
};

struct RejectedFrame {
  std::uint64_t sequence = 0;
  protocol::Kind kind{};
  protocol::VerdictCode verdict{};
  std::string text;
  std::uint64_t points = 0;
  std::string path;  // Of the copy; empty if it could not be written.
};

// At most so many rejected frames are kept as files and listed; the rest is only counted.
inline constexpr std::size_t kRejectedKeptMax = 1000;

}  // namespace stepwell::client
