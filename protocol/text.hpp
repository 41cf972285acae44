#pragma once

// Rules for names and keys that the format fixes, wherever they come from.

#include <string>
#include <string_view>

#include "engine/base/bytes.hpp"
#include "engine/base/result.hpp"

namespace stepwell::protocol {

// Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_utf8(std::string_view text);
// No byte below 0x20 and no 0x7f.
bool has_no_control(std::string_view text);

// kInvalid unless 1..1024 bytes of UTF-8 without control characters. `what` names it in the
// message.
Result<void> check_key(std::string_view what, std::string_view key);
// kInvalid unless at most 1024 bytes of UTF-8 without control characters. May be empty.
Result<void> check_name(std::string_view what, std::string_view name);
// kInvalid unless at most 512 KiB of UTF-8.
Result<void> check_value(std::string_view what, std::string_view value);

// Text that may be anything, made fit for a message: cut to 64 bytes, other than printable ASCII as
// \xNN.
std::string quoted(std::string_view text);

}  // namespace stepwell::protocol
