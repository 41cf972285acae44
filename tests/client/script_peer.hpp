#pragma once

// A server in memory that follows a script: it keeps streams as DESIGN section 3 says, and on
// demand refuses, forgets, stays away or cuts the line. For tests of whatever sends frames.

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "engine/base/executor.hpp"
#include "engine/base/spawn.hpp"
#include "engine/io/net/memory_pipe.hpp"
#include "protocol/client/connection.hpp"

namespace stepwell::client {

struct PeerStream {
  std::uint64_t next = 1;
  std::map<std::uint64_t, std::string> applied;  // Sequence -> frame.
  std::vector<wire::SkipT> skips;
  std::set<std::uint64_t> holes;  // Skipped, and not filled since.
  std::uint64_t duplicates = 0;
};

class ScriptPeer final : public Connector {
 public:
  explicit ScriptPeer(Executor& executor) : executor_(executor) {}

  // The script.
  bool away = false;  // Connects are refused.
  std::uint64_t credit = 1 << 20;
  std::map<std::uint64_t, protocol::VerdictCode> verdicts;  // Sequence -> reject, by the fold.
  std::map<std::uint64_t, int> overloads;                   // Sequence -> how often it is put off.
  std::map<std::uint64_t, int> errors;  // Sequence -> how often the door answers with an error.
  std::map<std::uint64_t, int> lose;    // Sequence -> how often it vanishes before the fold.
  std::uint64_t positions_lag = 0;      // Positions tell of so many frames too few.
  bool mute = false;                    // Reads, but never acknowledges.
  bool gone = false;
  std::size_t cut_after = 0;  // Bytes after which each connection is cut; 0: never.
  net::PipeOptions pipe;

  // What it has seen.
  std::map<std::pair<RunId, WriterId>, PeerStream> streams;
  unsigned connects = 0;
  unsigned refused = 0;
  std::uint64_t stream_bytes = 0;  // Of frames that need credit.
  unsigned open_connections = 0;

  PeerStream& only_stream() {
    STEPWELL_ASSERT(!streams.empty());
    return streams.begin()->second;
  }
  void cut_all() {
    for (auto& control : controls_) control->cut();
    controls_.clear();
  }

  Task<Result<std::unique_ptr<Stream>>> connect() override;
  // Serves a connection that came some other way.
  void attach(std::unique_ptr<Stream> stream) { spawn(executor_, serve(std::move(stream))); }
  std::string address() const override { return "script"; }

 private:
  using Frame = protocol::FrameView;

  Task<void> serve(std::unique_ptr<Stream> stream);
  std::string answer_to(const Frame& frame);
  std::string decide(const Frame& frame);

  Executor& executor_;
  std::vector<std::shared_ptr<net::PipeControl>> controls_;
};

}  // namespace stepwell::client
