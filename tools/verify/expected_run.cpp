#include "tools/verify/expected_run.hpp"

#include <algorithm>

#include "protocol/batch.hpp"
#include "protocol/messages.hpp"

namespace stepwell::tools {

Result<void> ExpectedRun::apply(const protocol::FrameView& frame) {
  using protocol::Kind;
  switch (frame.header.kind) {
    case Kind::kBatch:
      ++batches;
      return add_batch(frame.payload());
    case Kind::kOpen: {
      TRY(const auto open, protocol::decode<wire::OpenT>(frame.payload()));
      for (const auto& tag : open.tags) tags[tag->key] = tag->value;
      tags["mlflow.runName"] = open.run_name;
      return ok();
    }
    case Kind::kParams: {
      TRY(const auto message, protocol::decode<wire::ParamsT>(frame.payload()));
      for (const auto& param : message.params) params[param->key] = param->value;
      return ok();
    }
    case Kind::kTags: {
      TRY(const auto message, protocol::decode<wire::TagsT>(frame.payload()));
      for (const auto& tag : message.tags) tags[tag->key] = tag->value;
      return ok();
    }
    default:
      return ok();
  }
}

Result<void> ExpectedRun::add_batch(Bytes payload) {
  TRY(const auto batch, protocol::BatchView::parse(payload));
  for (const auto& block : batch.blocks) {
    auto& series = known_[block.keys.hash()];
    if (series.empty()) {
      block.keys.for_each([&](std::string_view key, std::string_view context) {
        series.push_back(&points[{std::string(key), std::string(context)}]);
      });
    }
    if (block.is_rows()) {
      for (std::uint32_t i = 0; i < block.points; ++i) {
        series[block.key_index[i]]->push_back({block.steps[i], block.times[i], block.values[i]});
      }
      continue;
    }
    std::size_t at = 0;
    for (std::vector<Point>* one : series) {
      for (std::uint32_t i = 0; i < block.points; ++i, ++at) {
        one->push_back({block.steps[i], block.times[i], block.values[at]});
      }
    }
  }
  return ok();
}

void ExpectedRun::finish() {
  for (auto& [key, series] : points) {
    const auto less = [](const Point& a, const Point& b) { return a < b; };
    if (!std::ranges::is_sorted(series, less)) std::ranges::sort(series, less);
    series.erase(std::unique(series.begin(), series.end()), series.end());
  }
  std::erase_if(points, [](const auto& entry) { return entry.second.empty(); });
}

}  // namespace stepwell::tools
