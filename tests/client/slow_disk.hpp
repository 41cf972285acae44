#pragma once

// The program's own fdatasync(): as slow as a test wants it to be.

#include <atomic>

namespace stepwell::client {

inline std::atomic<int> fdatasync_takes_ms = 0;

}  // namespace stepwell::client
