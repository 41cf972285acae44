#pragma once

// The domain's tables in the store, and what their keys are. Numbers in keys are big-endian
// (row_keys.hpp).

#include <vector>

#include "engine/store/fold.hpp"

namespace stepwell::tracking {

using store::TableNumber;

// Positions follow tables().
namespace table {
inline constexpr TableNumber kCounters{0};         // "" -> Counters
inline constexpr TableNumber kExperiments{1};      // experiment -> ExperimentRow
inline constexpr TableNumber kExperimentNames{2};  // hash of name -> NameList
inline constexpr TableNumber kExperimentTags{3};   // experiment, key id -> value
inline constexpr TableNumber kRuns{4};             // run number -> RunRow
inline constexpr TableNumber kRunIds{5};           // run id -> run number
inline constexpr TableNumber kExperimentRuns{6};   // experiment, run number -> ""
inline constexpr TableNumber kParams{7};           // run number, key id -> value
inline constexpr TableNumber kTags{8};             // run number, key id -> value
inline constexpr TableNumber kWriters{9};          // run number, writer id -> WriterRow
inline constexpr TableNumber kSlots{10};           // run number, slot -> writer id
inline constexpr TableNumber kKeys{11};            // hash of key -> NameList
inline constexpr TableNumber kKeyNames{12};        // key id -> key
inline constexpr TableNumber kContexts{13};        // hash of context -> NameList
inline constexpr TableNumber kContextNames{14};    // context id -> canonical context
inline constexpr TableNumber kSeries{15};      // run number, key id, context id -> series number
inline constexpr TableNumber kSettings{16};    // name -> value
inline constexpr TableNumber kTombstones{17};  // id of a run that was purged -> ""
}  // namespace table

std::vector<store::TableInfo> tables();

}  // namespace stepwell::tracking
