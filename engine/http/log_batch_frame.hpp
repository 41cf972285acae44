#pragma once

// Collects what one call logs to a run, and makes the one command of it.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/base/ids.hpp"
#include "engine/base/points.hpp"
#include "protocol/batch_builder.hpp"

namespace stepwell::http {

class LogBatchFrame {
 public:
  // Texts outlive it. Keys and values were checked.
  Result<void> add_metric(std::string_view key, const Point& point);
  void add_param(std::string_view key, std::string_view value) { params_.push_back({key, value}); }
  void add_tag(std::string_view key, std::string_view value) { tags_.push_back({key, value}); }

  // `single`: of a call that logs one value.
  std::string finish(const RunId& run, bool single);

 private:
  protocol::KeyListBuilder keys_;
  std::unordered_map<std::string_view, std::uint32_t> known_;
  std::vector<std::uint32_t> key_index_;
  std::vector<std::int64_t> steps_, times_;
  std::vector<double> values_;
  std::vector<protocol::TextView> params_, tags_;
};

}  // namespace stepwell::http
