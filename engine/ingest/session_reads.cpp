// The reading half of a session: positions, lists, runs and histories, worked out on the query
// executor from short snapshots.

#include "engine/ingest/session.hpp"
#include "engine/tracking/history.hpp"
#include "protocol/limits.hpp"

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

std::string done_frame(std::uint64_t question, const Result<void>& result, std::uint64_t points) {
  wire::ReadDoneT done;
  done.kind = result ? 0 : static_cast<std::uint8_t>(result.error().kind);
  if (!result) done.text = result.error().text;
  done.points = points;
  return answer_frame(Kind::kReadDone, question, protocol::encode(done));
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

Result<std::string> answer_question(const tracking::Tracking& tracking, const FrameView& frame) {
  TRY(const auto view, tracking.snapshot());
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
    case Kind::kListRuns:
      return answer_with<wire::ListRunsT>(frame, Kind::kRuns,
                                          [&](const auto& asked) { return view.list_runs(asked); });
    default:
      return answer_with<wire::GetRunT>(
          frame, Kind::kRun, [&](const wire::GetRunT& asked) -> Result<wire::RunDataT> {
            const RunId id = asked.run ? protocol::from_wire<RunId>(*asked.run) : RunId{};
            TRY(auto run, view.run(id));
            if (!run) return fail(ErrorKind::kNotFound, "run {} does not exist", id.hex());
            return std::move(*run);
          });
  }
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

Task<void> Session::answer_read(std::string bytes) {
  const auto self = shared_from_this();
  const FrameView frame{load_le<FrameHeader>(bytes.data()), as_bytes(bytes)};
  std::optional<tracking::History> history;
  bool last = false;
  while (!last && !closed_) {
    co_await resume_on(query_);
    HistoryFrame next;
    if (frame.header.kind == Kind::kHistory) {
      next = next_frame(shared_.tracking, frame, history);
    } else {
      auto answered = answer_question(shared_.tracking, frame);
      next = {answered ? std::move(answered.value())
                       : done_frame(frame.header.sequence, answered.error(), 0),
              true};
    }
    co_await resume_on(home_);
    answer(std::move(next.bytes));
    last = next.last;
    // A page is worked out when the one before is on its way; no snapshot is held meanwhile.
    while (!closed_ && !last && answers_.waiting() > 0) co_await sleep_for(home_, milliseconds(1));
  }
}

}  // namespace stepwell::ingest
