// A log whose files were flipped, zeroed, cut, swapped, removed or mixed up with another log's:
// either the damage is named, or what comes back is everything that was acknowledged.
#include <algorithm>

#include "tests/wal/log_fixture.hpp"

namespace stepwell::wal {
namespace {

using Contents = std::vector<std::byte>;

class LogDamage : public ::testing::Test {
 protected:
  // A closed log of some segments, and beside it what is in it.
  void write_log(io::World& world, std::vector<Seen>& written, std::uint64_t seed = 7) {
    LogOnWorld log(world, seed);
    log.options.segment_bytes = 32 << 10;
    log.options.group_bytes_max = 8 << 10;
    ASSERT_TRUE(log.open().has_value());
    SeededRandom random(seed);
    for (std::uint64_t i = 0; i < 40; ++i) {
      const std::uint64_t bytes = random.below(5000);
      ASSERT_TRUE(log.append(payload_of(i, bytes)).has_value());
      if (random.one_in(3)) log.settle();
    }
    ASSERT_TRUE(log.close_keeping().has_value());
    written = log.durable;
    log.kill();
    ASSERT_EQ(written.size(), 40u);
  }

  std::vector<std::string> segments(io::World& world) {
    std::vector<std::string> paths;
    for (const std::string& name : world.list("wal")) {
      if (name.size() == 20) paths.push_back("wal/" + name);
    }
    return paths;
  }

  struct Outcome {
    bool opened = false;
    std::string error;
    ErrorKind kind = ErrorKind::kInternal;
    std::vector<Seen> recovered;
    RecoveryReport report;
  };
  Outcome open(io::World& world, bool salvage = false, bool read_only = false, Lsn applied = {}) {
    LogOnWorld log(world, 99);
    log.options.segment_bytes = 32 << 10;
    log.options.salvage = salvage;
    log.options.read_only = read_only;
    const auto opened = log.open(applied);
    Outcome outcome{opened.has_value(), {}, ErrorKind::kInternal, log.recovered, log.report};
    if (opened.has_error()) {
      outcome.error = opened.error().text;
      outcome.kind = opened.error().kind;
    }
    log.kill();
    return outcome;
  }

  // Good records only, in their order; of an undamaged log, all.
  static bool is_part_of(const std::vector<Seen>& part, const std::vector<Seen>& whole) {
    std::size_t at = 0;
    for (const Seen& seen : part) {
      while (at < whole.size() && whole[at].lsn != seen.lsn) ++at;
      if (at == whole.size() || whole[at].payload != seen.payload) return false;
      ++at;
    }
    return true;
  }

  void expect_named_or_harmless(io::World& world, const std::vector<Seen>& written) {
    const auto before = world.after_kill();
    const Outcome strict = open(*world.after_kill());
    if (strict.opened) {
      EXPECT_EQ(strict.recovered.size(), written.size()) << "silently lost";
      EXPECT_TRUE(is_part_of(strict.recovered, written)) << "silently wrong";
      return;
    }
    ++named;
    EXPECT_EQ(strict.kind, ErrorKind::kCorrupt) << strict.error;
    EXPECT_NE(strict.error.find("wal"), std::string::npos) << strict.error;
    EXPECT_NE(strict.error.find("offset"), std::string::npos) << strict.error;
    // Salvage opens, says what is wrong, and hands out nothing false; reading alone does the same.
    const Outcome salvaged = open(*world.after_kill(), true);
    EXPECT_TRUE(salvaged.opened) << salvaged.error;
    EXPECT_FALSE(salvaged.report.damages.empty());
    EXPECT_TRUE(is_part_of(salvaged.recovered, written)) << "salvage invented something";
    kept += salvaged.recovered.size();
    const std::uint64_t operations = world.operations();
    const Outcome read = open(world, false, true);
    EXPECT_TRUE(read.opened) << read.error;
    EXPECT_FALSE(read.report.damages.empty());
    EXPECT_EQ(read.recovered.size(), salvaged.recovered.size());
    EXPECT_EQ(world.operations(), operations) << "read_only wrote";
  }

