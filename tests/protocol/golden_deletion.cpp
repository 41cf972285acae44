#include "protocol/messages.hpp"
#include "tests/protocol/golden.hpp"

namespace stepwell::protocol {

void add_deletion(std::vector<GoldenFrame>& all) {
  const RunId run = *RunId::parse("0123456789abcdef0123456789abcdef");
  wire::PurgeRunT purge;
  purge.deleted_until_ms = 1'700'000'000'000;
  all.push_back({"purge_run", make_frame_of(Kind::kPurgeRun, purge, run, {}, 5)});
  wire::PurgeExperimentT experiment;
  experiment.id = 1;
  all.push_back({"purge_experiment", make_frame_of(Kind::kPurgeExperiment, experiment, {}, {}, 6)});
  wire::RunStorageT asked;
  asked.run = std::make_unique<wire::Id>(to_wire(run));
  all.push_back({"run_storage", make_frame_of(Kind::kRunStorage, asked, {}, {}, 7)});
  wire::RunStorageDataT stored;
  stored.series = 2;
  stored.points = 2000;
  stored.chunk_bytes = 7000;
  stored.tail_bytes = 90;
  stored.row_bytes = 512;
  all.push_back({"run_storage_data", make_frame_of(Kind::kRunStorageData, stored, {}, {}, 7)});
}

}  // namespace stepwell::protocol
