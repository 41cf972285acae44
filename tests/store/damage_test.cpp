// Bits of the index file flip, sectors come from elsewhere, pages from an earlier state of the
// file. The walk names damage, or LMDB gives up (in a child process), or nothing that can be read
// has changed; never does another content pass as sound, and the walk comes to an end.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <map>

#include "engine/store/check.hpp"
#include "engine/tracking/fold.hpp"
#include "tests/crash/witness.hpp"
#include "tests/sim/job_script.hpp"

namespace stepwell::store {
namespace {

// A damaged map can send a walk in circles.
constexpr rlim_t kWalkSeconds = 2;

enum Outcome { kUnchanged = 0, kReported = 1, kSilent = 2, kEndless = 3 };

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
  auto index = index::Environment::open(path, Layout::tables(tracking::Fold().tables()), options);
  if (!index) return kReported;
  const Layout layout(*index.value(), tracking::Fold().tables());
  const auto checked = check_index(*index.value(), layout, [&](const std::string& text) {
    if (problem) *problem = text;
  });
  if (!checked || checked.value().problems > 0) return kReported;
  return contents_of(*index.value(), layout) == expected ? kUnchanged : kSilent;
}

class DamageTest : public testing::TestWithParam<int> {
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
      if (seed == 2) {
        store.settle(milliseconds(500));
        older = file_in(world);
      }
    }
    store.settle(milliseconds(500));
    ASSERT_TRUE(witness.take_answers(store));
    ASSERT_TRUE(store.close());
    bytes = file_in(world);
    store.leave();
    path = directory.path() + "/flipped.lmdb";
    write(bytes);
    index::Options options;
    options.map_bytes = 64 << 20;
    options.create = false;
    auto index = index::Environment::open(path, Layout::tables(tracking::Fold().tables()), options);
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

  static std::string file_in(io::World& world) {
    const auto contents = world.contents("store/index.lmdb");
    return {reinterpret_cast<const char*>(contents.value().data()), contents.value().size()};
  }

  void write(const std::string& contents) const {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << contents;
  }

  // In a child, which may crash or hang over it.
  Outcome look_in_child() const {
    const pid_t child = fork();
    if (child == 0) {
      // A thousand times what a walk takes; of the processor, so that a slow machine has it too.
      const rlimit longest{kWalkSeconds, kWalkSeconds + 1};
      setrlimit(RLIMIT_CPU, &longest);
      // What a damaged map makes LMDB say and do is not this process' failure.
      close(STDERR_FILENO);
      _exit(look_at(path, expected));
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) return kEndless;
    return WIFEXITED(status) ? static_cast<Outcome>(WEXITSTATUS(status)) : kReported;
  }

  crash::ScratchDirectory directory;
  std::string bytes, older, path;
  std::size_t expected = 0;
};

// LMDB's two first pages are left alone: either of them may be lost, and then the other counts.
constexpr std::size_t kPage = 4096;
constexpr std::size_t kSector = 512;

// The file with one damage, and what it is.
struct Damaged {
  std::string bytes;
  std::string what;
};

Damaged flip_a_bit(std::string bytes, SeededRandom& random) {
  std::size_t at = 2 * kPage + random.below(bytes.size() - 2 * kPage);
  // Half of them in pages' headers.
  if (random.one_in(2)) at = at / kPage * kPage + random.below(48);
  const int bit = 1 << random.below(8);
  bytes[at] = static_cast<char>(bytes[at] ^ bit);
  return {std::move(bytes), fmt::format("bit {} of byte {}", bit, at)};
}

// `from` is another state of the same file, or the file itself.
Damaged misplace(std::string bytes, const std::string& from, std::size_t length, bool same_place,
                 SeededRandom& random) {
  const std::size_t first = 2 * kPage / length;
  const std::size_t to = first + random.below(bytes.size() / length - first);
  std::size_t source = to;
  if (!same_place) source = first + random.below(from.size() / length - first);
  bytes.replace(to * length, length, from, source * length, length);
  return {std::move(bytes),
          fmt::format("{} bytes of {} at {}", length, source * length, to * length)};
}

Damaged damage(const std::string& bytes, const std::string& older, SeededRandom& random) {
  switch (random.below(8)) {
    case 0:
      return misplace(bytes, bytes, kSector, false, random);
    case 1:
      return misplace(bytes, bytes, kPage, false, random);
    case 2:
      return misplace(bytes, std::string(bytes.size(), '\0'), kSector, true, random);
    case 3:  // A write that never reached the disk.
      return misplace(bytes, older + bytes.substr(older.size()), kPage, true, random);
    default:
      return flip_a_bit(bytes, random);
  }
}

constexpr int kShards = 8;

TEST_P(DamageTest, NeverPassesAsSound) {
  const char* const wanted = std::getenv("STEPWELL_DAMAGES");
  const int rounds = (wanted ? std::atoi(wanted) : 20'000) / kShards;
  SeededRandom random(static_cast<std::uint64_t>(GetParam()));
  std::map<Outcome, int> outcomes;
  for (int i = 0; i < rounds; ++i) {
    const Damaged damaged = damage(bytes, older, random);
    write(damaged.bytes);
    const Outcome outcome = look_in_child();
    ++outcomes[outcome];
    ASSERT_NE(outcome, kSilent) << damaged.what;
    ASSERT_NE(outcome, kEndless) << damaged.what;
  }
  EXPECT_GT(outcomes[kReported], rounds / 8);
  EXPECT_GT(outcomes[kUnchanged], rounds / 40);
}

INSTANTIATE_TEST_SUITE_P(Index, DamageTest, testing::Range(0, kShards));

}  // namespace
}  // namespace stepwell::store