  int named = 0;
  std::size_t kept = 0;
};

TEST_F(LogDamage, RandomDamageIsNamedOrHarmless) {
  io::World original(3);
  std::vector<Seen> written;
  write_log(original, written);
  const auto paths = segments(original);
  ASSERT_GE(paths.size(), 4u);
  SeededRandom random(11);
  constexpr int kCases = 3000;
  for (int i = 0; i < kCases && !HasFailure(); ++i) {
    SCOPED_TRACE(testing::Message() << "case " << i);
    const auto world = original.after_kill();
    const std::string& path = paths[random.below(paths.size())];
    Contents bytes = world->contents(path).value();
    const std::size_t at = random.below(bytes.size());
    switch (random.below(6)) {
      case 0:
      case 1:
      case 2:
        bytes[at] ^= static_cast<std::byte>(1u << random.below(8));
        break;
      case 3: {  // A sector or a block is zeroed.
        const std::size_t unit = random.one_in(2) ? 512 : 4096;
        const std::size_t from = at / unit * unit;
        std::fill_n(bytes.begin() + static_cast<long>(from), unit, std::byte{0});
        break;
      }
      case 4:
        bytes.resize(at);
        break;
      default:  // From here on it is another block of the file, as after a misdirected write.
        std::copy_n(bytes.begin() + static_cast<long>(random.below(8) * 4096), 4096,
                    bytes.begin() + static_cast<long>(at / 4096 * 4096));
    }
    ASSERT_TRUE(world->overwrite(path, bytes).has_value());
    expect_named_or_harmless(*world, written);
  }
  EXPECT_GT(named, kCases / 4);
  EXPECT_GT(kept, 0u);
}

TEST_F(LogDamage, EachWholeFileFaultIsNamed) {
  io::World original(3);
  std::vector<Seen> written;
  write_log(original, written);
  io::World other(4);
  std::vector<Seen> foreign;
  write_log(other, foreign, 1234);
  const auto paths = segments(original);
  // The last two are prepared and not begun.
  const std::size_t begun = paths.size() - 2;
  for (std::size_t i = 0; i < begun; ++i) {
    SCOPED_TRACE(paths[i]);
    const Contents bytes = original.contents(paths[i]).value();
    const auto check = [&](const char* what, auto&& change) {
      SCOPED_TRACE(what);
      const auto world = original.after_kill();
      change(*world);
      const int before = named;
      expect_named_or_harmless(*world, written);
      EXPECT_EQ(named, before + 1) << "not noticed";
    };
    check("zeroed", [&](io::World& world) {
      ASSERT_TRUE(world.overwrite(paths[i], Contents(bytes.size())).has_value());
    });
    check("empty",
          [&](io::World& world) { ASSERT_TRUE(world.overwrite(paths[i], {}).has_value()); });
    check("header zeroed", [&](io::World& world) {
      Contents changed = bytes;
      std::fill_n(changed.begin(), 4096, std::byte{0});
      ASSERT_TRUE(world.overwrite(paths[i], changed).has_value());
    });
    check("swapped with the next", [&](io::World& world) {
      const Contents next = world.contents(paths[i + 1]).value();
      ASSERT_TRUE(world.overwrite(paths[i + 1], bytes).has_value());
      ASSERT_TRUE(world.overwrite(paths[i], next).has_value());
    });
    check("of another log", [&](io::World& world) {
      ASSERT_TRUE(world.overwrite(paths[i], other.contents(paths[i]).value()).has_value());
    });
    check("missing",
          [&](io::World& world) { ASSERT_TRUE(world.record_remove(paths[i]).has_value()); });
  }
}

// All segments together: they fit each other, but not the one who opens them.
TEST_F(LogDamage, AWholeLogOfAnotherStoreIsRefused) {
  io::World world(3);
  std::vector<Seen> written;
  write_log(world, written);
  for (const std::uint64_t own : {7U, 9U}) {
    LogOnWorld log(world, 5);
    log.options.segment_bytes = 32 << 10;
    log.options.log_id = own;
    const auto opened = log.open();
    ASSERT_FALSE(opened.has_value());
    EXPECT_EQ(opened.error().kind, ErrorKind::kCorrupt);
    EXPECT_NE(opened.error().text.find("of another log"), std::string::npos);
  }
}

TEST_F(LogDamage, SalvageKeepsWhatIsAroundOneBadGroup) {
  io::World world(3);
  std::vector<Seen> written;
  write_log(world, written);
  const std::string path = segments(world)[1];
  Contents bytes = world.contents(path).value();
  bytes[4096 + 100] ^= std::byte{1};
  ASSERT_TRUE(world.overwrite(path, bytes).has_value());
  const Outcome strict = open(*world.after_kill());
  ASSERT_FALSE(strict.opened);
  EXPECT_NE(strict.error.find(path + " at offset 4096"), std::string::npos) << strict.error;
  LogOnWorld log(world, 5);
  log.options.segment_bytes = 32 << 10;
  log.options.salvage = true;
  ASSERT_TRUE(log.open().has_value());
  EXPECT_EQ(log.report.damages.size(), 1u);
  EXPECT_EQ(log.report.damages[0].file, path);
  EXPECT_EQ(log.report.damages[0].offset, 4096u);
  EXPECT_LT(log.recovered.size(), written.size());
  EXPECT_GT(log.recovered.size(), written.size() / 2);
  EXPECT_EQ(log.recovered.back().lsn, written.back().lsn);
  // It goes on behind, and once the index holds it all, the damaged segment goes and the log is
  // sound.
  const auto lsn = log.append("after salvage");
  ASSERT_TRUE(lsn.has_value());
  log.idle();
  log.log->release("index", lsn.value());
  log.idle();
  ASSERT_TRUE(log.close().has_value());
  log.options.salvage = false;
  const auto again = log.open(lsn.value());
  EXPECT_TRUE(again.has_value()) << again.error().text;
}

TEST_F(LogDamage, TheLogMustReachWhatTheIndexHolds) {
  io::World world(3);
  std::vector<Seen> written;
  write_log(world, written);
  EXPECT_TRUE(open(*world.after_kill(), false, false, written.back().lsn).opened);
  const Lsn beyond{written.back().lsn.value + (1 << 20)};
  const Outcome strict = open(*world.after_kill(), false, false, beyond);
  EXPECT_FALSE(strict.opened);
  EXPECT_EQ(strict.kind, ErrorKind::kCorrupt);
  // An empty directory where a log should be.
  io::World empty(1);
  EXPECT_FALSE(open(empty, false, false, Lsn{5000}).opened);
  // Salvage goes on above it.
  LogOnWorld log(world, 5);
  log.options.salvage = true;
  ASSERT_TRUE(log.open(beyond).has_value());
  EXPECT_GT(log.append("x").value(), beyond);
}

}  // namespace
}  // namespace stepwell::wal
