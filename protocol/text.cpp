#include "protocol/text.hpp"

#include <algorithm>

#include "protocol/limits.hpp"

namespace stepwell::protocol {
namespace {

// Length of the well-formed sequence at the start of `text`, 0 if there is none (Unicode table
// 3-7).
std::size_t sequence_length(std::string_view text) {
  const auto at = [&](std::size_t i) -> unsigned {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const auto in = [](unsigned byte, unsigned low, unsigned high) {
    return byte >= low && byte <= high;
  };
  const unsigned a = at(0);
  if (a < 0x80) return 1;
  if (in(a, 0xC2, 0xDF)) return in(at(1), 0x80, 0xBF) ? 2 : 0;
  if (in(a, 0xE0, 0xEF)) {
    const unsigned low = a == 0xE0 ? 0xA0 : 0x80;
    const unsigned high = a == 0xED ? 0x9F : 0xBF;
    return in(at(1), low, high) && in(at(2), 0x80, 0xBF) ? 3 : 0;
  }
  if (in(a, 0xF0, 0xF4)) {
    const unsigned low = a == 0xF0 ? 0x90 : 0x80;
    const unsigned high = a == 0xF4 ? 0x8F : 0xBF;
    return in(at(1), low, high) && in(at(2), 0x80, 0xBF) && in(at(3), 0x80, 0xBF) ? 4 : 0;
  }
  return 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (text.size() >= 8 && (load_le<std::uint64_t>(text.data()) & 0x8080808080808080ULL) == 0) {
    text.remove_prefix(8);
  }
  while (!text.empty()) {
    const std::size_t n = sequence_length(text);
    if (n == 0) return false;
    text.remove_prefix(n);
  }
  return true;
}

bool has_no_control(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

Result<void> check_key(std::string_view what, std::string_view key) {
  if (key.empty())
    return fail(ErrorKind::kInvalid, "{} is empty, expected 1 to {} bytes", what,
                kMetricKeyBytesMax);
  return check_name(what, key);
}

Result<void> check_name(std::string_view what, std::string_view name) {
  if (name.size() > kNameBytesMax) {
    return fail(ErrorKind::kInvalid, "{} '{}' has {} bytes, expected at most {}", what,
                quoted(name), name.size(), kNameBytesMax);
  }
  if (!is_utf8(name)) {
    return fail(ErrorKind::kInvalid, "{} '{}' is not UTF-8", what, quoted(name));
  }
  if (!has_no_control(name)) {
    return fail(ErrorKind::kInvalid, "{} '{}' has control characters", what, quoted(name));
  }
  return ok();
}

Result<void> check_value(std::string_view what, std::string_view value) {
  if (value.size() > kValueBytesMax) {
    return fail(ErrorKind::kInvalid, "{} has {} bytes, expected at most {}", what, value.size(),
                kValueBytesMax);
  }
  if (!is_utf8(value))
    return fail(ErrorKind::kInvalid, "{} '{}' is not UTF-8", what, quoted(value));
  return ok();
}

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 64;
  std::string out;
  for (const char c : text.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7F) {
      out.push_back(c);
    } else {
      out += fmt::format("\\x{:02x}", byte);
    }
  }
  if (text.size() > kShown) out += "...";
  return out;
}

}  // namespace stepwell::protocol
