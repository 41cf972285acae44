#include "tests/client/script_peer.hpp"

#include <algorithm>

#include "protocol/client/frame_stream.hpp"

namespace stepwell::client {

using protocol::Kind;
using Verdict = protocol::VerdictCode;

namespace {

bool take(std::map<std::uint64_t, int>& counts, std::uint64_t sequence) {
  const auto it = counts.find(sequence);
  if (it == counts.end() || it->second == 0) return false;
  --it->second;
  return true;
}

void tell_holes(const PeerStream& stream, const wire::Position& of, wire::PositionsT& answer) {
  for (const std::uint64_t sequence : stream.holes) {
    const bool joins = !stream.holes.empty() && stream.holes.contains(sequence - 1);
    if (joins) {
      auto& range = answer.skipped.back();
      range = wire::SkippedRange(of.run(), of.writer(), range.from(), sequence);
    } else {
      answer.skipped.emplace_back(of.run(), of.writer(), sequence, sequence);
    }
  }
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> ScriptPeer::connect() {
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

Task<void> ScriptPeer::serve(std::unique_ptr<Stream> stream) {
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

std::string ScriptPeer::answer_to(const Frame& frame) {
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
        const std::uint64_t next = known == streams.end() ? 1 : known->second.next;
        each = make_position(run, writer, next - std::min(next - 1, positions_lag));
        if (known != streams.end()) tell_holes(known->second, each, positions);
      }
      return protocol::make_frame_of(Kind::kPositions, positions);
    }
    default:
      stream_bytes += frame.bytes.size();
      return mute ? std::string() : decide(frame);
  }
}

std::string ScriptPeer::decide(const Frame& frame) {
  const auto& header = frame.header;
  if (take(lose, header.sequence)) return {};
  if (take(errors, header.sequence)) {
    wire::ErrorT error;
    error.kind = static_cast<std::uint8_t>(ErrorKind::kInvalid);
    error.text = "not liked";
    error.position =
        std::make_unique<wire::Position>(make_position(header.run, header.writer, header.sequence));
    return protocol::make_frame_of(Kind::kError, error);
  }
  PeerStream& stream = streams[{header.run, header.writer}];
  wire::AckT ack;
  ack.credit = credit;
  const auto except = [&](Verdict verdict) {
    auto exception = std::make_unique<wire::ExceptionT>();
    exception->position =
        std::make_unique<wire::Position>(make_position(header.run, header.writer, header.sequence));
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
      for (std::uint64_t at = stream.next; at <= skip.to; ++at) stream.holes.insert(at);
      stream.next = std::max(stream.next, skip.to + 1);
    }
  } else if (stream.holes.contains(header.sequence)) {
    if (verdicts.contains(header.sequence)) {
      except(verdicts[header.sequence]);
    } else {
      stream.applied[header.sequence] = std::string(as_text(frame.bytes));
    }
    stream.holes.erase(header.sequence);
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

}  // namespace stepwell::client
