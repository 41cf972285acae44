#pragma once

// A chunk: up to kChunkPoints points of one series in the total order, as three coded columns (see
// docs/FORMAT.md). Several lie one after another in one value of table `chunks`.

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/codec/codec.hpp"
#include "engine/store/columns.hpp"

namespace stepwell::store {

inline constexpr std::size_t kChunkPoints = codec::kBlockPointsMax;

// Appends the coded columns of 1 to kChunkPoints points; the second form leaves steps and times
// out.
void encode_chunk(const ColumnsView& points, std::string& into);
void encode_chunk_values(const ColumnsView& points, std::string& into);

// Appends exactly `count` points and consumes their bytes from the front of `in`. kCorrupt: `in` is
// no such chunk. That the points are in order is for the caller to check. The second form leaves
// the values 0; the third reads what the second left, or what has only values.
Result<void> decode_chunk(std::string_view& in, std::size_t count, Columns& into);
Result<void> decode_chunk_places(std::string_view& in, std::size_t count, Columns& into);
Result<void> decode_chunk_values(std::string_view& in, std::span<double> values);

}  // namespace stepwell::store
