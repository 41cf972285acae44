#include "engine/index/row_sums.hpp"

#include "engine/base/assert.hpp"
#include "engine/base/bytes.hpp"

namespace stepwell::index {
namespace {

// First byte of a group's key.
constexpr char kTableGroup = 0;
constexpr char kOwnerGroup = 1;

}  // namespace

std::string RowSum::encode() const {
  return Encoder().put(rows).put(checksums).take();
}

Result<RowSum> RowSum::decode(std::string_view row) {
  Decoder in(row);
  RowSum sum;
  sum.rows = in.get<std::uint64_t>();
  sum.checksums = in.get<std::uint64_t>();
  if (!in.done()) return fail(ErrorKind::kCorrupt, "a row sum has {} bytes", row.size());
  return sum;
}

std::string group_key(Summed how, std::uint64_t table, std::string_view key) {
  STEPWELL_ASSERT(how != Summed::kNot);
  if (how == Summed::kByOwner)
    return std::string(1, kOwnerGroup).append(key.substr(0, kOwnerBytes));
  return std::string(1, kTableGroup).append(Encoder().big(table).view());
}

Group group_of_key(std::string_view group_key) {
  if (group_key.empty()) return {};
  Decoder in(group_key.substr(1));
  const auto number = in.big<std::uint64_t>();
  if (!in.done()) return {};
  if (group_key[0] == kOwnerGroup) return {number, std::nullopt};
  return {std::nullopt, number};
}

std::string describe_difference(std::string_view group_key, const RowSum& found,
                                const RowSum& expected) {
  const Group group = group_of_key(group_key);
  return fmt::format("{} {}: {} rows with sum {:016x}, expected {} with {:016x}",
                     group.owner ? "run" : "table", group.owner.value_or(group.table.value_or(0)),
                     found.rows, found.checksums, expected.rows, expected.checksums);
}

}  // namespace stepwell::index
