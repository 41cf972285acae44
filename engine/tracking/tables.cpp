#include "engine/tracking/tables.hpp"

namespace stepwell::tracking {

std::vector<store::TableInfo> tables() {
  constexpr bool kByRun = true;
  return {{"counters"},     {"experiments"},     {"experiment_names"}, {"experiment_tags"},
          {"runs"},         {"run_ids"},         {"experiment_runs"},  {"params", kByRun},
          {"tags", kByRun}, {"writers", kByRun}, {"slots", kByRun},    {"keys"},
          {"key_names"},    {"contexts"},        {"context_names"},    {"series", kByRun},
          {"settings"},     {"tombstones"}};
}

}  // namespace stepwell::tracking
