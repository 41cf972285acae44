#include "engine/tracking/search/page_token.hpp"

#include <array>
#include <cmath>
#include <optional>

#include "engine/base/bytes.hpp"

namespace stepwell::tracking::search {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::string_view kDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::string to_base64(std::string_view bytes) {
  std::string out;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      const bool inside = at + i < bytes.size();
      group = group << 8 | (inside ? static_cast<unsigned char>(bytes[at + i]) : 0u);
    }
    const std::size_t digits = std::min<std::size_t>(bytes.size() - at, 3) + 1;
    for (std::size_t i = 0; i < 4; ++i) {
      out += i < digits ? kDigits[group >> (18 - 6 * i) & 63] : '=';
    }
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  std::uint32_t bits = 0;
  unsigned count = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    bits = bits << 6 | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xFF);
  }
  return out;
}

std::optional<OrderKey> decode(std::string_view bytes, std::uint64_t question, std::size_t terms) {
  Decoder in(bytes);
  if (in.get<std::uint8_t>() != kVersion || in.get<std::uint64_t>() != question) {
    return std::nullopt;
  }
  OrderKey key;
  for (std::size_t i = 0; i < terms && in.ok(); ++i) {
    Cell cell;
    cell.rank = in.get<Cell::Rank>();
    cell.integer = in.get<std::int64_t>();
    cell.number = in.get<double>();
    cell.text = in.text();
    if (cell.rank > Cell::Rank::kMissing || std::isnan(cell.number)) return std::nullopt;
    key.emplace_back(cell);
  }
  if (!in.done()) return std::nullopt;
  return key;
}

}  // namespace

std::string write_token(std::uint64_t question, const OrderKey& last) {
  Encoder out;
  out.put(kVersion).put(question);
  for (const OwnedCell& cell : last) {
    out.put(cell.rank).put(cell.integer).put(cell.number).text(cell.text);
  }
  return to_base64(out.view());
}

Result<OrderKey> read_token(std::string_view token, std::uint64_t question, std::size_t terms) {
  if (token.size() > kTokenBytesMax) {
    return fail(ErrorKind::kInvalid, "Invalid page token: {} bytes, at most {}", token.size(),
                kTokenBytesMax);
  }
  const auto bytes = from_base64(token);
  if (!bytes) return fail(ErrorKind::kInvalid, "Invalid page token, could not base64-decode");
  auto key = decode(*bytes, question, terms);
  if (!key) {
    return fail(ErrorKind::kInvalid,
                "Invalid page token: it is none of this search's, with the same experiments, "
                "filter, order and view");
  }
  return std::move(*key);
}

}  // namespace stepwell::tracking::search
