#pragma once

// Whether one value passes one comparison, as MLflow's SQL store has it: what is missing passes
// nothing but IS NULL, a NaN nothing but != and IS NOT NULL; text is compared byte by byte. Any
// thread.

#include <cstdint>
#include <optional>
#include <string_view>

#include "engine/tracking/search/filter.hpp"

namespace stepwell::tracking::search {

// What a pattern takes is added to `steps`.
bool matches(const Comparison& comparison, std::optional<std::string_view> value,
             std::uint64_t* steps = nullptr);
bool matches(const Comparison& comparison, std::optional<double> value);
bool matches(const Comparison& comparison, std::optional<std::int64_t> value);

// `%` is any text, `_` one character; there is no escape. `fold`: ASCII letters of either case are
// the same, and only those, as in MLflow on SQLite. Takes at most the square of the text's length,
// in steps, which are added to `steps`.
bool like(std::string_view text, std::string_view pattern, bool fold,
          std::uint64_t* steps = nullptr);

}  // namespace stepwell::tracking::search
