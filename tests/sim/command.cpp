#include "tests/sim/command.hpp"

#include <gtest/gtest.h>

#include "protocol/batch_builder.hpp"
#include "protocol/messages.hpp"

namespace stepwell::sim {
namespace {

using protocol::make_frame_of;

std::vector<std::unique_ptr<wire::TextT>> to_wire(const Texts& texts) {
  std::vector<std::unique_ptr<wire::TextT>> out;
  for (const auto& [key, value] : texts) {
    auto text = std::make_unique<wire::TextT>();
    text->key = key;
    text->value = value;
    out.push_back(std::move(text));
  }
  return out;
}

std::string batch_frame(const Command& command) {
  protocol::BatchBuilder batch;
  for (const Block& block : command.blocks) {
    protocol::KeyListBuilder keys;
    for (const auto& [key, context] : block.series) {
      EXPECT_TRUE(keys.add(key, context).has_value());
    }
    batch.add_block(keys, block.points, {block.steps, block.times, block.values, block.key_index});
  }
  protocol::FrameHeader header;
  header.kind = command.kind;
  header.run = command.run;
  header.writer = command.writer;
  header.sequence = command.sequence;
  return protocol::make_frame(header, batch.finish());
}

template <typename Native>
std::string framed(const Command& command, const Native& message) {
  return make_frame_of(command.kind, message, command.run, command.writer, command.sequence);
}

std::string open_frame(const Command& command) {
  wire::OpenT open;
  open.experiment = command.experiment;
  open.run_name = command.run_name;
  open.slot = command.slot;
  open.start_ms = command.time_ms;
  open.tags = to_wire(command.texts);
  return framed(command, open);
}

std::string skip_frame(const Command& command) {
  wire::SkipT skip;
  skip.from = command.from;
  skip.to = command.to;
  skip.reason = command.reason;
  skip.points = command.points;
  return framed(command, skip);
}

}  // namespace

std::string frame_of(const Command& command) {
  switch (command.kind) {
    case Kind::kOpen:
      return open_frame(command);
    case Kind::kBatch:
      return batch_frame(command);
    case Kind::kParams: {
      wire::ParamsT params;
      params.params = to_wire(command.texts);
      return framed(command, params);
    }
    case Kind::kTags: {
      wire::TagsT tags;
      tags.tags = to_wire(command.texts);
      return framed(command, tags);
    }
    case Kind::kEnd: {
      wire::EndT end;
      end.status = static_cast<wire::RunStatus>(command.status);
      end.end_ms = command.time_ms;
      return framed(command, end);
    }
    case Kind::kSkip:
      return skip_frame(command);
    case Kind::kRunStage: {
      wire::RunStageT stage;
      stage.deleted = command.deleted;
      return framed(command, stage);
    }
    case Kind::kPurgeRun:
      return framed(command, wire::PurgeRunT{});
    case Kind::kDeleteTag: {
      wire::DeleteTagT tag;
      tag.key = command.texts.front().first;
      return framed(command, tag);
    }
    default:
      ADD_FAILURE() << "no frame for kind " << static_cast<int>(command.kind);
      return {};
  }
}

std::string name_of(const Command& command) {
  return fmt::format("{} {} of writer {} in run {}", protocol::to_string(command.kind),
                     command.sequence, command.writer.hex().substr(0, 6),
                     command.run.hex().substr(0, 6));
}

}  // namespace stepwell::sim
