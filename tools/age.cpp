#include "tools/age.hpp"

#include <charconv>
#include <utility>

namespace stepwell::tools {
namespace {

constexpr std::pair<char, Instant> kUnits[] = {{'s', std::chrono::seconds(1)},
                                               {'m', std::chrono::minutes(1)},
                                               {'h', std::chrono::hours(1)},
                                               {'d', std::chrono::hours(24)},
                                               {'w', std::chrono::hours(24 * 7)}};
constexpr Instant kAgeMax = std::chrono::hours(24 * 36'525);

}  // namespace

Result<Instant> parse_age(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, failed] = std::from_chars(text.data(), end, number);
  if (failed == std::errc() && number >= 0 && end - rest == 1) {
    for (const auto& [letter, unit] : kUnits) {
      if (*rest == letter && number <= kAgeMax / unit) return number * unit;
    }
  }
  return fail(ErrorKind::kInvalid,
              "'{}': expected a number of at most 100 years and a unit: s, m, h, d or w", text);
}

}  // namespace stepwell::tools
