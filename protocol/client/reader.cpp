#include "protocol/client/reader.hpp"

#include <optional>

#include "engine/base/one_shot.hpp"
#include "protocol/batch.hpp"
#include "protocol/run_parts.hpp"

namespace stepwell::client {

using protocol::FrameView;
using protocol::Kind;

namespace {

using Finished = OneShot<Result<void>>;

Error as_error(std::uint8_t kind, const std::string& text) {
  const bool known = kind >= 1 && kind <= static_cast<std::uint8_t>(ErrorKind::kInternal);
  return {known ? static_cast<ErrorKind>(kind) : ErrorKind::kInternal, text};
}

template <typename Answer>
Result<Answer> expect(const FrameView& frame, Kind kind) {
  if (frame.header.kind != kind) {
    return fail(ErrorKind::kInternal, "expected {}, found {}", to_string(kind),
                to_string(frame.header.kind));
  }
  return protocol::decode<Answer>(frame.payload());
}

}  // namespace

struct Reader::State {
  explicit State(Executor& e) : executor(e) {}

  void finish(Result<void> result) {
    if (!finished) return;
    const Finished done = *std::exchange(finished, std::nullopt);
    done.set(std::move(result));
  }

  void on_answer(const FrameView& frame);
  void on_error(const wire::ErrorT& error) { finish(as_error(error.kind, error.text)); }

  // Sends the question and waits until `visit` has seen its last answer. `visit` says if it was.
  template <typename Question>
  Task<Result<void>> ask(Kind kind, Question question,
                         std::function<Result<bool>(const FrameView&)> answers, RunId run = {}) {
    if (!connection || connection->failed()) co_return fail(ErrorKind::kIo, "closed");
    Finished done(executor);
    finished.emplace(done);
    visit = std::move(answers);
    connection->send_control(protocol::make_frame_of(kind, question, run, {}, ++number));
    const auto result = co_await done;
    visit = nullptr;
    co_return result;
  }

  template <typename Answer, typename Question>
  Task<Result<Answer>> ask_one(Kind kind, Kind answer_kind, Question question) {
    Answer answer;
    auto asking = ask(kind, std::move(question), [&](const FrameView& frame) -> Result<bool> {
      TRY(answer, expect<Answer>(frame, answer_kind));
      return true;
    });
    CO_TRY(co_await std::move(asking));
    co_return answer;
  }

  // A command: `read_done` is its only answer.
  template <typename Command>
  Task<Result<void>> change(Kind kind, Command command, RunId run = {}) {
    return ask(
        kind, std::move(command),
        [](const FrameView& frame) -> Result<bool> {
          return fail(ErrorKind::kInternal, "expected read_done, found {}",
                      to_string(frame.header.kind));
        },
        run);
  }

  Executor& executor;
  std::unique_ptr<Connection> connection;
  std::uint64_t number = 0;  // Of the last question. Late answers to earlier ones are dropped.
  std::optional<Finished> finished;
  std::function<Result<bool>(const FrameView&)> visit;
};

void Reader::State::on_answer(const FrameView& frame) {
  if (!finished || frame.header.sequence != number) return;
  if (frame.header.kind == Kind::kReadDone) {
    const auto done = protocol::decode<wire::ReadDoneT>(frame.payload());
    if (!done) return finish(done.error());
    if (done.value().kind != 0) return finish(as_error(done.value().kind, done.value().text));
    return finish(ok());
  }
  const auto last = visit(frame);
  if (!last) return finish(last.error());
  if (last.value()) finish(ok());
}

Reader::Reader(std::shared_ptr<State> state) : state_(std::move(state)) {}

Reader::~Reader() {
  state_->connection.reset();
  state_->finish(fail(ErrorKind::kIo, "closed"));
}

Task<Result<std::unique_ptr<Reader>>> Reader::open(Executor& executor, Connector& connector,
                                                   ConnectionOptions options) {
  auto state = std::make_shared<State>(executor);
  ConnectionEvents events;
  const std::weak_ptr<State> weak = state;
  events.on_answer = [weak](const FrameView& frame) {
    if (const auto self = weak.lock()) self->on_answer(frame);
  };
  events.on_error = [weak](const wire::ErrorT& error) {
    if (const auto self = weak.lock()) self->on_error(error);
  };
  events.on_closed = [weak](const Error& error) {
    if (const auto self = weak.lock()) self->finish(error);
  };
  auto opening = Connection::open(executor, connector, std::move(options), std::move(events));
  CO_TRY(state->connection, co_await std::move(opening));
  co_return std::unique_ptr<Reader>(new Reader(std::move(state)));
}

const wire::WelcomeT& Reader::welcome() const {
  return state_->connection->welcome();
}

Task<Result<wire::ExperimentsT>> Reader::list_experiments(wire::ListExperimentsT question) {
  return state_->ask_one<wire::ExperimentsT>(Kind::kListExperiments, Kind::kExperiments,
                                             std::move(question));
}

Task<Result<wire::RunsT>> Reader::list_runs(wire::ListRunsT question) {
  return state_->ask_one<wire::RunsT>(Kind::kListRuns, Kind::kRuns, std::move(question));
}

Task<Result<wire::RunDataT>> Reader::get_run(RunId id) {
  const auto state = state_;
  wire::GetRunT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(id));
  wire::RunDataT run;
  auto asking =
      state->ask(Kind::kGetRun, std::move(question), [&](const FrameView& frame) -> Result<bool> {
        TRY(auto part, expect<wire::RunDataT>(frame, Kind::kRun));
        protocol::join_run(run, std::move(part));
        return false;
      });
  CO_TRY(co_await std::move(asking));
  co_return run;
}

