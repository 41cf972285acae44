#pragma once

// What a run takes in the index, told from directories, tail lists and the lengths of rows: no
// chunk and no tail is read. Points that no checkpoint has moved yet are counted too.

#include <cstdint>

#include "engine/store/layered_reader.hpp"

namespace stepwell::store {

struct RunStorage {
  std::uint64_t points = 0;  // A point that lies in two places counts twice.
  std::uint64_t chunk_bytes = 0;
  std::uint64_t tail_bytes = 0;
  std::uint64_t row_bytes = 0;  // Keys and values of directories and of the tables by run.
};

Result<RunStorage> run_storage(const LayeredReader& reader, RunNumber run);

}  // namespace stepwell::store
