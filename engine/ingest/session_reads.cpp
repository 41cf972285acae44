// The reading half of a session: positions, lists, runs, histories and charts, worked out on the
// query executor from short snapshots.

#include "engine/ingest/session.hpp"

#include <deque>

#include "engine/tracking/chart.hpp"
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

bool comes_in_pages(Kind question) {
  return question == Kind::kHistory || question == Kind::kBuckets;
}

// An answer in pages, each from a snapshot of its own.
class PagedAnswer {
 public:
  // `question` outlives it.
  PagedAnswer(const tracking::Tracking& tracking, const FrameView& question)
      : tracking_(tracking), question_(question) {}

  // The next frame, and whether it is the last.
  struct Frame {
    std::string bytes;
    bool last = false;
  };
  Frame next() {
    const std::uint64_t number = question_.header.sequence;
    const auto page = next_page();
    if (!page) return {done_frame(number, page.error(), points_), true};
    if (!page.value()) return {done_frame(number, ok(), points_), true};
    const Kind kind =
        question_.header.kind == Kind::kHistory ? Kind::kPoints : Kind::kBucketColumns;
    return {answer_frame(kind, number, *page.value()), false};
  }

 private:
  using Payload = Result<std::optional<std::string>>;

  Payload next_page() {
    TRY(const auto view, tracking_.snapshot());
    if (question_.header.kind == Kind::kHistory) return next_of<wire::HistoryT>(history_, view);
    return next_of<wire::BucketsT>(chart_, view);
  }
  template <typename Question, typename Answer>
  Payload next_of(std::optional<Answer>& answer, const tracking::View& view) {
    if (!answer) {
      TRY(const auto asked, protocol::decode<Question>(question_.payload()));
      TRY(auto planned, Answer::plan(view, asked));
      answer.emplace(std::move(planned));
    }
    auto page = answer->next(view);
    points_ = answer->points();
    return page;
  }

  const tracking::Tracking& tracking_;
  const FrameView& question_;
  std::optional<tracking::History> history_;  // One of the two.
  std::optional<tracking::Chart> chart_;
  std::uint64_t points_ = 0;
};

}  // namespace

Task<void> Session::answer_read(std::string bytes, Executor& worker) {
  const auto self = shared_from_this();
  const FrameView frame{load_le<FrameHeader>(bytes.data()), as_bytes(bytes)};
  const bool in_pages = comes_in_pages(frame.header.kind);
  PagedAnswer pages(shared_.tracking, frame);
  Frames frames;
  std::uint64_t held = bytes.size();
  reading_bytes_ = held;
  count_answers();
  co_await resume_on(worker);
  if (!in_pages && !closed_) {
    frames = answer_question(shared_.tracking, frame);
    for (const std::string& one : frames) held += one.size();
  }
  while (!closed_) {
    PagedAnswer::Frame next;
    if (in_pages) {
      next = pages.next();
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
