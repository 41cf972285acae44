#pragma once

// Frames as writers and doors make them, each in one call. Writers and runs are told by small
// numbers.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/tracking/rows.hpp"
#include "protocol/messages.hpp"

namespace stepwell::tracking {

using protocol::Kind;

inline RunId run_id(std::uint64_t number) {
  RunId id;
  store_le(id.bytes.data(), std::uint64_t{0x1111'1111'1111'1111} * number);
  store_le(id.bytes.data() + 8, number);
  return id;
}
inline WriterId writer_id(std::uint64_t number) {
  WriterId id;
  store_le(id.bytes.data(), number);
  id.bytes[15] = 0xAA;
  return id;
}

// Where a frame stands: which writer's which one.
struct At {
  std::uint64_t run = 1;
  std::uint64_t writer = 1;
  std::uint64_t sequence = 1;
};

inline std::string frame(Kind kind, At at, std::string_view payload) {
  protocol::FrameHeader header;
  header.kind = kind;
  header.run = run_id(at.run);
  header.writer = at.writer == 0 ? WriterId{} : writer_id(at.writer);
  header.sequence = at.sequence;
  return protocol::make_frame(header, payload);
}

using Texts = std::vector<std::pair<std::string, std::string>>;

inline std::vector<std::unique_ptr<wire::TextT>> to_wire_texts(const Texts& pairs) {
  std::vector<std::unique_ptr<wire::TextT>> texts;
  for (const auto& [key, value] : pairs) {
    texts.push_back(std::make_unique<wire::TextT>());
    texts.back()->key = key;
    texts.back()->value = value;
  }
  return texts;
}

struct OpenSpec {
  std::string experiment = "exp";
  std::string run_name = {};
  std::string user = {};
  std::int64_t start_ms = 1000;
  std::string slot = {};
  std::string parent = {};
  Texts tags = {};
};

inline std::string open_frame(At at, const OpenSpec& spec = {}) {
  wire::OpenT open;
  open.experiment = spec.experiment;
  open.run_name = spec.run_name;
  open.user = spec.user;
  open.start_ms = spec.start_ms;
  open.slot = spec.slot;
  open.parent_run = spec.parent;
  open.tags = to_wire_texts(spec.tags);
  return frame(Kind::kOpen, at, protocol::encode(open));
}

inline std::string params_frame(At at, const Texts& params) {
  wire::ParamsT message;
  message.params = to_wire_texts(params);
  return frame(Kind::kParams, at, protocol::encode(message));
}
inline std::string tags_frame(At at, const Texts& tags) {
  wire::TagsT message;
  message.tags = to_wire_texts(tags);
  return frame(Kind::kTags, at, protocol::encode(message));
}
inline std::string end_frame(At at, wire::RunStatus status = wire::RunStatus::Finished,
                             std::int64_t end_ms = 9000) {
  wire::EndT message;
  message.status = status;
  message.end_ms = end_ms;
  return frame(Kind::kEnd, at, protocol::encode(message));
}
inline std::string refused_frame(At at, VerdictCode verdict, std::string reason) {
  wire::RefusedT message;
  message.verdict = static_cast<std::uint8_t>(verdict);
  message.reason = std::move(reason);
  return frame(Kind::kRefused, at, protocol::encode(message));
}
// Of writer at.writer; at.sequence is not used.
inline std::string skip_frame(At at, std::uint64_t from, std::uint64_t to, std::uint64_t points = 0,
                              const std::vector<LostSeriesRow>& series = {}) {
  wire::SkipT message;
  message.from = from;
  message.to = to;
  message.points = points;
  message.reason = "dropped";
  for (const LostSeriesRow& row : series) {
    message.series.push_back(std::make_unique<wire::LostSeriesT>());
    *message.series.back() = {};
    message.series.back()->key = row.key;
    message.series.back()->first_step = row.first_step;
    message.series.back()->last_step = row.last_step;
    message.series.back()->points = row.points;
  }
  at.sequence = 0;
  return frame(Kind::kSkip, at, protocol::encode(message));
}

// A command of a door: no writer, no sequence. `run` 0 where it is about none.
template <typename Native>
std::string command_frame(Kind kind, const Native& message, std::uint64_t run = 0) {
  return protocol::make_frame_of(kind, message, run == 0 ? RunId{} : run_id(run));
}

}  // namespace stepwell::tracking
