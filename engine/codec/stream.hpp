#pragma once

// A column of integers written after a plan, and read back.

#include "engine/codec/parts.hpp"
#include "engine/codec/plan.hpp"

namespace stepwell::codec {

// Writes everything after the first byte, which is the caller's, and what the caller put behind it.
// Returns the end: plan.bytes - 1 further.
std::byte* write_stream(const Plan& plan, const Levels& levels, std::byte* out);

// Reads it back. kCorrupt: not such a stream.
Result<void> read_stream(Form form, Reader& in, std::span<std::int64_t> items);

// Positions of a column's exceptional items: ascending, below `count`. `out` has room for `n`.
std::byte* write_positions(const std::uint32_t* positions, std::size_t n, std::size_t count,
                           std::byte* out);
Result<void> read_positions(Reader& in, std::size_t n, std::size_t count, std::uint32_t* positions);

}  // namespace stepwell::codec
