// libFuzzer's entry to one target, named by the build.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  stepwell::fuzz::STEPWELL_FUZZ_TARGET({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
