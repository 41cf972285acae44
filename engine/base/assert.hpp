#pragma once

// Asserts name our own bugs. They stay on in release and abort: a store that has lost its footing
// must not go on writing. What a client, a file or a disk can cause is an Error instead.

namespace stepwell {

[[noreturn]] void assert_failed(const char* expression, const char* file, int line);

}  // namespace stepwell

#define STEPWELL_ASSERT(expression) \
  ((expression) ? static_cast<void>(0) : ::stepwell::assert_failed(#expression, __FILE__, __LINE__))
