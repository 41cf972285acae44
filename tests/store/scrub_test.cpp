// The walk over an index in pieces: sound while a store writes it, and each kind of damage named.
#include "engine/store/scrub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "engine/tracking/fold.hpp"
#include "tests/crash/witness.hpp"
#include "tests/sim/job_script.hpp"

namespace stepwell::store {
namespace {

using testing::HasSubstr;

Result<Scrubbed> walk(index::Environment& index, std::vector<std::string>* problems = nullptr,
                      const std::function<void()>& between = nullptr) {
  const Layout layout(index, tracking::Fold().tables());
  Scrub scrub(index, layout, [&](const std::string& text) {
    if (problems) problems->push_back(text);
  });
  bool more = true;
  while (more) {
    TRY(more, scrub.step());
    if (between) between();
  }
  return scrub.scrubbed();
}

class ScrubTest : public testing::Test {
 protected:
  ScrubTest() : store(world, directory.path(), 4) {
    store.options.checkpoint_after = milliseconds(5);
    EXPECT_TRUE(store.open());
  }

  void send(std::uint64_t seed) {
    for (const auto& command : sim::make_script(seed, {})) {
      witness.send(store, command);
      store.settle(milliseconds(1));
    }
  }
  // The index of the stopped store, of which no write is summed: what is changed is damage.
  void stop() {
    store.settle(milliseconds(500));
    ASSERT_TRUE(witness.take_answers(store));
    ASSERT_TRUE(store.close());
    const auto contents = world.contents("store/index.lmdb");
    store.leave();
    path = directory.path() + "/stopped.lmdb";
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(contents.value().data()),
               static_cast<std::streamsize>(contents.value().size()));
  }
  std::unique_ptr<index::Environment> open_stopped(bool summed) const {
    auto tables = Layout::tables(tracking::Fold().tables());
    if (!summed) {
      for (auto& table : tables) table.summed = index::Summed::kNot;
    }
    auto opened = index::Environment::open(path, tables, {.map_bytes = 64 << 20, .create = false});
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().text);
    return std::move(opened.value());
  }
  // Applies `change` to the first row of a table and walks.
  std::vector<std::string> problems_after(
      index::Table Layout::* table,
      const std::function<Result<void>(index::WriteTransaction&, index::Table, std::string key,
                                       std::string value)>& change) const {
    {
      const auto index = open_stopped(false);
      const Layout layout(*index, tracking::Fold().tables());
      auto transaction = index->begin_write();
      std::string key, value;
      {
        auto cursor = transaction.value().cursor(layout.*table);
        const auto row = cursor.value().seek({});
        key = row.value()->key;
        value = row.value()->value;
      }
      EXPECT_TRUE(change(transaction.value(), layout.*table, key, value));
      EXPECT_TRUE(transaction.value().commit());
    }
    std::vector<std::string> problems;
    const auto index = open_stopped(true);
    const auto walked = walk(*index, &problems);
    EXPECT_TRUE(walked) << (walked ? "" : walked.error().text);
    EXPECT_EQ(walked.value().problems, problems.size());
    return problems;
  }

  crash::ScratchDirectory directory;
  io::World world{4};
  crash::StoreOnWorld store;
  crash::Witness witness;
  std::string path;
};

TEST_F(ScrubTest, FindsNothingWhileTheStoreIsWritten) {
  send(1);
  std::uint64_t seed = 2, pieces = 0;
  std::vector<sim::Command> script;
  const auto walked = walk(store.store->index(), nullptr, [&] {
    if (script.empty() && seed < 6) script = sim::make_script(seed++, {});
    for (int i = 0; i < 5 && !script.empty(); ++i) {
      witness.send(store, script.back());
      script.pop_back();
      store.settle(milliseconds(1));
    }
    ++pieces;
  });
  ASSERT_TRUE(walked) << walked.error().text;
  EXPECT_EQ(walked.value().problems, 0u);
  EXPECT_GT(walked.value().runs, 3u);
  EXPECT_GT(walked.value().chunks, 10u);
  EXPECT_GT(pieces, 20u);
}

TEST_F(ScrubTest, NamesLostRows) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) send(seed);
  stop();
  {
    const auto index = open_stopped(true);
    EXPECT_EQ(walk(*index).value().problems, 0u);
  }
  const auto erase = [](auto& transaction, index::Table table, const std::string& key,
                        const std::string&) { return transaction.erase(table, key); };
  const auto problems = problems_after(&Layout::directory, erase);
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_THAT(problems.front(), HasSubstr("run "));
  EXPECT_THAT(problems.front(), HasSubstr("rows with sum"));
}

TEST_F(ScrubTest, NamesChunksThatAreLostOrNotWhatTheirEntrySays) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) send(seed);
  stop();
  std::string kept;
  auto problems = problems_after(
      &Layout::chunks,
      [&](auto& transaction, index::Table table, const std::string& key, const std::string& value) {
        kept = value;
        return transaction.erase(table, key);
      });
  ASSERT_FALSE(problems.empty());
  EXPECT_THAT(problems.front(), HasSubstr("chunk value"));
  // Another chunk's bytes under its key, with a right checksum.
  problems = problems_after(&Layout::chunks, [&](auto& transaction, index::Table table,
                                                 const std::string& key, const std::string& value) {
    EXPECT_NE(value, kept);
    return transaction.put(table, key, kept);
  });
  EXPECT_THAT(problems, testing::Contains(HasSubstr("chunk value")));
}

TEST_F(ScrubTest, NamesTailsThatAreNotWhatTheirListSays) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) send(seed);
  stop();
  const auto problems = problems_after(
      &Layout::tails, [](auto& transaction, index::Table table, const std::string& key,
                         const std::string&) { return transaction.erase(table, key); });
  EXPECT_THAT(problems, testing::Contains(HasSubstr("tail blob")));
}

}  // namespace
}  // namespace stepwell::store
