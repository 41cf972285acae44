// The real server, killed again and again under load, also while it recovers; then its store alone must
// prove against the load's journals that nothing acknowledged is missing, nothing was applied twice and
// nothing is there that was never sent. STEPWELL_KILL_COUNT kills (30).

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <thread>

#include "engine/base/clock.hpp"
#include "tests/tools/stepwell_process.hpp"

namespace stepwell::tools {
namespace {

int kill_count() {
  const char* text = std::getenv("STEPWELL_KILL_COUNT");
  return text ? std::atoi(text) : 30;
}

void sleep_ms(std::uint64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

// Kills while it serves, or, one time in three, once more while it recovers from the kill before.
int kill_once(TestServer& server, SeededRandom& chance) {
  sleep_ms(150 + chance.below(900));
  server.kill();
  int kills = 1;
  while (chance.one_in(3)) {
    server.launch();
    sleep_ms(chance.below(120));
    server.kill();
    ++kills;
  }
  EXPECT_TRUE(server.start()) << server.errors();
  return kills;
}

std::vector<std::string> load_arguments(const TestServer& server, const std::string& profile,
                                        std::uint64_t seed, const std::string& journal) {
  return {"load", "--to", server.address(), "--profile", profile, "--seconds", "86400",
          "--rate", "200000", "--seed", std::to_string(seed), "--journal", journal};
}

TEST(Kill, NothingAcknowledgedIsLostAndNothingAppliedTwice) {
  constexpr int kKillsARound = 15;  // A round's store is verified at its end.
  const int wanted = kill_count();
  const char* given = std::getenv("STEPWELL_KILL_SEED");
  const std::uint64_t seed = given ? std::strtoull(given, nullptr, 10) : SystemRandom().next_u64() >> 32;
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("STEPWELL_KILL_SEED=" + std::to_string(seed));
  SeededRandom chance(seed);
  for (int kills = 0; kills < wanted && !HasFailure();) {
    const TestDirectory scratch;
    // Small segments and checkpoints: rolls and checkpoints are cut as well.
    std::ofstream(scratch / "config") << "[log]\nsegment_bytes = 4194304\n"
                                         "[store]\ncheckpoint_bytes = 1048576\ncheckpoint_after_ms = 200\n";
    TestServer server(scratch / "data", scratch / "server", {"--config", scratch / "config"});
    ASSERT_TRUE(server.start()) << server.errors();
    const std::string journals[] = {scratch / "mixed.journal", scratch / "steps.journal"};
    Child mixed(load_arguments(server, "mixed", chance.next_u64() >> 32, journals[0]), scratch / "mixed.out",
                scratch / "mixed.err");
    Child steps(load_arguments(server, "steps", chance.next_u64() >> 32, journals[1]), scratch / "steps.out",
                scratch / "steps.err");
    for (int round = 0; round < kKillsARound && kills < wanted && !HasFailure();) {
      const int done = kill_once(server, chance);
      round += done;
      kills += done;
    }
    sleep_ms(200);
    ASSERT_TRUE(mixed.running() && steps.running())
        << contents_of(scratch / "mixed.err") << contents_of(scratch / "steps.err");
    server.kill();
    mixed.send(SIGKILL);
    steps.send(SIGKILL);
    mixed.wait(10);
    steps.wait(10);
    const auto verified = run_stepwell({"verify", server.directory(), "--journal", journals[0], "--journal",
                                        journals[1]});
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err << server.errors();
    EXPECT_NE(verified.out.find("sound\n"), std::string::npos) << verified.out;
    std::printf("%d of %d kills: %s", kills, wanted,
                verified.out.substr(std::min(verified.out.size(), verified.out.find("journal:"))).c_str());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace stepwell::tools
