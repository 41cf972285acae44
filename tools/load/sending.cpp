// The sending half of a load's connection.

#include <algorithm>

#include "protocol/schema/batch_generated.h"
#include "tools/load/load_connection.hpp"

namespace stepwell::tools {
namespace {

constexpr std::uint64_t kUnsentBytesMax = 4 << 20;
constexpr std::size_t kFramesATurn = 4096;

}  // namespace

std::uint64_t points_of_frame(const Profile& profile, std::uint64_t stream, std::uint64_t sequence,
                              std::string_view frame) {
  if (profile.kind(stream, sequence) != protocol::Kind::kBatch) return 0;
  const auto payload = as_bytes(frame).subspan(sizeof(protocol::FrameHeader));
  std::uint64_t points = 0;
  for (const wire::Block* block : *flatbuffers::GetRoot<wire::Batch>(payload.data())->blocks()) {
    points +=
        block->key_index() ? block->points() : std::uint64_t{block->points()} * block->key_count();
  }
  return points;
}

void LoadConnection::send_some() {
  if (executor_.now() < hold_until_) return;
  for (std::size_t sent = 0; sent < kFramesATurn; ++sent) {
    if (connection_->unsent_bytes() >= kUnsentBytesMax || !may_send_now()) break;
    if (!(settings_.bursts ? send_prepared() : send_one())) break;
  }
  // The bytes leave in a later turn: each batch is in the journal before it is sent.
  if (!journal_) return;
  if (const auto done = journal_->flush(); !done) totals_.last_error = done.error().text;
}

bool LoadConnection::may_send_now() {
  if (stopping_ || settings_.frames_per_second <= 0) return true;
  const std::chrono::duration<double> passed = executor_.now() - rate_start_;
  return static_cast<double>(rate_frames_) < passed.count() * settings_.frames_per_second;
}

bool LoadConnection::send_one() {
  for (std::size_t tried = 0; tried < streams_.size(); ++tried) {
    Stream& stream = streams_[turn_++ % streams_.size()];
    if (stream.rewind && stream.in_flight.empty()) {
      stream.next = *stream.rewind;
      stream.rewind.reset();
    }
    stream.next = std::max(stream.next, stream.acknowledged + 1);  // Sent by an earlier load.
    if (stream.rewind || stream.next > stream.length) continue;
    if (stopping_ && stream.next > stream.sent) continue;
    if (!send_frame(stream, stream.next, profile_.frame(stream.number, stream.next))) return false;
    ++stream.next;
    resend_something();
    return true;
  }
  return false;
}

bool LoadConnection::send_prepared() {
  for (Stream& stream : streams_) {
    if (stream.rewind && stream.in_flight.empty())
      prepare_again(stream, *std::exchange(stream.rewind, {}));
  }
  if (prepared_.empty() || !allowed_) return false;
  Prepared& frame = prepared_.front();
  if (!send_frame(streams_[frame.stream], frame.sequence, frame.frame)) return false;
  prepared_.pop_front();
  return true;
}

bool LoadConnection::send_frame(Stream& stream, std::uint64_t sequence, std::string_view frame) {
  if (!connection_->try_send(frame)) return false;
  if (journal_) journal_->sent(stream.number, sequence);
  const auto points = points_of_frame(profile_, stream.number, sequence, frame);
  stream.in_flight.push_back({sequence, static_cast<std::uint32_t>(frame.size()),
                              static_cast<std::uint32_t>(points), executor_.now()});
  stream.sent = std::max(stream.sent, sequence);
  ++in_flight_;
  ++totals_.frames_sent;
  ++rate_frames_;
  return true;
}

// A frame that was decided long ago comes again; its answer changes nothing here.
void LoadConnection::resend_something() {
  const unsigned one_in = profile_.info().resend_one_in;
  if (one_in == 0 || !chance_.one_in(one_in)) return;
  const Stream& stream = streams_[chance_.below(streams_.size())];
  if (stream.acknowledged == 0) return;
  const std::uint64_t sequence = 1 + chance_.below(stream.acknowledged);
  if (connection_->try_send(profile_.frame(stream.number, sequence))) ++totals_.frames_sent;
}

void LoadConnection::prepare(std::uint64_t frames) {
  allowed_ = false;
  retire_finished();
  while (frames > 0 && !streams_.empty()) {
    const std::size_t at = turn_ % streams_.size();
    Stream& stream = streams_[at];
    if (stream.next > stream.length) {  // Its last frames are in flight still.
      if (std::ranges::all_of(streams_, [](const Stream& s) { return s.next > s.length; })) return;
      ++turn_;
      continue;
    }
    prepared_.push_back({at, stream.next, std::string(profile_.frame(stream.number, stream.next))});
    ++stream.next;
    ++turn_;
    --frames;
  }
}

// What a stream has sent or made ready from here on goes to the front, in order.
void LoadConnection::prepare_again(Stream& stream, std::uint64_t from) {
  const auto at = static_cast<std::size_t>(&stream - streams_.data());
  std::erase_if(prepared_, [&](const Prepared& frame) { return frame.stream == at; });
  for (std::uint64_t s = std::max(stream.next, stream.sent + 1) - 1; s >= from; --s) {
    prepared_.push_front({at, s, std::string(profile_.frame(stream.number, s))});
  }
  stream.next = std::max(stream.next, stream.sent + 1);
}

void LoadConnection::allow() {
  allowed_ = true;
  signal_.ring();
}

}  // namespace stepwell::tools
