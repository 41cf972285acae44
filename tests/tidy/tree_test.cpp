// The real tree keeps every rule.

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tidy/rules.hpp"

namespace stepwell::tidy {
namespace {

const Tree& tree() {
  static const Tree loaded = load_tree(STEPWELL_SOURCE_DIR);
  return loaded;
}

Lines ratchet_lines() {
  std::ifstream in(STEPWELL_SOURCE_DIR "/tests/tidy/ratchet.txt");
  return split_lines(std::string(std::istreambuf_iterator<char>(in), {}));
}

MATCHER(IsClean, "no complaints") {
  for (const auto& complaint : arg) *result_listener << "\n  " << complaint;
  return arg.empty();
}

TEST(TheTree, IsFound) {
  EXPECT_TRUE(tree().contains("engine/base/result.hpp"));
  EXPECT_TRUE(tree().contains("tests/tidy/tree_test.cpp"));
}

TEST(TheTree, IncludesAsTheDesignAllows) {
  EXPECT_THAT(check_folder_table(tree()), IsClean());
}

TEST(TheTree, NamesLibrariesWhereTheyBelong) {
  EXPECT_THAT(check_libraries(tree()), IsClean());
}

TEST(TheTree, CompilesCoroutineHeadersRarely) {
  EXPECT_THAT(check_coroutine_units(tree()), IsClean());
}

TEST(TheTree, HasSoundHeaders) {
  EXPECT_THAT(check_headers(tree()), IsClean());
}

TEST(TheTree, HasToldFolders) {
  EXPECT_THAT(check_folders(tree()), IsClean());
}

TEST(TheTree, StaysWithinItsSizes) {
  EXPECT_THAT(check_sizes(tree(), parse_ratchet(ratchet_lines())), IsClean());
}

// What the README shows is what examples/quickstart compiles.
TEST(TheReadme, ShowsTheQuickstart) {
  const auto read = [](const char* path) {
    std::ifstream in(std::string(STEPWELL_SOURCE_DIR) + path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const auto program = read("/examples/quickstart/quickstart.cpp");
  ASSERT_FALSE(program.empty());
  EXPECT_THAT(read("/README.md"), testing::HasSubstr("```cpp\n" + program + "```"));
}

}  // namespace
}  // namespace stepwell::tidy
