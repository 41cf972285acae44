// The reading half of a session: positions, lists, runs and histories, worked out on the query
// executor from short snapshots.

#include "engine/ingest/session.hpp"

#include <deque>

#include "engine/tracking/history.hpp"
#include "protocol/limits.hpp"
#include "protocol/run_parts.hpp"

namespace stepwell::ingest {
namespace {

using protocol::FrameHeader;
using protocol::FrameView;
using protocol::Kind;

std::string answer_frame(Kind kind, std::uint64_t question, std::string_view payload) {
  FrameHeader header;
  header.kind = kind;
  header.sequence = question;
  return protocol::make_frame(header, payload);
}

// One question whose answer is one message.
template <typename Question, typename Answer>
Result<std::string> answer_with(const FrameView& frame, Kind kind, const Answer& answer) {
  TRY(const auto question, protocol::decode<Question>(frame.payload()));
  TRY(const auto message, answer(question));
  std::string bytes = answer_frame(kind, frame.header.sequence, protocol::encode(message));
  if (bytes.size() > protocol::kFrameBytesMax) {
    return fail(ErrorKind::kOverloaded, "the answer has {} bytes, a frame at most {}", bytes.size(),
                protocol::kFrameBytesMax);
  }
  return bytes;
}

// The frames of an answer, all from one snapshot.
using Frames = std::deque<std::string>;

Result<Frames> answer_with_run(const tracking::View& view, const FrameView& frame) {
  TRY(const auto asked, protocol::decode<wire::GetRunT>(frame.payload()));
  const RunId id = asked.run ? protocol::from_wire<RunId>(*asked.run) : RunId{};
  TRY(auto run, view.run(id));
  if (!run) return fail(ErrorKind::kNotFound, "run {} does not exist", id.hex());
  Frames frames;
  for (const std::string& part : protocol::split_run(std::move(*run))) {
    frames.push_back(answer_frame(Kind::kRun, frame.header.sequence, part));
  }
  frames.push_back(done_frame(frame.header.sequence, ok(), 0));
  return frames;
}

Result<std::string> answer_in_one(const tracking::View& view, const FrameView& frame) {
  switch (frame.header.kind) {
    case Kind::kPositions:
      return answer_with<wire::PositionsT>(
          frame, Kind::kPositions, [&](const wire::PositionsT& asked) -> Result<wire::PositionsT> {
            if (asked.positions.size() > protocol::kPositionsMax) {
              return fail(ErrorKind::kInvalid, "{} positions asked for, at most {}",
                          asked.positions.size(), protocol::kPositionsMax);
            }
            return view.positions(asked);
          });
    case Kind::kListExperiments:
      return answer_with<wire::ListExperimentsT>(frame, Kind::kExperiments, [&](const auto& asked) {
        return view.list_experiments(asked);
      });
    case Kind::kRunStorage:
      return answer_with<wire::RunStorageT>(frame, Kind::kRunStorageData, [&](const auto& asked) {
        return view.run_storage(asked.run ? protocol::from_wire<RunId>(*asked.run) : RunId{});
      });
    default:
      return answer_with<wire::ListRunsT>(frame, Kind::kRuns,
                                          [&](const auto& asked) { return view.list_runs(asked); });
  }
}

Frames answer_question(const tracking::Tracking& tracking, const FrameView& frame) {
  const auto answer = [&]() -> Result<Frames> {
    TRY(const auto view, tracking.snapshot());
    if (frame.header.kind == Kind::kGetRun) return answer_with_run(view, frame);
    TRY(auto bytes, answer_in_one(view, frame));
    return Frames{std::move(bytes)};
  };
  auto frames = answer();
  if (frames) return std::move(frames.value());
  return {done_frame(frame.header.sequence, frames.error(), 0)};
}

// The next frame of a history, and whether it is the last.
struct HistoryFrame {
  std::string bytes;
  bool last = false;
};

HistoryFrame next_frame(const tracking::Tracking& tracking, const FrameView& frame,
                        std::optional<tracking::History>& history) {
  const std::uint64_t question = frame.header.sequence;
  const auto step = [&]() -> Result<std::optional<std::string>> {
    TRY(const auto view, tracking.snapshot());
    if (!history) {
      TRY(const auto asked, protocol::decode<wire::HistoryT>(frame.payload()));
      TRY(auto planned, tracking::History::plan(view, asked));
      history.emplace(std::move(planned));
    }
    return history->next(view);
  };
  const auto payload = step();
  const std::uint64_t points = history ? history->points() : 0;
  if (!payload) return {done_frame(question, payload.error(), points), true};
  if (!payload.value()) return {done_frame(question, ok(), points), true};
  return {answer_frame(Kind::kPoints, question, *payload.value()), false};
}

}  // namespace

Task<void> Session::answer_read(std::string bytes, Executor& worker) {
  const auto self = shared_from_this();
  const FrameView frame{load_le<FrameHeader>(bytes.data()), as_bytes(bytes)};
  const bool is_history = frame.header.kind == Kind::kHistory;
  std::optional<tracking::History> history;
  Frames frames;
  std::uint64_t held = bytes.size();
  reading_bytes_ = held;
  count_answers();
  co_await resume_on(worker);
  if (!is_history && !closed_) {
    frames = answer_question(shared_.tracking, frame);
    for (const std::string& one : frames) held += one.size();
  }
  while (!closed_) {
    HistoryFrame next;
    if (is_history) {
      next = next_frame(shared_.tracking, frame, history);
    } else {
      next = {std::move(frames.front()), frames.size() == 1};
      frames.pop_front();
      held -= next.bytes.size();
    }
    co_await resume_on(home_);
    reading_bytes_ = held;
    answer(std::move(next.bytes));
    // A page is worked out when the one before is on its way; no snapshot is held meanwhile.
    while (!closed_ && !next.last && !answers_.empty()) {
      co_await sleep_for(home_, milliseconds(1));
    }
    if (closed_ || next.last) break;
    co_await resume_on(worker);
  }
  co_await resume_on(home_);
  reading_bytes_ = 0;
  count_answers();
}

}  // namespace stepwell::ingest
