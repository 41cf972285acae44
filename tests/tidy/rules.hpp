#pragma once

// What DESIGN and STYLE say about the tree, as checks over its text.

#include <map>
#include <string>

#include "tests/tidy/tree.hpp"

namespace stepwell::tidy {

inline constexpr int kHeaderLinesMax = 150;
inline constexpr int kSourceLinesMax = 300;
inline constexpr int kFunctionLinesMax = 70;
inline constexpr int kColumnsMax = 100;
inline constexpr int kCoroutineUnitsMax = 6;

// include_rules.cpp

// Which folder may include which: DESIGN's table, section 2.
Complaints check_folder_table(const Tree& tree);
// Which folders may name which library.
Complaints check_libraries(const Tree& tree);
// Asio's coroutine headers and Beast cost 16 s and more a translation unit, so those are counted.
Complaints check_coroutine_units(const Tree& tree);

// file_rules.cpp

// `#pragma once` in every header; a source includes its own header first.
Complaints check_headers(const Tree& tree);
// A README in every folder that is a target under engine/ and protocol/; no folder for leftovers.
Complaints check_folders(const Tree& tree);

// size_rules.cpp

// What is over a limit today, by "path what": the size that may only shrink. What is `lines`,
// `columns` (how many lines are too long) or `function` (the longest one).
using Ratchet = std::map<std::string, int>;
Ratchet parse_ratchet(const Lines& lines);
Complaints check_sizes(const Tree& tree, const Ratchet& ratchet);

}  // namespace stepwell::tidy
