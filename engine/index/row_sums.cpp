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

std::string group_name(std::string_view group_key) {
  Decoder in(group_key.substr(group_key.empty() ? 0 : 1));
  const auto number = in.big<std::uint64_t>();
  if (!in.done()) return fmt::format("group of a key of {} bytes", group_key.size());
  return fmt::format("{} {}", group_key[0] == kOwnerGroup ? "run" : "table", number);
}

}  // namespace stepwell::index
