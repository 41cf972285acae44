// `stepwell verify`: a sound store is sound, each kind of damage is named with its place, and a
// journal that the store does not live up to is a fault.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/base/bytes.hpp"
#include "tests/tools/stepwell_process.hpp"

namespace stepwell::tools {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A store that was killed, with something in its log and something in its index; made once.
class Verify : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    base_ = new TestDirectory;
    TestServer server(*base_ / "data", *base_ / "server");
    ASSERT_TRUE(server.start()) << server.errors();
    load(server, "mixed", 12);
    load(server, "steps", 4);
    ASSERT_EQ(server.stop(), 0);
    ASSERT_TRUE(server.start());
    load(server, "f3", 1);  // Stays in the log.
    server.kill();
  }
  static void TearDownTestSuite() { delete base_; }

  static void load(TestServer& server, const std::string& profile, int streams) {
    const auto loaded =
        run_stepwell({"load", "--to", server.address(), "--profile", profile, "--streams",
                      std::to_string(streams), "--seconds", "1", "--rate", "100000", "--seed", "3",
                      "--journal", *base_ / profile});
    ASSERT_EQ(loaded.code, 0) << loaded.err;
  }

  void SetUp() override {
    std::filesystem::copy(*base_ / "data", store_, std::filesystem::copy_options::recursive);
    for (const char* profile : {"mixed", "steps", "f3"}) {
      std::filesystem::copy_file(*base_ / profile, scratch_ / profile);
    }
  }

  Finished verify() {
    return run_stepwell({"verify", store_, "--digest", "--journal", scratch_ / "mixed", "--journal",
                         scratch_ / "steps", "--journal", scratch_ / "f3"});
  }

  // The first segment that holds groups.
  std::string segment() const {
    std::string first;
    for (const auto& entry : std::filesystem::directory_iterator(store_ + "/wal")) {
      const std::string path = entry.path();
      if (path.ends_with(".seg") && path.find("pool") == std::string::npos &&
          (first.empty() || path < first)) {
        first = path;
      }
    }
    return first;
  }

  static void flip(const std::string& path, std::uint64_t offset) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(offset));
    const char byte = static_cast<char>(file.get() ^ 0x40);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(byte);
  }

  static TestDirectory* base_;
  TestDirectory scratch_;
  const std::string store_ = scratch_ / "data";
};
TestDirectory* Verify::base_ = nullptr;

TEST_F(Verify, ASoundStoreIsSoundAgainAndAgain) {
  const auto first = verify();
  EXPECT_EQ(first.code, 0) << first.out << first.err;
  EXPECT_THAT(first.out, HasSubstr("\nsound\n"));
  EXPECT_EQ(verify().out, first.out);
}

TEST_F(Verify, NamesDamageInTheLogByFileAndOffset) {
  flip(segment(), 3 * 4096 + 100);
  const auto found = verify();
  EXPECT_EQ(found.code, 1) << found.out << found.err;
  EXPECT_THAT(found.out, AllOf(HasSubstr("DAMAGE " + segment()), HasSubstr(" offset "),
                               HasSubstr("NOT SOUND")));
}

TEST_F(Verify, NamesDamageInTheIndex) {
  const std::string index = store_ + "/index.lmdb";
  const auto pages = std::filesystem::file_size(index) / 4096;
  // Every page's middle: values, keys or free space.
  for (std::uint64_t page = 3; page < pages; page += 2) flip(index, page * 4096 + 2500);
  const auto found = verify();
  EXPECT_EQ(found.code, 1) << found.out << found.err;
  EXPECT_THAT(found.out, AllOf(HasSubstr("DAMAGE "), HasSubstr("key "), HasSubstr("NOT SOUND")));
}

