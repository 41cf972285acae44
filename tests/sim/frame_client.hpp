#pragma once

// A client at the frame level, with everything that may happen to one: its frames are under way for
// a while, connections are cut with all that is in them, it comes back and asks where the server
// stands, or does not ask and sends again what was never acknowledged, or everything.

#include <functional>
#include <map>
#include <vector>

#include "engine/base/hand_executor.hpp"
#include "tests/sim/command.hpp"

namespace stepwell::sim {

struct FrameAnswer {
  protocol::VerdictCode code = protocol::VerdictCode::kApplied;
  std::uint64_t expected = 0;
};

class FrameClient {
 public:
  // Frames arrive at `deliver(client's frame)` if the server is up; the answer comes by answer().
  using Deliver = std::function<void(FrameClient& from, std::uint64_t connection, std::size_t at)>;
  // The server's next expected sequence; nothing while it is down.
  using Ask = std::function<std::optional<std::uint64_t>(const Command& of)>;

  // stream[i] has sequence i + 1.
  FrameClient(HandExecutor& network, std::uint64_t seed, std::vector<Command> stream,
              Deliver deliver, Ask ask);

  void cut();
  void answer(std::uint64_t connection, std::size_t at, const FrameAnswer& answer);
  // Its run may be purged: then the server has forgotten it, and it ends.
  void doom() { doomed_ = true; }
  bool done() const { return gone_ || acknowledged_ == stream_.size(); }
  const Command& frame(std::size_t at) const { return stream_[at]; }
  std::size_t acknowledged() const { return acknowledged_; }
  std::uint64_t resent() const { return resent_; }

 private:
  void connect();
  void pump();
  void take(std::uint64_t connection, std::size_t at, const FrameAnswer& answer);
  // One after the other within a connection, whatever the delays.
  Instant arrival(Instant& last);

  static constexpr std::size_t kWindow = 6;

  HandExecutor& network_;
  SeededRandom random_;
  const std::vector<Command> stream_;
  const Deliver deliver_;
  const Ask ask_;
  std::uint64_t connection_ = 0;
  bool connected_ = false;
  bool doomed_ = false, gone_ = false;
  Instant last_there_{0}, last_back_{0};
  std::size_t next_ = 0;
  std::size_t in_flight_ = 0;
  std::size_t acknowledged_ = 0;
  std::size_t sent_up_to_ = 0;
  std::uint64_t resent_ = 0;
};

}  // namespace stepwell::sim
