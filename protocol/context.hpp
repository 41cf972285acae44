#pragma once

// A context: the label set that tells series of one key apart, usually empty. Its canonical bytes
// are its identity: labels sorted by key, each {u8 key length, key, u16 value length, value}; the
// empty context is the empty string.

#include <map>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace stepwell::protocol {

using Labels = std::map<std::string, std::string, std::less<>>;

// kInvalid: more than 8 labels, or one that is empty, too long, not UTF-8 or has control
// characters.
Result<std::string> encode_context(const Labels& labels);
// Also refuses labels that are repeated or not sorted: there is one form of every context.
Result<Labels> decode_context(std::string_view canonical);
Result<void> check_context(std::string_view canonical);

// "" or "{rank=1,host=a}".
std::string show_context(std::string_view canonical);
// The reverse of show_context, for tools. Values may not contain ',' or '}'.
Result<Labels> parse_shown_context(std::string_view shown);

}  // namespace stepwell::protocol
