#include "tests/protocol/golden.hpp"

#include <bit>
#include <cmath>
#include <limits>

#include "protocol/batch.hpp"
#include "protocol/batch_builder.hpp"
#include "protocol/context.hpp"
#include "protocol/messages.hpp"

namespace stepwell::protocol {
namespace {

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

RunId run() {
  return *RunId::parse("0123456789abcdef0123456789abcdef");
}
WriterId writer() {
  return *WriterId::parse("fedcba9876543210fedcba9876543210");
}
StoreId store() {
  return *StoreId::parse("00112233445566778899aabbccddeeff");
}
wire::Position position(std::uint64_t sequence) {
  return {to_wire(run()), to_wire(writer()), sequence};
}
std::unique_ptr<wire::Position> position_of(std::uint64_t sequence) {
  return std::make_unique<wire::Position>(position(sequence));
}
std::unique_ptr<wire::TextT> text(std::string key, std::string value) {
  auto made = std::make_unique<wire::TextT>();
  made->key = std::move(key);
  made->value = std::move(value);
  return made;
}
std::unique_ptr<wire::LostSeriesT> lost(std::string key, std::int64_t first, std::int64_t last) {
  auto made = std::make_unique<wire::LostSeriesT>();
  made->key = std::move(key);
  made->first_step = first;
  made->last_step = last;
  made->points = 7;
  return made;
}

template <typename Native>
std::string stream_frame(Kind kind, const Native& message, std::uint64_t sequence) {
  return make_frame_of(kind, message, run(), writer(), sequence);
}

struct Series {
  std::string key;
  Labels labels;
};

std::string batch(const std::vector<Series>& series, std::size_t points, const Columns& columns,
                  bool narrow = true) {
  KeyListBuilder keys;
  for (const Series& each : series) {
    (void)keys.add(each.key, encode_context(each.labels).value()).value();
  }
  BatchBuilder builder;
  if (!narrow) builder.use_wide_columns();
  builder.add_block(keys, points, columns);
  FrameHeader header;
  header.kind = Kind::kBatch;
  header.run = run();
  header.writer = writer();
  header.sequence = 2;
  return make_frame(header, builder.finish());
}

const std::vector<std::int64_t> kStride = {10, 20, 30};
const std::vector<std::int64_t> kRagged = {kMin, -1, kMax};
const std::vector<std::int64_t> kNearTimes = {1'700'000'000'000, 1'700'000'000'250,
                                              1'700'000'000'100};
const std::vector<std::int64_t> kFarTimes = {kMin, 0, kMax};
const std::vector<double> kFloats = {
    0.5, -0.0, 1e30F, 0.25, std::numeric_limits<double>::infinity(), -1.0};
const std::vector<double> kDoubles = {0.1,
                                      std::bit_cast<double>(0x7ff8'dead'beef'0001ULL),
                                      std::bit_cast<double>(0xfff0'0000'0000'0001ULL),
                                      std::numeric_limits<double>::denorm_min(),
                                      -std::numeric_limits<double>::infinity(),
                                      std::numeric_limits<double>::max()};

void add_batches(std::vector<GoldenFrame>& all) {
  const std::vector<Series> two = {{"loss", {}}, {"val/accuracy", {}}};
  const std::vector<Series> ranked = {{"loss", {{"rank", "1"}}},
                                      {"loss", {{"host", "ü"}, {"rank", "2"}}}};
  const std::vector<Series> mixed = {{"loss", {}}, {"loss", {{"rank", "1"}}}};
  const std::vector<std::uint32_t> index = {1, 0, 1};
  const std::vector<double> three(kDoubles.begin(), kDoubles.begin() + 3);
  const std::vector<double> three_floats = {0.5, 0.25, -0.0};
  all.push_back({"batch_matrix_narrow", batch(two, 3, {kStride, kNearTimes, kFloats, {}})});
  all.push_back({"batch_matrix_wide", batch(two, 3, {kStride, kNearTimes, kFloats, {}}, false)});
  all.push_back({"batch_matrix_columns", batch(two, 3, {kRagged, kFarTimes, kDoubles, {}})});
  all.push_back({"batch_one_context", batch({ranked[0]}, 3, {kStride, kNearTimes, three, {}})});
  all.push_back({"batch_contexts", batch(ranked, 3, {kStride, kNearTimes, kDoubles, {}})});
  all.push_back({"batch_mixed_contexts", batch(mixed, 3, {kStride, kNearTimes, kFloats, {}})});
  all.push_back({"batch_rows_narrow", batch(two, 3, {kStride, kNearTimes, three_floats, index})});
  all.push_back({"batch_rows_columns", batch(two, 3, {kRagged, kFarTimes, three, index})});
  all.push_back({"batch_server_steps", batch(two, 3, {{}, kNearTimes, kFloats, {}})});
  all.push_back({"batch_arrival_times", batch(two, 3, {kStride, {}, kFloats, {}})});
  all.push_back({"batch_server_steps_arrival", batch(two, 3, {{}, {}, kDoubles, {}})});
}

void add_session(std::vector<GoldenFrame>& all) {
  wire::HelloT hello;
  hello.version_min = hello.version_max = 1;
  hello.client = "golden/1";
  all.push_back({"hello", make_frame_of(Kind::kHello, hello)});
  wire::WelcomeT welcome;
  welcome.version = 1;
  welcome.server = "stepwell 0.1.0";
  welcome.store = std::make_unique<wire::Id>(to_wire(store()));
  welcome.incarnation = 3;
  welcome.credit = 1 << 20;
  welcome.limits = std::make_unique<wire::LimitsT>();
  welcome.limits->frame_bytes = 16 << 20;
  welcome.limits->idle_ms = 60'000;
  all.push_back({"welcome", make_frame_of(Kind::kWelcome, welcome)});
  FrameHeader ping;
  all.push_back({"ping", make_frame(ping, {})});
  ping.kind = Kind::kPong;
  all.push_back({"pong", make_frame(ping, {})});
  wire::PositionsT positions;
  positions.positions = {position(0), position(17)};
  all.push_back({"positions", make_frame_of(Kind::kPositions, positions)});
  positions.positions = {position(17)};
  positions.skipped = {{to_wire(run()), to_wire(writer()), 3, 5}};
  all.push_back({"positions_skipped", make_frame_of(Kind::kPositions, positions)});
  wire::ErrorT error;
  error.kind = 6;
  error.text = "payload hash is wrong";
  error.position = position_of(5);
  error.closing = true;
  all.push_back({"error", make_frame_of(Kind::kError, error)});
  wire::AckT ack;
  ack.credit = 65'536;
  ack.decided = {position(9)};
  ack.exceptions.push_back(std::make_unique<wire::ExceptionT>());
  ack.exceptions[0]->position = position_of(8);
  ack.exceptions[0]->verdict = static_cast<std::uint8_t>(VerdictCode::kConflict);
  ack.exceptions[0]->expected = 10;
  ack.exceptions[0]->text = "param lr has another value";
  ack.first_steps.emplace_back(position(9), -4);
  all.push_back({"ack", make_frame_of(Kind::kAck, ack)});
}

void add_stream(std::vector<GoldenFrame>& all) {
  wire::OpenT open;
  open.experiment = "mnist";
  open.run_name = "größer";
  open.user = "ada";
  open.start_ms = 1'700'000'000'000;
  open.slot = "rank-3";
  open.parent_run = std::string(32, 'a');
  open.tags.push_back(text("git", "deadbeef"));
  all.push_back({"open", stream_frame(Kind::kOpen, open, 1)});
  wire::ParamsT params;
  params.params.push_back(text("lr", "0.1"));
  params.params.push_back(text("empty", ""));
  all.push_back({"params", stream_frame(Kind::kParams, params, 3)});
  wire::TagsT tags;
  tags.tags.push_back(text("note", "two\nlines"));
  all.push_back({"tags", stream_frame(Kind::kTags, tags, 4)});
  wire::EndT end;
  end.status = wire::RunStatus::Failed;
  end.end_ms = 1'700'000'001'000;
  all.push_back({"end", stream_frame(Kind::kEnd, end, 5)});
  wire::SkipT skip;
  skip.from = 6;
  skip.to = 8;
  skip.reason = "queue full";
  skip.points = 14;
  skip.series.push_back(lost("loss", 100, 106));
  all.push_back({"skip", stream_frame(Kind::kSkip, skip, 0)});
  wire::RefusedT refused;
  refused.verdict = static_cast<std::uint8_t>(VerdictCode::kDamaged);
  refused.reason = "payload hash is wrong";
  all.push_back({"refused", stream_frame(Kind::kRefused, refused, 9)});
}

void add_commands(std::vector<GoldenFrame>& all) {
  wire::CreateExperimentT create;
  create.name = "mnist";
  create.time_ms = 1;
  all.push_back({"create_experiment", make_frame_of(Kind::kCreateExperiment, create)});
  wire::UpdateExperimentT update;
  update.id = 1;
  update.name = "mnist-2";
  all.push_back({"update_experiment", make_frame_of(Kind::kUpdateExperiment, update)});
  wire::ExperimentStageT stage;
  stage.id = 1;
  stage.deleted = true;
  all.push_back({"experiment_stage", make_frame_of(Kind::kExperimentStage, stage)});
  wire::ExperimentTagT tag;
  tag.id = 1;
  tag.tag = text("k", "v");
  all.push_back({"experiment_tag", make_frame_of(Kind::kExperimentTag, tag)});
  wire::CreateRunT create_run;
  create_run.experiment = 1;
  create_run.name = "run";
  all.push_back({"create_run", make_frame_of(Kind::kCreateRun, create_run, run())});
  wire::UpdateRunT update_run;
  update_run.status = 3;
  update_run.has_end = true;
  update_run.end_ms = 5;
  all.push_back({"update_run", make_frame_of(Kind::kUpdateRun, update_run, run())});
  wire::RunStageT run_stage;
  run_stage.deleted = true;
  all.push_back({"run_stage", make_frame_of(Kind::kRunStage, run_stage, run())});
  wire::DeleteTagT delete_tag;
  delete_tag.key = "k";
  all.push_back({"delete_tag", make_frame_of(Kind::kDeleteTag, delete_tag, run())});
  wire::SettingsT settings;
  settings.artifact_root = "file:///artifacts";
  all.push_back({"settings", make_frame_of(Kind::kSettings, settings)});
}

std::unique_ptr<wire::RunInfoT> run_info() {
  auto info = std::make_unique<wire::RunInfoT>();
  info->run = std::make_unique<wire::Id>(to_wire(run()));
  info->number = 1;
  info->experiment = 2;
  info->experiment_name = "mnist";
  info->name = "run";
  info->batches = 4;
  return info;
}

void add_reads(std::vector<GoldenFrame>& all) {
  wire::ListExperimentsT list_experiments;
  list_experiments.limit = 100;
  all.push_back(
      {"list_experiments", make_frame_of(Kind::kListExperiments, list_experiments, {}, {}, 1)});
  wire::ExperimentsT experiments;
  experiments.experiments.push_back(std::make_unique<wire::ExperimentInfoT>());
  experiments.experiments[0]->name = "Default";
  experiments.next = 1;
  all.push_back({"experiments", make_frame_of(Kind::kExperiments, experiments, {}, {}, 1)});
  wire::ListRunsT list_runs;
  list_runs.stage = wire::ViewStage::All;
  all.push_back({"list_runs", make_frame_of(Kind::kListRuns, list_runs, {}, {}, 2)});
  wire::RunsT runs;
  runs.runs.push_back(run_info());
  all.push_back({"runs", make_frame_of(Kind::kRuns, runs, {}, {}, 2)});
  wire::GetRunT get_run;
  get_run.run = std::make_unique<wire::Id>(to_wire(run()));
  all.push_back({"get_run", make_frame_of(Kind::kGetRun, get_run, {}, {}, 3)});
  wire::RunDataT data;
  data.info = run_info();
  data.params.push_back(text("lr", "0.1"));
  data.metrics.push_back(std::make_unique<wire::LatestMetricT>());
  data.metrics[0]->key = "loss";
  data.metrics[0]->context = "{rank=1}";
  data.metrics[0]->value_bits = std::bit_cast<std::uint64_t>(0.5);
  data.losses.push_back(std::make_unique<wire::LossT>());
  data.losses[0]->writer = std::make_unique<wire::Id>(to_wire(writer()));
  data.losses[0]->from = 6;
  data.losses[0]->to = 8;
  data.losses[0]->series.push_back(lost("loss", 100, 106));
  data.writers.push_back(std::make_unique<wire::WriterInfoT>());
  data.writers[0]->writer = std::make_unique<wire::Id>(to_wire(writer()));
  data.writers[0]->next = 9;
  all.push_back({"run", make_frame_of(Kind::kRun, data, {}, {}, 3)});
  wire::HistoryT history;
  history.run = std::make_unique<wire::Id>(to_wire(run()));
  history.keys = {"loss"};
  history.first_step = 10;
  all.push_back({"history", make_frame_of(Kind::kHistory, history, {}, {}, 4)});
  GoldenFrame points{"points",
                     batch({{"loss", {}}}, 3, {kStride, kNearTimes, {kFloats.data(), 3}, {}})};
  auto header = load_le<FrameHeader>(points.bytes.data());
  header.kind = Kind::kPoints;
  header.writer = {};
  header.sequence = 4;
  points.bytes = make_frame(header, std::string_view(points.bytes).substr(sizeof header));
  all.push_back(std::move(points));
}

}  // namespace

std::vector<GoldenFrame> golden_frames() {
  std::vector<GoldenFrame> all;
  for (const auto& add : {add_session, add_stream, add_batches, add_commands, add_reads, add_chart,
                          add_deletion, add_rest}) {
    add(all);
  }
  return all;
}

}  // namespace stepwell::protocol
