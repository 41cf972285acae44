#include "engine/http/log_batch_frame.hpp"

#include "protocol/frame.hpp"

namespace stepwell::http {

Result<void> LogBatchFrame::add_metric(std::string_view key, const Point& point) {
  const auto [known, added] = known_.emplace(key, keys_.count());
  if (added) {
    TRY(keys_.add(key));
  }
  key_index_.push_back(known->second);
  steps_.push_back(point.step);
  times_.push_back(point.timestamp_ms);
  values_.push_back(point.value);
  return ok();
}

std::string LogBatchFrame::finish(const RunId& run, bool single) {
  protocol::BatchBuilder builder;
  if (!values_.empty()) {
    protocol::Columns columns{steps_, times_, values_, {}};
    if (keys_.count() > 1) columns.key_index = key_index_;  // Else the one series has them all.
    builder.add_block(keys_, values_.size(), columns);
  }
  protocol::FrameHeader header;
  header.kind = protocol::Kind::kLogBatch;
  header.run = run;
  return protocol::make_frame(header, builder.finish_log_batch(params_, tags_, single));
}

}  // namespace stepwell::http
