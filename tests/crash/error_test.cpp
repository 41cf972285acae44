// Every operation of the log and of LMDB fails once, or from then on for ever, with an I/O error or
// for want of space. Nothing acknowledged is lost, the store says why it stopped, and opens again
// once the fault is gone.
#include <gtest/gtest.h>

#include <cerrno>

#include "tests/crash/crash_script.hpp"

namespace stepwell::crash {
namespace {

struct Fault {
  int error_number;
  bool for_ever;
};

class FailingOperation : public testing::TestWithParam<Fault> {
 protected:
  // False: the script has no such operation.
  bool fail_at(std::uint64_t script, std::uint64_t operation) {
    SCOPED_TRACE(testing::Message() << "script " << script << " fails at operation " << operation);
    const ScratchDirectory directory;
    io::World world(script);
    world.set_plan({.fail_at = operation,
                    .fail_for_ever = GetParam().for_ever,
                    .error_number = GetParam().error_number});
    CrashScript life(world, directory.path(), script);
    life.run();
    if (world.fault().empty()) {
      life.die();
      return false;
    }
    if (!life.finished()) {
      EXPECT_NE(life.error(), "") << "stopped without a reason over " << world.fault();
    } else if (GetParam().error_number == EIO) {
      EXPECT_TRUE(life.closed_over_fault()) << "an error was swallowed: " << world.fault();
    }
    auto left = world.after_kill();
    life.die();
    life.go_on_with(*left, directory.path(), script + 5);
    return true;
  }
};

TEST_P(FailingOperation, LosesNothingAndSaysWhy) {
  std::uint64_t operation = 0;
  while (fail_at(1, operation) && !HasFailure()) ++operation;
  EXPECT_GT(operation, 300u);
}

INSTANTIATE_TEST_SUITE_P(Faults, FailingOperation,
                         testing::Values(Fault{EIO, false}, Fault{EIO, true}, Fault{ENOSPC, false},
                                         Fault{ENOSPC, true}));

}  // namespace
}  // namespace stepwell::crash
