#pragma once

// Metric batches as writers make them, sound ones and one that is not.

#include <string>
#include <utility>
#include <vector>

#include "engine/base/points.hpp"
#include "protocol/batch_builder.hpp"
#include "tests/tracking/frames.hpp"

namespace stepwell::tracking {

// One block. Without steps the server assigns them, without times it takes the arrival time.
struct BlockSpec {
  std::vector<std::pair<std::string, std::string>> keys = {
      {"loss", ""}};  // Key, canonical context.
  std::vector<std::int64_t> steps = {};
  std::vector<std::int64_t> times = {};
  std::vector<double> values = {};
  std::vector<std::uint32_t> key_index = {};
};

inline std::string batch_payload(const std::vector<BlockSpec>& specs) {
  protocol::BatchBuilder batch;
  for (const BlockSpec& spec : specs) {
    protocol::KeyListBuilder keys;
    for (const auto& [key, context] : spec.keys) keys.add(key, context).value();
    const std::size_t points =
        spec.key_index.empty() ? spec.values.size() / keys.count() : spec.values.size();
    batch.add_block(keys, points, {spec.steps, spec.times, spec.values, spec.key_index});
  }
  return batch.finish();
}
inline std::string batch_frame(At at, const std::vector<BlockSpec>& specs) {
  return frame(Kind::kBatch, at, batch_payload(specs));
}
// Points of one series.
inline std::string batch_frame(At at, std::string key, const std::vector<Point>& points,
                               std::string context = {}) {
  BlockSpec spec{{{std::move(key), std::move(context)}}};
  for (const Point& point : points) {
    spec.steps.push_back(point.step);
    spec.times.push_back(point.timestamp_ms);
    spec.values.push_back(point.value);
  }
  return batch_frame(at, {spec});
}
// A batch that passes every check of its shape and has a key that no rule allows.
inline std::string poison_frame(At at) {
  std::string payload =
      batch_payload({{{{"good", ""}}, {1}, {1}, {1.0}}, {{{"bXd", ""}}, {1}, {1}, {2.0}}});
  payload[payload.find("bXd") + 1] = '\n';
  return frame(Kind::kBatch, at, payload);
}

}  // namespace stepwell::tracking
