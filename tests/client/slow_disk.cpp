#include "tests/client/slow_disk.hpp"

#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <thread>

// In place of the C library's.
extern "C" int fdatasync(int file) {
  std::this_thread::sleep_for(
      std::chrono::milliseconds(stepwell::client::fdatasync_takes_ms.load()));
  return static_cast<int>(syscall(SYS_fdatasync, file));
}
