#pragma once

// What one of MLflow's calls logs to a run, read in place: views over the payload, valid while it
// is. BatchBuilder::finish_log_batch() makes one.

#include <optional>
#include <vector>

#include "protocol/batch.hpp"
#include "protocol/batch_builder.hpp"

namespace stepwell::protocol {

struct LogBatchView {
  std::optional<BatchView> metrics;
  std::vector<TextView> params;
  std::vector<TextView> tags;
  bool single = false;  // Of a call that logs one value.

  // kInvalid names what is not well-formed. Rules for keys and values are checked by the fold.
  // `payload` is 8-aligned.
  static Result<LogBatchView> parse(Bytes payload);
};

}  // namespace stepwell::protocol
