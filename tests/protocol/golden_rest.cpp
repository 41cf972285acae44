#include "protocol/batch_builder.hpp"
#include "protocol/messages.hpp"
#include "tests/protocol/golden.hpp"

namespace stepwell::protocol {

void add_rest(std::vector<GoldenFrame>& all) {
  const RunId run = *RunId::parse("0123456789abcdef0123456789abcdef");
  FrameHeader header;
  header.kind = Kind::kLogBatch;
  header.run = run;
  const std::vector<std::int64_t> steps = {0, 1, 1};
  const std::vector<std::int64_t> times = {1'700'000'000'000, 1'700'000'000'250, 1'700'000'000'250};
  const std::vector<double> values = {0.1, 0.5, -0.0};
  const std::vector<std::uint32_t> index = {0, 0, 1};
  KeyListBuilder keys;
  (void)keys.add("loss").value();
  (void)keys.add("val/accuracy").value();
  BatchBuilder builder;
  builder.add_block(keys, 3, {steps, times, values, index});
  all.push_back({"log_batch", make_frame(header, builder.finish_log_batch(
                                                     {{"lr", "0.1"}}, {{"team", "blue"}}, false))});
  all.push_back(
      {"log_batch_param", make_frame(header, builder.finish_log_batch({{"lr", "0.1"}}, {}, true))});
  wire::DeleteExperimentTagT tag;
  tag.id = 7;
  tag.key = "team";
  all.push_back({"delete_experiment_tag", make_frame_of(Kind::kDeleteExperimentTag, tag)});
}

}  // namespace stepwell::protocol
