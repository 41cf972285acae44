#include "engine/base/assert.hpp"

#include <cstdio>
#include <cstdlib>

namespace stepwell {

void assert_failed(const char* expression, const char* file, int line) {
  std::fprintf(stderr, "stepwell: assertion failed: %s at %s:%d\n", expression, file, line);
  std::abort();
}

}  // namespace stepwell
