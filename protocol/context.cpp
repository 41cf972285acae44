#include "protocol/context.hpp"

#include "engine/base/bytes.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace stepwell::protocol {
namespace {

Result<void> check_label(std::string_view key, std::string_view value) {
  if (key.size() > kLabelKeyBytesMax || value.size() > kLabelValueBytesMax) {
    return fail(ErrorKind::kInvalid,
                "context label '{}' has {} + {} bytes, expected at most {} + {}", quoted(key),
                key.size(), value.size(), kLabelKeyBytesMax, kLabelValueBytesMax);
  }
  TRY(check_key("context label", key));
  return check_name("context label's value", value);
}

}  // namespace

Result<std::string> encode_context(const Labels& labels) {
  if (labels.size() > kLabelsMax) {
    return fail(ErrorKind::kInvalid, "context has {} labels, expected at most {}", labels.size(),
                kLabelsMax);
  }
  Encoder out;
  for (const auto& [key, value] : labels) {
    TRY(check_label(key, value));
    out.put(static_cast<std::uint8_t>(key.size())).raw(key);
    out.put(static_cast<std::uint16_t>(value.size())).raw(value);
  }
  return out.take();
}

Result<Labels> decode_context(std::string_view canonical) {
  Labels labels;
  Decoder in(canonical);
  std::string_view previous;
  while (!in.done()) {
    const std::string_view key = in.take(in.get<std::uint8_t>());
    const std::string_view value = in.take(in.get<std::uint16_t>());
    if (!in.ok()) return fail(ErrorKind::kInvalid, "context of {} bytes is cut", canonical.size());
    TRY(check_label(key, value));
    if (!labels.empty() && key <= previous) {
      return fail(ErrorKind::kInvalid, "context label '{}' is repeated or not in order",
                  quoted(key));
    }
    if (labels.size() == kLabelsMax) {
      return fail(ErrorKind::kInvalid, "context has more than {} labels", kLabelsMax);
    }
    labels.emplace(key, value);
    previous = key;
  }
  return labels;
}

Result<void> check_context(std::string_view canonical) {
  if (canonical.empty()) return ok();
  TRY(decode_context(canonical));
  return ok();
}

std::string show_context(std::string_view canonical) {
  if (canonical.empty()) return "";
  const auto labels = decode_context(canonical);
  if (!labels) return fmt::format("{{{}}}", quoted(canonical));
  std::string shown = "{";
  for (const auto& [key, value] : labels.value()) {
    if (shown.size() > 1) shown += ',';
    shown += key + '=' + value;
  }
  return shown + '}';
}

Result<Labels> parse_shown_context(std::string_view shown) {
  Labels labels;
  if (shown.empty()) return labels;
  if (shown.front() != '{' || shown.back() != '}') {
    return fail(ErrorKind::kInvalid, "context is '{}', expected for example {{rank=1}}",
                quoted(shown));
  }
  shown = shown.substr(1, shown.size() - 2);
  while (!shown.empty()) {
    const std::string_view label = shown.substr(0, shown.find(','));
    shown.remove_prefix(std::min(shown.size(), label.size() + 1));
    const std::size_t equals = label.find('=');
    if (equals == std::string_view::npos) {
      return fail(ErrorKind::kInvalid, "context label is '{}', expected key=value", quoted(label));
    }
    labels.emplace(label.substr(0, equals), label.substr(equals + 1));
  }
  return labels;
}

}  // namespace stepwell::protocol
