// Three layers against one plain map; versions and pins.
#include <limits>
#include <map>

#include "tests/sim/job_script.hpp"
#include "tests/store/layers_fixture.hpp"

namespace stepwell::store {
namespace {

using Rows = std::map<std::string, std::string>;

Rows scanned(const RowReader& reader, const std::string& prefix, const std::string& from) {
  Rows rows;
  std::string last;
  EXPECT_TRUE(reader.scan(kFirst, prefix, from, [&](auto key, auto value) {
    EXPECT_TRUE(last.empty() || last < key) << "keys come in order, each once";
    last = key;
    rows.emplace(key, value);
    return true;
  }));
  return rows;
}

class LayeredReaderTest : public LayersFixture {
 protected:
  // Keys of one to three letters, so that many are prefixes of others.
  std::string some_key(SeededRandom& random) const {
    std::string key;
    for (std::uint64_t n = 1 + random.below(3); n > 0; --n) {
      key += static_cast<char>('a' + random.below(6));
    }
    return key;
  }

  void change_some(SeededRandom& random, Rows& model) {
    auto transaction = begin();
    for (int i = 0; i < 60; ++i) {
      const std::string key = some_key(random);
      if (random.one_in(3)) {
        transaction.erase(kFirst, key);
        model.erase(key);
      } else {
        model[key] = std::to_string(random.next_u64());
        transaction.put(kFirst, key, model[key]);
      }
      const auto own = transaction.get(kFirst, key);
      ASSERT_TRUE(own.has_value());
      ASSERT_EQ(own.value().has_value(), model.contains(key)) << "the fold reads its own writes";
    }
    layers->publish(lsn);
  }
};

TEST_F(LayeredReaderTest, ThreeLayersReadAsOne) {
  SeededRandom random(11);
  Rows model;
  for (int round = 0; round < 20; ++round) {
    ASSERT_NO_FATAL_FAILURE(change_some(random, model));
    auto checkpoint = freeze();
    for (int step = 0; step < 3; ++step) {
      ASSERT_NO_FATAL_FAILURE(change_some(random, model));
      auto snapshot = layers->snapshot();
      const RowReader& rows = snapshot.value().rows();
      for (int i = 0; i < 30; ++i) {
        const std::string prefix = random.one_in(3) ? "" : some_key(random);
        const std::string from = random.one_in(3) ? "" : some_key(random);
        Rows wanted;
        for (const auto& [key, value] : model) {
          if (key.starts_with(prefix) && key >= from) wanted.emplace(key, value);
        }
        ASSERT_EQ(scanned(rows, prefix, from), wanted) << "prefix " << prefix << " from " << from;
        const std::string key = some_key(random);
        const auto one = rows.get(kFirst, key);
        ASSERT_EQ(one.value().value_or("(none)"), model.contains(key) ? model[key] : "(none)");
      }
    }
    while (checkpoint->step().value()) {
    }
    meta = checkpoint->meta();
    layers->thaw();
  }
}

TEST_F(LayeredReaderTest, ASnapshotNeverChanges) {
  SeededRandom random(12);
  Rows model;
  std::vector<std::pair<Snapshot, Rows>> taken;
  for (int round = 0; round < 30; ++round) {
    ASSERT_NO_FATAL_FAILURE(change_some(random, model));
    taken.emplace_back(layers->snapshot().value(), model);
    {
      // Not published: nobody sees it.
      Rows unseen = model;
      auto transaction = begin();
      transaction.put(kFirst, "unseen", "x");
      EXPECT_EQ(scanned(layers->snapshot().value().rows(), "", ""), model);
      transaction.erase(kFirst, "unseen");
    }
    if (round % 4 == 3) checkpoint();
    for (const auto& [snapshot, rows] : taken) ASSERT_EQ(scanned(snapshot.rows(), "", ""), rows);
    if (taken.size() > 6) taken.erase(taken.begin());
  }
}

TEST(Generation, LetsGoOfVersionsThatNobodyCanSee) {
  Generation generation;
  const std::string value(1000, 'v');
  for (std::uint64_t lsn = 1; lsn <= 100; ++lsn) {
    generation.set({lsn}, {lsn - 1}, kFirst, "row", value);
  }
  // The one that a new snapshot sees, and the one being written.
  EXPECT_LT(generation.bytes(), 3000u);
  generation.pin({100});
  for (std::uint64_t lsn = 101; lsn <= 200; ++lsn) {
    generation.set({lsn}, {lsn - 1}, kFirst, "row", std::to_string(lsn));
  }
  EXPECT_EQ(generation.get(kFirst, "row", {100}), value) << "a snapshot holds it";
  EXPECT_EQ(generation.get(kFirst, "row", {200}), "200");
  EXPECT_EQ(generation.get(kFirst, "row", {199}), "199");
  EXPECT_FALSE(generation.get(kFirst, "other", {200}).has_value());
}

}  // namespace
}  // namespace stepwell::store
