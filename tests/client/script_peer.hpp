#pragma once

// A server in memory that follows a script: it keeps streams as DESIGN section 3 says, and on demand
// refuses, forgets, stays away or cuts the line. For tests of whatever sends frames.

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "engine/base/executor.hpp"
#include "engine/io/net/memory_pipe.hpp"
#include "protocol/client/connection.hpp"
#include "protocol/client/frame_stream.hpp"

namespace stepwell::client {

struct PeerStream {
  std::uint64_t next = 1;
  std::map<std::uint64_t, std::string> applied;  // Sequence -> frame.
  std::vector<wire::SkipT> skips;
  std::uint64_t duplicates = 0;
};

class ScriptPeer final : public Connector {
 public:
  explicit ScriptPeer(Executor& executor) : executor_(executor) {}

  // The script.
  bool away = false;                       // Connects are refused.
  std::uint64_t credit = 1 << 20;
  std::map<std::uint64_t, protocol::VerdictCode> verdicts;  // Sequence -> reject, by the fold.
  std::map<std::uint64_t, int> overloads;  // Sequence -> how often it is put off.
  std::map<std::uint64_t, int> errors;     // Sequence -> how often the door answers with an error.
  std::map<std::uint64_t, int> lose;       // Sequence -> how often it vanishes before the fold.
  bool mute = false;                       // Reads, but never acknowledges.
  bool gone = false;
  std::size_t cut_after = 0;               // Bytes after which each connection is cut; 0: never.
  net::PipeOptions pipe;

  // What it has seen.
  std::map<std::pair<RunId, WriterId>, PeerStream> streams;
  unsigned connects = 0;
  unsigned refused = 0;
  unsigned open_connections = 0;

  PeerStream& only_stream() {
    STEPWELL_ASSERT(!streams.empty());
    return streams.begin()->second;
  }
  void cut_all() {
    for (auto& control : controls_) control->cut();
    controls_.clear();
  }

  Task<Result<std::unique_ptr<Stream>>> connect() override {
    if (away) {
      ++refused;
      co_return fail(ErrorKind::kIo, "connection refused");
    }
    ++connects;
    auto made = net::memory_pipe(executor_, executor_, pipe);
    if (cut_after > 0) made.control->cut_after(cut_after);
    controls_.push_back(made.control);
    attach(std::move(made.second));
    co_return std::move(made.first);
  }
  // Serves a connection that came some other way.
  void attach(std::unique_ptr<Stream> stream) { spawn(executor_, serve(std::move(stream))); }
  std::string address() const override { return "script"; }

 private:
  using Frame = protocol::FrameView;
  using Kind = protocol::Kind;
  using Verdict = protocol::VerdictCode;

  Task<void> serve(std::unique_ptr<Stream> stream) {
    ++open_connections;
    FrameStream frames(*stream);
    for (;;) {
      auto reading = frames.next();
      const auto frame = co_await std::move(reading);
      if (!frame || !frame.value()) break;
      const std::string answer = answer_to(*frame.value());
      if (answer.empty()) continue;
      auto writing = stream->write_all(as_bytes(answer));
      if (!co_await std::move(writing)) break;
    }
    --open_connections;
  }

  std::string answer_to(const Frame& frame) {
    switch (frame.header.kind) {
      case Kind::kHello: {
        wire::WelcomeT welcome;
        welcome.version = 1;
        welcome.credit = credit;
        return protocol::make_frame_of(Kind::kWelcome, welcome);
      }
      case Kind::kPing: {
        protocol::FrameHeader pong;
        pong.kind = Kind::kPong;
        return protocol::make_frame(pong, {});
      }
      case Kind::kPositions: {
        auto positions = protocol::decode<wire::PositionsT>(frame.payload()).value();
        for (auto& each : positions.positions) {
          const auto run = protocol::from_wire<RunId>(each.run());
          const auto writer = protocol::from_wire<WriterId>(each.writer());
          const auto known = streams.find({run, writer});
          each = make_position(run, writer, known == streams.end() ? 1 : known->second.next);
        }
        return protocol::make_frame_of(Kind::kPositions, positions);
      }
      default:
        return mute ? std::string() : decide(frame);
    }
  }

  std::string decide(const Frame& frame) {
    const auto& header = frame.header;
    if (take(lose, header.sequence)) return {};
    if (take(errors, header.sequence)) {
      wire::ErrorT error;
      error.kind = static_cast<std::uint8_t>(ErrorKind::kInvalid);
      error.text = "not liked";
      error.position = std::make_unique<wire::Position>(
          make_position(header.run, header.writer, header.sequence));
      return protocol::make_frame_of(Kind::kError, error);
    }
    PeerStream& stream = streams[{header.run, header.writer}];
    wire::AckT ack;
    ack.credit = credit;
    const auto except = [&](Verdict verdict) {
      auto exception = std::make_unique<wire::ExceptionT>();
      exception->position = std::make_unique<wire::Position>(
          make_position(header.run, header.writer, header.sequence));
      exception->verdict = static_cast<std::uint8_t>(verdict);
      exception->expected = stream.next;
      exception->text = "scripted";
      ack.exceptions.push_back(std::move(exception));
    };
    if (gone) {
      except(Verdict::kGone);
    } else if (take(overloads, header.sequence)) {
      except(Verdict::kOverloaded);
    } else if (header.kind == Kind::kSkip) {
      const auto skip = protocol::decode<wire::SkipT>(frame.payload()).value();
      if (skip.from > stream.next) {
        except(Verdict::kGap);
      } else {
        stream.skips.push_back(skip);
        stream.next = std::max(stream.next, skip.to + 1);
      }
    } else if (header.sequence < stream.next) {
      ++stream.duplicates;
      except(Verdict::kDuplicate);
    } else if (header.sequence > stream.next) {
      except(Verdict::kGap);
    } else if (verdicts.contains(header.sequence)) {
      except(verdicts[header.sequence]);
      if (header.sequence > 1) ++stream.next;
    } else {
      stream.applied[header.sequence] = std::string(as_text(frame.bytes));
      ++stream.next;
    }
    ack.decided.push_back(make_position(header.run, header.writer, stream.next - 1));
    return protocol::make_frame_of(Kind::kAck, ack);
  }

  static bool take(std::map<std::uint64_t, int>& counts, std::uint64_t sequence) {
    const auto it = counts.find(sequence);
    if (it == counts.end() || it->second == 0) return false;
    --it->second;
    return true;
  }

  Executor& executor_;
  std::vector<std::shared_ptr<net::PipeControl>> controls_;
};

}  // namespace stepwell::client
