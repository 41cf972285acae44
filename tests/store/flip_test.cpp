// Bits of the index file flip. The walk names damage, or LMDB gives up (in a child process), or
// nothing that can be read has changed; never does another content pass as sound.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <map>

#include "engine/store/check.hpp"
#include "engine/tracking/fold.hpp"
#include "tests/crash/witness.hpp"
#include "tests/sim/job_script.hpp"

namespace stepwell::store {
namespace {

enum Outcome { kUnchanged = 0, kReported = 1, kSilent = 2 };

// Everything that the index holds, as one number.
std::size_t contents_of(index::Environment& index, const Layout& layout) {
  std::string all;
  auto transaction = index.begin_read();
  if (!transaction) return 0;
  std::vector<index::Table> tables = {layout.meta,   layout.journal,    layout.directory,
                                      layout.chunks, layout.tail_lists, layout.tails};
  for (std::size_t i = 0; i < layout.fold_table_count(); ++i) {
    tables.push_back(layout.fold_table({static_cast<std::uint8_t>(i)}));
  }
  for (const index::Table table : tables) {
    auto cursor = transaction.value().cursor(table);
    if (!cursor) return 0;
    for (auto row = cursor.value().seek({}); row && row.value(); row = cursor.value().next()) {
      all += fmt::format("{}:{}:", row.value()->key.size(), row.value()->value.size());
      all.append(row.value()->key).append(row.value()->value);
    }
    all += "|";
  }
  return std::hash<std::string>()(all);
}

Outcome look_at(const std::string& path, std::size_t expected, std::string* problem = nullptr) {
  index::Options options;
  options.map_bytes = 64 << 20;
  options.create = false;
  auto index =
      index::Environment::open(path, Layout::table_names(tracking::Fold().tables()), options);
  if (!index) return kReported;
  const Layout layout(*index.value(), tracking::Fold().tables());
  const auto checked = check_index(*index.value(), layout, [&](const std::string& text) {
    if (problem) *problem = text;
  });
  if (!checked || checked.value().problems > 0) return kReported;
  return contents_of(*index.value(), layout) == expected ? kUnchanged : kSilent;
}

class FlipTest : public testing::Test {
 protected:
  // An index of a real script, closed in order.
  void SetUp() override {
    io::World world(9);
    crash::StoreOnWorld store(world, directory.path(), 9);
    store.options.checkpoint_after = milliseconds(5);
    ASSERT_TRUE(store.open());
    crash::Witness witness;
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      for (const auto& command : sim::make_script(seed, {})) {
        witness.send(store, command);
        store.settle(milliseconds(1));
      }
    }
    store.settle(milliseconds(500));
    ASSERT_TRUE(witness.take_answers(store));
    ASSERT_TRUE(store.close());
    const auto contents = world.contents("store/index.lmdb");
    bytes.assign(reinterpret_cast<const char*>(contents.value().data()), contents.value().size());
    store.leave();
    path = directory.path() + "/flipped.lmdb";
    write(bytes);
    index::Options options;
    options.map_bytes = 64 << 20;
    options.create = false;
    auto index =
        index::Environment::open(path, Layout::table_names(tracking::Fold().tables()), options);
    ASSERT_TRUE(index.has_value()) << index.error().text;
    const Layout layout(*index.value(), tracking::Fold().tables());
    const auto checked =
        check_index(*index.value(), layout, [](const auto& text) { ADD_FAILURE() << text; });
    ASSERT_TRUE(checked.has_value());
    EXPECT_GT(checked.value().points, 1000u);
    EXPECT_GT(checked.value().tail_points, 1000u);
    EXPECT_GT(checked.value().chunks, 3u);
    expected = contents_of(*index.value(), layout);
  }

  void write(const std::string& contents) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << contents;
  }

  // In a child, which may crash or hang over it.
  Outcome look_in_child() const {
    const pid_t child = fork();
    if (child == 0) {
      alarm(20);
      // What a damaged map makes LMDB say and do is not this process' failure.
      close(STDERR_FILENO);
      _exit(look_at(path, expected));
    }
    int status = 0;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? static_cast<Outcome>(WEXITSTATUS(status)) : kReported;
  }

  crash::ScratchDirectory directory;
  std::string bytes, path;
  std::size_t expected = 0;
};

TEST_F(FlipTest, NoFlippedBitPassesUnseen) {
  SeededRandom random(21);
  std::map<Outcome, int> outcomes;
  constexpr std::size_t kPage = 4096;
  for (int i = 0; i < 2000; ++i) {
    // Half of them anywhere behind LMDB's two first pages, half in pages' headers.
    std::size_t at = 2 * kPage + random.below(bytes.size() - 2 * kPage);
    if (random.one_in(2)) at = at / kPage * kPage + random.below(48);
    const auto bit = static_cast<char>(1 << random.below(8));
    std::string flipped = bytes;
    flipped[at] = static_cast<char>(flipped[at] ^ bit);
    write(flipped);
    const Outcome outcome = look_in_child();
    ++outcomes[outcome];
    EXPECT_NE(outcome, kSilent) << "bit " << int{bit} << " of byte " << at;
  }
  EXPECT_GT(outcomes[kReported], 300);
  EXPECT_GT(outcomes[kUnchanged], 100);
  RecordProperty("reported", outcomes[kReported]);
}

}  // namespace
}  // namespace stepwell::store
