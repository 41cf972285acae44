// Golden frames in words: JSON by hand for points, by FlatBuffers' own printer for everything else.

#include <flatbuffers/idl.h>
#include <flatbuffers/util.h>

#include <bit>
#include <map>

#include "engine/base/assert.hpp"
#include "protocol/batch.hpp"
#include "protocol/context.hpp"
#include "protocol/messages.hpp"
#include "tests/protocol/golden.hpp"

namespace stepwell::protocol {
namespace {

std::string json_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20) {
      out += fmt::format("\\u{:04x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string describe_block(const BlockView& block) {
  std::string out = fmt::format("{{\"form\": \"{}\", \"points\": {}, \"series\": [",
                                block.is_rows() ? "rows" : "matrix", block.points);
  std::string comma;
  block.keys.for_each([&](std::string_view key, std::string_view context) {
    out += comma + "[" + json_text(key) + ", " + json_text(show_context(context)) + "]";
    comma = ", ";
  });
  const bool server = block.step_source == StepSource::kServer;
  const bool arrival = block.time_source == TimeSource::kArrival;
  const char* steps_form = server ? "server" : block.steps.column ? "column" : "stride";
  const char* times_form = arrival ? "arrival" : block.times.column ? "column" : "deltas";
  out += fmt::format("], \"steps_form\": \"{}\", \"times_form\": \"{}\", \"values_form\": \"{}\"",
                     steps_form, times_form, block.values.f64 ? "f64" : "f32");
  const auto column = [&](std::string_view name, std::size_t count, auto each) {
    out += fmt::format(", \"{}\": [", name);
    for (std::size_t i = 0; i < count; ++i) out += (i ? ", " : "") + each(i);
    out += "]";
  };
  if (!server) {
    column("steps", block.points, [&](std::size_t i) { return fmt::format("{}", block.steps[i]); });
  }
  if (!arrival) {
    column("times", block.points, [&](std::size_t i) { return fmt::format("{}", block.times[i]); });
  }
  if (block.is_rows()) {
    column("key_index", block.points,
           [&](std::size_t i) { return fmt::format("{}", block.key_index[i]); });
  }
  column("value_bits", block.values_count(), [&](std::size_t i) {
    return fmt::format("\"{:016x}\"", std::bit_cast<std::uint64_t>(block.values[i]));
  });
  return out + "}";
}

std::string describe_batch(Bytes payload) {
  std::string out = "{\"blocks\": [";
  const auto batch = BatchView::parse(payload).value();
  for (const BlockView& block : batch.blocks) {
    if (&block != &batch.blocks.front()) out += ", ";
    out += describe_block(block);
  }
  return out + "]}";
}

// The message's table in the schema; empty for kinds without one.
std::string_view table_of(Kind kind) {
  static const std::map<Kind, std::string_view> tables = {
      {Kind::kHello, "Hello"},
      {Kind::kWelcome, "Welcome"},
      {Kind::kError, "Error"},
      {Kind::kAck, "Ack"},
      {Kind::kPositions, "Positions"},
      {Kind::kOpen, "Open"},
      {Kind::kParams, "Params"},
      {Kind::kTags, "Tags"},
      {Kind::kEnd, "End"},
      {Kind::kSkip, "Skip"},
      {Kind::kRefused, "Refused"},
      {Kind::kCreateExperiment, "CreateExperiment"},
      {Kind::kUpdateExperiment, "UpdateExperiment"},
      {Kind::kExperimentStage, "ExperimentStage"},
      {Kind::kExperimentTag, "ExperimentTag"},
      {Kind::kCreateRun, "CreateRun"},
      {Kind::kUpdateRun, "UpdateRun"},
      {Kind::kRunStage, "RunStage"},
      {Kind::kDeleteTag, "DeleteTag"},
      {Kind::kPurgeRun, "PurgeRun"},
      {Kind::kPurgeExperiment, "PurgeExperiment"},
      {Kind::kSettings, "Settings"},
      {Kind::kLogBatch, "LogBatch"},
      {Kind::kDeleteExperimentTag, "DeleteExperimentTag"},
      {Kind::kListExperiments, "ListExperiments"},
      {Kind::kExperiments, "Experiments"},
      {Kind::kListRuns, "ListRuns"},
      {Kind::kRuns, "Runs"},
      {Kind::kGetRun, "GetRun"},
      {Kind::kRun, "RunData"},
      {Kind::kHistory, "History"},
      {Kind::kReadDone, "ReadDone"},
      {Kind::kRunStorage, "RunStorage"},
      {Kind::kRunStorageData, "RunStorageData"},
      {Kind::kBuckets, "Buckets"},
      {Kind::kBucketColumns, "BucketColumns"},
  };
  const auto found = tables.find(kind);
  return found == tables.end() ? std::string_view() : found->second;
}

// The schema itself reads the message, so this is independent of our decoder.
std::string describe_message(Kind kind, Bytes payload) {
  static const std::string schema_dir = STEPWELL_SCHEMA_DIR;
  flatbuffers::IDLOptions options;
  options.strict_json = true;
  options.indent_step = -1;
  flatbuffers::Parser parser(options);
  std::string schema;
  const char* include[] = {schema_dir.c_str(), nullptr};
  STEPWELL_ASSERT(flatbuffers::LoadFile((schema_dir + "/reads.fbs").c_str(), false, &schema));
  STEPWELL_ASSERT(parser.Parse(schema.c_str(), include));
  STEPWELL_ASSERT(parser.SetRootType(fmt::format("stepwell.wire.{}", table_of(kind)).c_str()));
  std::string json;
  STEPWELL_ASSERT(flatbuffers::GenerateText(parser, payload.data(), &json));
  return json;
}

}  // namespace

std::string describe(const std::string& bytes) {
  const auto frame = read_frame(as_bytes(bytes)).value();
  const FrameHeader& header = frame.header;
  std::string message = "null";
  if (header.kind == Kind::kBatch || header.kind == Kind::kPoints) {
    message = describe_batch(frame.payload());
  } else if (!table_of(header.kind).empty()) {
    message = describe_message(header.kind, frame.payload());
  }
  return fmt::format(
      "{{\"kind\": \"{}\", \"kind_number\": {}, \"version\": {}, \"flags\": {}, \"run\": \"{}\", "
      "\"writer\": \"{}\", \"sequence\": {}, \"payload_bytes\": {}, \"header_hash\": \"{:08x}\", "
      "\"payload_hash\": \"{:016x}\", \"content\": {}}}",
      to_string(header.kind), static_cast<int>(header.kind), header.version, header.flags,
      header.run.hex(), header.writer.hex(), header.sequence, header.payload_bytes,
      header.header_hash, header.payload_hash, message);
}

}  // namespace stepwell::protocol