Task<Result<std::uint64_t>> Reader::history(wire::HistoryT question, PointsCallback on_points) {
  const auto state = state_;
  std::uint64_t points = 0;
  bool ended_early = false;
  auto asking =
      state->ask(Kind::kHistory, std::move(question), [&](const FrameView& frame) -> Result<bool> {
        if (frame.header.kind != Kind::kPoints) {
          return fail(ErrorKind::kInternal, "expected points, found {}",
                      to_string(frame.header.kind));
        }
        TRY(const auto batch, protocol::BatchView::parse(frame.payload()));
        points += batch.points();
        ended_early = !on_points(frame.payload());
        return ended_early;
      });
  CO_TRY(co_await std::move(asking));
  // The rest would come all the same; closing is what stops the server.
  if (ended_early) state->connection->close();
  co_return points;
}

Task<Result<wire::RunStorageDataT>> Reader::run_storage(RunId id) {
  wire::RunStorageT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(id));
  return state_->ask_one<wire::RunStorageDataT>(Kind::kRunStorage, Kind::kRunStorageData,
                                                std::move(question));
}

Task<Result<void>> Reader::set_run_deleted(RunId id, bool deleted) {
  wire::RunStageT command;
  command.deleted = deleted;
  return state_->change(Kind::kRunStage, command, id);
}

Task<Result<void>> Reader::set_experiment_deleted(std::uint64_t id, bool deleted) {
  wire::ExperimentStageT command;
  command.id = id;
  command.deleted = deleted;
  return state_->change(Kind::kExperimentStage, command);
}

Task<Result<void>> Reader::purge_run(RunId id, std::int64_t deleted_until_ms) {
  wire::PurgeRunT command;
  command.deleted_until_ms = deleted_until_ms;
  return state_->change(Kind::kPurgeRun, command, id);
}

Task<Result<void>> Reader::purge_experiment(std::uint64_t id, std::int64_t deleted_until_ms) {
  wire::PurgeExperimentT command;
  command.id = id;
  command.deleted_until_ms = deleted_until_ms;
  return state_->change(Kind::kPurgeExperiment, command);
}

Task<Result<std::uint64_t>> Reader::buckets(wire::BucketsT question, BucketsCallback on_buckets) {
  const auto state = state_;
  std::uint64_t points = 0;
  bool ended_early = false;
  auto asking =
      state->ask(Kind::kBuckets, std::move(question), [&](const FrameView& frame) -> Result<bool> {
        TRY(const auto page, expect<wire::BucketColumnsT>(frame, Kind::kBucketColumns));
        for (const auto& series : page.series) {
          for (const std::uint64_t count : series->count) points += count;
        }
        ended_early = !on_buckets(page);
        return ended_early;
      });
  CO_TRY(co_await std::move(asking));
  if (ended_early) state->connection->close();
  co_return points;
}

}  // namespace stepwell::client
