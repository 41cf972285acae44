#include "tools/load/load_connection.hpp"

#include <algorithm>

namespace stepwell::tools {

using protocol::Kind;
using protocol::VerdictCode;

namespace {

constexpr std::uint64_t kUnsentBytesMax = 4 << 20;
constexpr Instant kUnsentWait = std::chrono::microseconds(200);
constexpr Instant kOverloadWait = milliseconds(5);
constexpr Instant kLookAgain = milliseconds(50);
constexpr Instant kPositionsWait = std::chrono::seconds(10);
constexpr Instant kBackoffMin = milliseconds(20);
constexpr Instant kBackoffMax = milliseconds(500);

}  // namespace

LoadConnection::LoadConnection(Executor& executor, Connector& connector, Profile& profile,
                               const LoadSettings& settings, JournalWriter* journal,
                               LoadTotals& totals, unsigned index)
    : executor_(executor),
      connector_(connector),
      profile_(profile),
      settings_(settings),
      journal_(journal),
      totals_(totals),
      signal_(executor),
      chance_(profile.seed() ^ index),
      next_stream_(index) {}

LoadConnection::~LoadConnection() = default;

void LoadConnection::stop() {
  stopping_ = true;
  signal_.ring();
}

void LoadConnection::abandon() {
  abandoned_ = true;
  if (connection_) connection_->close();
  signal_.ring();
}

bool LoadConnection::done() const {
  if (abandoned_ || streams_.empty()) return true;
  return stopping_ && all_answered();
}

bool LoadConnection::all_answered() const {
  return std::ranges::all_of(streams_, [](const Stream& s) { return s.acknowledged >= s.sent; });
}

Task<void> LoadConnection::run() {
  Instant backoff = kBackoffMin;
  take_streams();
  while (!done()) {
    auto serving = session();
    const auto served = co_await std::move(serving);
    if (std::exchange(connected_, false)) {
      backoff = kBackoffMin;
      if (!served) ++totals_.reconnects;
    }
    connection_.reset();
    if (served || abandoned_) break;
    totals_.last_error = served.error().text;
    auto waiting = signal_.wait(
        backoff / 2 + Instant(chance_.below(static_cast<std::uint64_t>(backoff.count()))));
    co_await waiting;
    backoff = std::min(backoff * 2, kBackoffMax);
  }
  finished_ = true;
}

void LoadConnection::take_streams() {
  while (!stopping_ && streams_.size() < profile_.info().streams_at_once &&
         (settings_.streams_max == 0 || next_stream_ < settings_.streams_max)) {
    Stream stream;
    stream.number = next_stream_;
    stream.length = profile_.length(next_stream_);
    stream.run = profile_.run(next_stream_);
    stream.writer = profile_.writer(next_stream_);
    streams_.push_back(std::move(stream));
    next_stream_ += settings_.connections;
  }
}

Task<Result<void>> LoadConnection::session() {
  client::ConnectionOptions options;
  options.client = "stepwell-load " STEPWELL_VERSION;
  client::ConnectionEvents events;
  events.on_ack = [this](const wire::AckT& ack) { on_ack(ack); };
  events.on_positions = [this](const wire::PositionsT& positions) { on_positions(positions); };
  events.on_error = [this](const wire::ErrorT& error) { totals_.last_error = error.text; };
  events.on_closed = [this](const Error& error) {
    totals_.last_error = error.text;
    signal_.ring();
  };
  auto opening = client::Connection::open(executor_, connector_, options, std::move(events));
  CO_TRY(connection_, co_await std::move(opening));
  ++totals_.connects;

  std::vector<wire::Position> question;
  for (const Stream& stream : streams_) {
    question.push_back(client::make_position(stream.run, stream.writer, 0));
  }
  positions_missing_ = question.size();
  connection_->ask_positions(question);
  const Instant deadline = executor_.now() + kPositionsWait;
  while (positions_missing_ > 0 && !connection_->failed() && executor_.now() < deadline) {
    auto ring = signal_.wait(kLookAgain);
    co_await ring;
  }
  if (connection_->failed() || positions_missing_ > 0) {
    co_return fail(ErrorKind::kIo, "no positions from {}: {}", connector_.address(),
                   totals_.last_error);
  }
  connected_ = true;
  rate_start_ = executor_.now();
  rate_frames_ = 0;
  while (!done() && !connection_->failed()) {
    send_some();
    const Instant wait =
        connection_->unsent_bytes() >= kUnsentBytesMax || settings_.frames_per_second > 0
            ? kUnsentWait
            : kLookAgain;
    auto ring = signal_.wait(wait);
    co_await ring;
    retire_finished();
  }
  if (connection_->failed() && !done()) co_return fail(ErrorKind::kIo, "{}", totals_.last_error);
  co_return ok();
}

void LoadConnection::on_positions(const wire::PositionsT& positions) {
  for (const wire::Position& position : positions.positions) {
    Stream* stream = find(position);
    if (!stream || positions_missing_ == 0) continue;
    --positions_missing_;
    const std::uint64_t next = std::max<std::uint64_t>(position.sequence(), 1);
    if (next <= stream->acknowledged) {
      // The server went back behind what it had acknowledged. The load goes on, and tells.
      ++totals_.lost;
      stream->acknowledged = next - 1;
    }
    decide(*stream, next - 1);  // Applied, though the ack was lost with the connection.
    in_flight_ -= stream->in_flight.size();
    stream->in_flight.clear();
    stream->rewind.reset();
    stream->next = next;
    if (settings_.bursts) prepare_again(*stream, next);
  }
  if (journal_) {
    if (const auto done = journal_->flush(); !done) totals_.last_error = done.error().text;
  }
  retire_finished();
  signal_.ring();
}

void LoadConnection::retire_finished() {
  const auto finished = std::erase_if(streams_, [](const Stream& stream) {
    return stream.acknowledged >= stream.length && stream.in_flight.empty();
  });
  if (finished == 0) return;
  totals_.streams_finished += finished;
  take_streams();  // Their positions are 1: a new stream begins with its open.
  turn_ = 0;
}

LoadConnection::Stream* LoadConnection::find(const wire::Position& position) {
  const auto writer = protocol::from_wire<WriterId>(position.writer());
  const auto it = std::ranges::find(streams_, writer, &Stream::writer);
  return it == streams_.end() ? nullptr : &*it;
}

void LoadConnection::on_ack(const wire::AckT& ack) {
  for (const auto& exception : ack.exceptions) {
    if (exception->position) on_exception(*exception);
  }
  if (journal_) {
    for (const wire::FirstStep& first : ack.first_steps) {
      const Stream* stream = find(first.position());
      if (stream) journal_->first_step(stream->number, first.position().sequence(), first.step());
    }
  }
  for (const wire::Position& position : ack.decided) {
    if (Stream* stream = find(position)) decide(*stream, position.sequence());
  }
  if (journal_) {
    if (const auto done = journal_->flush(); !done) totals_.last_error = done.error().text;
  }
  signal_.ring();
}

void LoadConnection::on_exception(const wire::ExceptionT& exception) {
  const std::uint64_t sequence = exception.position->sequence();
  const auto code = static_cast<VerdictCode>(exception.verdict);
  Stream* stream = find(*exception.position);
  if (code == VerdictCode::kDuplicate) {
    ++totals_.duplicates;
  } else if (protocol::is_reject(code) && sequence > 1) {
    if (!stream || sequence <= stream->acknowledged) return;  // Said before.
    ++totals_.rejected;
    if (journal_) journal_->verdict(stream->number, sequence, code);
  } else if (stream) {
    totals_.last_error = exception.text;
    ++totals_.refused;
    const bool gap = code == VerdictCode::kGap;
    if (!gap) hold_until_ = executor_.now() + kOverloadWait;
    refuse(*stream, gap && exception.expected > 0 ? exception.expected : sequence, sequence);
  }
}

// Everything from `from` on that is in flight up to `sequence` is not decided; it is sent again.
void LoadConnection::refuse(Stream& stream, std::uint64_t from, std::uint64_t sequence) {
  in_flight_ -= std::erase_if(stream.in_flight, [&](const InFlight& frame) {
    return frame.sequence >= from && frame.sequence <= sequence;
  });
  const std::uint64_t again = std::max(std::min(from, sequence), stream.acknowledged + 1);
  stream.rewind = stream.rewind ? std::min(*stream.rewind, again) : again;
}

void LoadConnection::decide(Stream& stream, std::uint64_t up_to) {
  const Instant now = executor_.now();
  while (!stream.in_flight.empty() && stream.in_flight.front().sequence <= up_to) {
    const InFlight& frame = stream.in_flight.front();
    if (frame.sequence > stream.acknowledged) {
      ++totals_.frames_acknowledged;
      totals_.points_acknowledged += frame.points;
      totals_.bytes_acknowledged += frame.bytes;
      totals_.latency.add(now - frame.sent);
    }
    stream.in_flight.pop_front();
    --in_flight_;
  }
  if (up_to <= stream.acknowledged) return;
  stream.acknowledged = up_to;
  if (journal_) journal_->acknowledged(stream.number, up_to);
}

}  // namespace stepwell::tools
