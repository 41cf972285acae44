#pragma once

// What says that no row was lost: for each group of rows their number and the sum of their
// checksums, kept in a table of the environment's own and brought up to date by every commit. Sums
// do not depend on the order of writes, so a write costs one look at the row it replaces. A page
// that LMDB finds in an older version, or not at all, changes them.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace stepwell::index {

// How the rows of a table are grouped.
enum class Summed : std::uint8_t {
  kNot,      // Other rows refer to each of them.
  kByTable,  // All are one group.
  kByOwner,  // By the first kOwnerBytes of the key: one group with the owner's rows elsewhere.
};
inline constexpr std::size_t kOwnerBytes = 8;

struct RowSum {
  std::uint64_t rows = 0;
  std::uint64_t checksums = 0;  // Modulo 2^64.

  void add(std::uint64_t checksum) { ++rows, checksums += checksum; }
  void remove(std::uint64_t checksum) { --rows, checksums -= checksum; }
  // What is added may count down: numbers wrap around.
  void add(const RowSum& other) { rows += other.rows, checksums += other.checksums; }
  bool operator==(const RowSum&) const = default;

  std::string encode() const;
  // kCorrupt: not as encode() made it.
  static Result<RowSum> decode(std::string_view row);
};

// By the key of the group's row.
using RowSums = std::map<std::string, RowSum, std::less<>>;

// Key of a row's group. Only for tables that are summed.
std::string group_key(Summed how, std::uint64_t table, std::string_view key);
// The owner whose rows are in the group, or the table of which all are.
struct Group {
  std::optional<std::uint64_t> owner;
  std::optional<std::uint64_t> table;
};
// Neither, where it is no group's key.
Group group_of_key(std::string_view group_key);
// "run 17: 3 rows with sum …, expected 4 with …". For who found other rows than there should be.
std::string describe_difference(std::string_view group_key, const RowSum& found,
                                const RowSum& expected);

}  // namespace stepwell::index
