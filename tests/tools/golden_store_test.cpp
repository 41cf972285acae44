// A store that version 1 of the formats wrote, killed with something in its log: every later
// program must read it, find in it what was in it, and go on with it. tests/data/store-v1/README.md
// tells how it was made.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "tests/tools/stepwell_process.hpp"

namespace stepwell::tools {
namespace {

using testing::HasSubstr;

class GoldenStore : public testing::Test {
 protected:
  GoldenStore() {
    const std::string unpack = "tar -xzf " + kGolden + "/data.tar.gz -C " + (scratch_ / ".");
    EXPECT_EQ(std::system(unpack.c_str()), 0) << unpack;
    for (const char* journal : {"mixed", "steps", "f3"}) {
      std::filesystem::copy_file(kGolden + "/" + journal, scratch_ / journal);
    }
  }
  Finished verify(const std::vector<std::string>& journals) {
    std::vector<std::string> arguments = {"verify", store_, "--digest"};
    for (const std::string& journal : journals) {
      arguments.insert(arguments.end(), {"--journal", scratch_ / journal});
    }
    return run_stepwell(arguments);
  }

  const std::string kGolden = std::string(STEPWELL_TEST_DATA) + "/store-v1";
  TestDirectory scratch_;
  const std::string store_ = scratch_ / "data";
};

TEST_F(GoldenStore, IsReadAndHoldsWhatWasAcknowledged) {
  const auto verified = verify({"mixed", "steps", "f3"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
  EXPECT_THAT(verified.out, HasSubstr(contents_of(kGolden + "/digest")));
  const auto runs = run_stepwell({"runs", "--data", store_, "--deleted", "--json"});
  EXPECT_EQ(runs.code, 0) << runs.err;
  EXPECT_THAT(runs.out, HasSubstr("\"deleted\":true"));
}

TEST_F(GoldenStore, GoesOnUnderThisProgram) {
  TestServer server(store_, scratch_ / "server");
  ASSERT_TRUE(server.start()) << server.errors();
  const auto loaded = run_stepwell({"load", "--to", server.address(), "--profile", "mixed",
                                    "--streams", "4", "--seconds", "1", "--rate", "20000", "--seed",
                                    "99", "--journal", scratch_ / "more"});
  ASSERT_EQ(loaded.code, 0) << loaded.err;
  ASSERT_EQ(server.stop(), 0) << server.errors();
  const auto verified = verify({"mixed", "steps", "f3", "more"});
  EXPECT_EQ(verified.code, 0) << verified.out << verified.err;
}

}  // namespace
}  // namespace stepwell::tools