TEST_F(Verify, ADumpGoesOnBehindDamage) {
  const auto sound = run_stepwell({"dump", "index", store_});
  const std::string index = store_ + "/index.lmdb";
  // Pages of large values hold nothing of LMDB's behind their header.
  const std::string bytes = contents_of(index);
  for (std::uint64_t page = 2; page < bytes.size() / 4096; ++page) {
    const std::string_view header = std::string_view(bytes).substr(page * 4096, 16);
    const bool is_value = load_le<std::uint64_t>(header.data()) == page && header[10] == 4;
    if (is_value) flip(index, page * 4096 + 2500);
  }
  const auto found = run_stepwell({"dump", "index", store_});
  EXPECT_EQ(found.code, 1) << found.err;
  const auto lines = [](const std::string& text) { return std::ranges::count(text, '\n'); };
  EXPECT_EQ(lines(found.out), lines(sound.out)) << "each row is shown, or named as damaged";
  EXPECT_THAT(found.out, HasSubstr("DAMAGE "));
}

TEST_F(Verify, SurvivesAPageHeaderThatCrashesLmdb) {
  const std::string index = store_ + "/index.lmdb";
  const auto pages = std::filesystem::file_size(index) / 4096;
  std::fstream file(index, std::ios::in | std::ios::out | std::ios::binary);
  for (std::uint64_t page = 2; page < pages; ++page) {
    file.seekp(static_cast<std::streamoff>(page * 4096 + 12));
    file.write("\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 12);
  }
  file.close();
  const auto found = verify();
  EXPECT_EQ(found.code, 1) << found.out << found.err;
  EXPECT_THAT(found.out, AllOf(HasSubstr("DAMAGE "), HasSubstr("index.lmdb")));
}

TEST_F(Verify, NoticesAnAckThatTheStoreDoesNotHave) {
  std::ofstream(scratch_ / "f3", std::ios::app) << "s 0 70000\na 0 70000\n";
  const auto found = verify();
  EXPECT_EQ(found.code, 1) << found.out;
  EXPECT_THAT(found.out, HasSubstr("acknowledged up to 70000"));
}

TEST_F(Verify, NoticesABatchThatWasNeverSent) {
  const std::string journal = contents_of(scratch_ / "f3");
  std::ofstream(scratch_ / "f3") << journal.substr(0, journal.find('\n') + 1) << "s 0 1\ns 0 2\n";
  const auto found = verify();
  EXPECT_EQ(found.code, 1) << found.out;
  EXPECT_THAT(found.out, HasSubstr("sent was up to 2"));
}

TEST_F(Verify, NoticesOtherPoints) {
  std::string journal = contents_of(scratch_ / "mixed");
  journal.replace(journal.find("\"seed\":3"), 8, "\"seed\":4");
  std::ofstream(scratch_ / "mixed") << journal;
  const auto found = verify();
  EXPECT_EQ(found.code, 1) << found.out;
  EXPECT_THAT(found.out, AllOf(HasSubstr("was never sent"), HasSubstr("is missing")));
}

TEST_F(Verify, NoticesAFirstStepThatWasToldOtherwise) {
  std::string journal = contents_of(scratch_ / "steps");
  const std::size_t at = journal.find("\nf ");
  ASSERT_NE(at, std::string::npos);
  journal.insert(journal.find('\n', at + 1), "9");
  std::ofstream(scratch_ / "steps") << journal;
  const auto found = verify();
  EXPECT_EQ(found.code, 1) << found.out;
  EXPECT_THAT(found.out, HasSubstr("was told step"));
}

TEST_F(Verify, ARunThatNoJournalKnowsIsAFault) {
  const auto found = run_stepwell({"verify", store_, "--journal", scratch_ / "mixed"});
  EXPECT_EQ(found.code, 1) << found.out;
  EXPECT_THAT(found.out, HasSubstr("was never sent"));
}

TEST_F(Verify, DumpShowsEveryPart) {
  const auto wal = run_stepwell({"dump", "wal", store_});
  EXPECT_EQ(wal.code, 0) << wal.err;
  EXPECT_THAT(wal.out,
              AllOf(HasSubstr("group offset="), HasSubstr("lsn="), HasSubstr("batch run=")));
  const auto index = run_stepwell({"dump", "index", store_});
  EXPECT_EQ(index.code, 0) << index.err;
  EXPECT_THAT(index.out, HasSubstr("store.meta key="));
}

}  // namespace
}  // namespace stepwell::tools
