// Writes the first inputs of every corpus: `seed_corpus DIRECTORY`. They were made once; the
// fuzzers have added to them since.

#include <filesystem>
#include <fstream>

#include "engine/store/chunk.hpp"
#include "engine/store/directory.hpp"
#include "engine/store/tail.hpp"
#include "engine/tracking/search/page_token.hpp"
#include "protocol/client/segment.hpp"
#include "protocol/context.hpp"
#include "tests/tracking/batch_frames.hpp"

namespace stepwell::tracking {
namespace {

std::filesystem::path directory;

void write(const std::string& target, const std::string& name, std::string_view bytes) {
  std::filesystem::create_directories(directory / target);
  std::ofstream(directory / target / name, std::ios::binary)
      .write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

std::string buckets_frame() {
  wire::BucketsT buckets;
  buckets.runs = {protocol::to_wire(run_id(1))};
  buckets.keys = {"loss"};
  return command_frame(Kind::kBuckets, buckets);
}

std::string bucket_columns_frame() {
  wire::BucketColumnsT columns;
  columns.series.push_back(std::make_unique<wire::SeriesBucketsT>());
  columns.series[0]->bucket = {1, 7};
  columns.series[0]->count = {2, 3};
  columns.series[0]->min = {0.5, -1};
  return command_frame(Kind::kBucketColumns, columns);
}

std::vector<std::pair<std::string, std::string>> frames() {
  const std::string rank = protocol::encode_context({{"rank", "1"}}).value();
  wire::UpdateRunT update;
  update.status = 3;
  wire::CreateExperimentT create;
  create.name = "Default";
  create.tags = to_wire_texts({{"k", "v"}});
  wire::UpdateExperimentT rename;
  rename.name = "other";
  wire::ExperimentStageT stage;
  stage.id = 1;
  stage.deleted = true;
  wire::RunStageT run_stage;
  run_stage.deleted = true;
  wire::CreateRunT create_run;
  create_run.experiment = 1;
  wire::PurgeExperimentT purge_experiment;
  purge_experiment.id = 1;
  wire::DeleteTagT delete_tag;
  delete_tag.key = "t";
  wire::SettingsT settings;
  settings.artifact_root = "s3://root";
  wire::ExperimentTagT tag;
  tag.id = 1;
  tag.tag = std::move(to_wire_texts({{"k", "v"}})[0]);
  wire::HistoryT history;
  history.keys = {"loss", "acc"};
  history.order = wire::PointOrder::Time;
  wire::HelloT hello;
  hello.client = "fuzz";
  wire::AckT ack;
  ack.exceptions.push_back(std::make_unique<wire::ExceptionT>());
  ack.exceptions[0]->text = "no";
  return {
      {"open", open_frame({1, 1, 1}, {.run_name = "r", .slot = "s", .tags = {{"t", "v"}}})},
      {"open2", open_frame({1, 2, 1}, {.slot = "s", .parent = run_id(2).hex()})},
      {"params", params_frame({1, 1, 2}, {{"lr", "0.1"}, {"seed", "7"}})},
      {"params2", params_frame({1, 1, 3}, {{"lr", "0.2"}})},
      {"tags", tags_frame({1, 1, 4}, {{"t", "v"}, {"mlflow.runName", "n"}})},
      {"matrix",
       batch_frame({1, 1, 5}, {{{{"a", ""}, {"b", rank}}, {1, 2}, {5, 6}, {1, 2, 3, 0.1}}})},
      {"rows",
       batch_frame({1, 1, 6},
                   {{{{"a", ""}, {"b", ""}}, {9, 4, 7}, {5, 1 << 30, 6}, {1, 2, 3}, {0, 1, 0}}})},
      {"server",
       batch_frame({1, 1, 7}, {BlockSpec{.values = {1, 2, 3}}, {{{"x", ""}}, {3}, {4}, {5}}})},
      {"poison", poison_frame({1, 1, 8})},
      {"skip", skip_frame({1, 1, 0}, 9, 12, 30, {{"loss", 1, 2, 3}})},
      {"refused", refused_frame({1, 1, 10}, VerdictCode::kDamaged, "cut")},
      {"end", end_frame({1, 1, 13}, wire::RunStatus::Failed)},
      {"update_run", command_frame(Kind::kUpdateRun, update, 1)},
      {"create_experiment", command_frame(Kind::kCreateExperiment, create)},
      {"rename", command_frame(Kind::kUpdateExperiment, rename)},
      {"stage", command_frame(Kind::kExperimentStage, stage)},
      {"experiment_tag", command_frame(Kind::kExperimentTag, tag)},
      {"create_run", command_frame(Kind::kCreateRun, create_run, 2)},
      {"run_stage", command_frame(Kind::kRunStage, run_stage, 1)},
      {"delete_tag", command_frame(Kind::kDeleteTag, delete_tag, 1)},
      {"purge_run", command_frame(Kind::kPurgeRun, wire::PurgeRunT{}, 1)},
      {"purge_experiment", command_frame(Kind::kPurgeExperiment, purge_experiment)},
      {"settings", command_frame(Kind::kSettings, settings)},
      {"history", command_frame(Kind::kHistory, history)},
      {"buckets", buckets_frame()},
      {"bucket_columns", bucket_columns_frame()},
      {"hello", command_frame(Kind::kHello, hello)},
      {"ack", command_frame(Kind::kAck, ack)}};
}

// As apply_target reads it.
std::string step(const std::string& frame, std::uint8_t how) {
  const auto header = load_le<protocol::FrameHeader>(frame.data());
  const std::string payload = frame.substr(sizeof header);
  std::uint8_t who =
      header.writer.is_zero() ? 0x40 : static_cast<std::uint8_t>((header.writer.bytes[0] - 1) << 2);
  if (header.run.is_zero()) {
    who = static_cast<std::uint8_t>(who | 0x80);
  } else {
    who = static_cast<std::uint8_t>(who | (header.run.bytes[8] & 3));
  }
  return Encoder()
      .put(header.kind)
      .put(who)
      .put(static_cast<std::uint8_t>(header.sequence))
      .put(how)
      .put(static_cast<std::uint16_t>(payload.size()))
      .raw(payload)
      .take();
}

// As store_target reads it.
void write_store(const std::string& name, std::size_t chunk_points, std::string_view bytes) {
  write("store", name, Encoder().put(static_cast<std::uint16_t>(chunk_points)).raw(bytes).view());
}

void write_store_inputs() {
  for (const std::size_t count : {1u, 2u, 9u, 300u, 1024u, 1025u, 3000u}) {
    store::Columns points, other, sparse;
    for (std::size_t i = 0; i < count; ++i) {
      const auto step = static_cast<std::int64_t>(i);
      const double value = 1 / (1.0 + static_cast<double>(i % 50));
      points.push_back({step, 1'700'000'000'000 + step * 7 % 97, value});
      other.push_back({step, points.times.back(), i % 3 == 0 ? std::nan("") : value * 2});
      if (i % 7 == 0) sparse.push_back({step * step, -step, 1});
    }
    const std::string name = std::to_string(count);
    store::TailPartBuilder part;
    part.add({3}, points);
    part.add({4}, other);
    part.add({std::uint64_t{1} << 40}, sparse);
    write_store("tail-" + name, 0, part.finish());
    if (count > store::kChunkPoints) continue;
    std::string chunk;
    store::encode_chunk(other, chunk);
    write_store("chunk-" + name, count, chunk);
  }
  std::vector<store::ChunkEntry> entries;
  std::vector<store::TailBlob> blobs;
  for (std::uint64_t i = 0; i < 8; ++i) {
    store::Columns points;
    for (std::int64_t k = 0; k < 5; ++k) {
      points.push_back({static_cast<std::int64_t>(i) * 10 + k, k, 0.5});
    }
    entries.push_back(
        {i / 2 + 1, static_cast<std::uint32_t>(i % 2 * 30), 30, store::PointStats::of(points)});
    blobs.push_back({i + 1, 1000 * i, 100 * i, i, 1, static_cast<std::uint8_t>(7 - i)});
    if (i % 3 != 1) continue;
    write_store("row-" + std::to_string(i + 1), 0, store::encode_row(entries));
    write_store("list-" + std::to_string(i + 1), 0, store::encode_tail_list(blobs));
  }
}

// As search_target reads it.
void write_search_inputs() {
  const std::string_view inputs[] = {
      "rmetrics.loss > 0.5 AND params.`a b` LIKE '%x_' and tags.a.b != \"it''s\"",
      "r(status = 'RUNNING' OR NOT (end_time IS NULL)) AND min(metrics.loss) <= -1.5e-3",
      "rrun_id NOT IN ('a', 'b',) AND dataset.name ILIKE 'x' AND",
      "rparams.path = 'C:\\dir\\' attributes.`run name` = 'x'",
      "rmetrics.a == 1; tags.b",
      "r((((metrics.a > )",
      "ename = 'x' AND creation_time >= 5 AND tag.a IS NOT NULL",
      "eexperiment_id IN ('1', '2')",
      "ometrics.`a b` DESC",
      "ocount(metrics.a) asc",
      "oparams.\"x y\"",
      "l%a_b%\nxxaébyy"};
  int number = 0;
  for (const std::string_view input : inputs) {
    write("search", "seed-" + std::to_string(number++), std::string(input));
  }
  search::OrderKey key;
  for (const double value : {1.5, -0.0}) key.emplace_back(search::Cell::of(std::optional(value)));
  key.emplace_back(search::Cell::of(std::optional<std::string_view>("text")));
  write("search", "token", "t" + search::write_token(7, key));
}

void write_all() {
  write_store_inputs();
  write_search_inputs();
  std::string everything, calm, segment;
  client::SegmentHeader header;
  header.run = run_id(1);
  header.writer = writer_id(1);
  header.first_sequence = 1;
  segment = client::make_segment_start(header, "");
  for (const auto& [name, frame] : frames()) {
    write("frame", name, frame);
    write("apply", name, step(open_frame({1, 1, 1}), 0) + step(frame, 0x80));
    everything += step(frame, 0x81);
    calm += step(frame, 0);
    const auto kind = load_le<protocol::FrameHeader>(frame.data());
    if (protocol::is_stream_kind(kind.kind) && kind.writer == header.writer) {
      segment += frame;
      write("spool", name, client::make_segment_start(header, open_frame({1, 1, 1})) + frame);
    }
  }
  write("apply", "everything", everything);
  write("apply", "twice", calm + everything);
  write("spool", "everything", segment);
  write("spool", "cut", segment.substr(0, segment.size() - 30));
  std::string damaged = segment;
  damaged[700] ^= 1;
  write("spool", "damaged", damaged);
  for (std::uint8_t how = 0; how < 8; ++how) {
    for (std::uint8_t what = 0; what < 8; ++what) {
      Encoder edits;
      edits.put(how);
      for (std::uint8_t i = 0; i < 2; ++i) {
        edits.put(i == 0 ? what : std::uint8_t{7})
            .put(std::uint8_t(what % 3))
            .put(std::uint16_t(4096 * (what % 4) + 40))
            .put(std::uint8_t(9))
            .put(std::uint8_t(how * 16 + 1));
      }
      write("log", "edit-" + std::to_string(how) + std::to_string(what), edits.view());
    }
  }
}

}  // namespace
}  // namespace stepwell::tracking

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  stepwell::tracking::directory = argv[1];
  stepwell::tracking::write_all();
  return 0;
}
