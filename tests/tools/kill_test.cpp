// The real server, killed again and again under load, also while it recovers; then its store alone
// must prove against the load's journals that nothing acknowledged is missing, nothing was applied
// twice and nothing is there that was never sent. STEPWELL_KILL_COUNT kills (30).

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/clock.hpp"
#include "tests/tools/stepwell_process.hpp"

namespace stepwell::tools {
namespace {

int kill_count() {
  const char* text = std::getenv("STEPWELL_KILL_COUNT");
  return text ? std::atoi(text) : 30;
}

void sleep_ms(std::uint64_t ms) {
  std::this_thread::sleep_for(std::chrono::milliseconds(ms));
}

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

constexpr std::pair<const char*, const char*> kLoads[] = {
    {"mixed", "200000"}, {"steps", "100000"}, {"f1", "400000"}};  // Points a second.

std::vector<std::string> load_arguments(const TestServer& server, const char* profile,
                                        const char* rate, std::uint64_t seed,
                                        const std::string& journal) {
  return {
      "load",   "--to", server.address(), "--profile",          profile,     "--seconds", "86400",
      "--rate", rate,   "--seed",         std::to_string(seed), "--journal", journal};
}

TEST(Kill, NothingAcknowledgedIsLostAndNothingAppliedTwice) {
  constexpr int kKillsARound = 15;  // A round's store is verified at its end.
  const int wanted = kill_count();
  const char* given = std::getenv("STEPWELL_KILL_SEED");
  const std::uint64_t seed =
      given ? std::strtoull(given, nullptr, 10) : SystemRandom().next_u64() >> 32;
  RecordProperty("seed", std::to_string(seed));
  SCOPED_TRACE("STEPWELL_KILL_SEED=" + std::to_string(seed));
  SeededRandom chance(seed);
  for (int kills = 0; kills < wanted && !HasFailure();) {
    const TestDirectory scratch;
    // Checkpoints all the time, so that they are cut as well; f1 rolls segments.
    std::ofstream(scratch / "config")
        << "[store]\ncheckpoint_bytes = 1048576\ncheckpoint_after_ms = 200\n";
    TestServer server(scratch / "data", scratch / "server", {"--config", scratch / "config"});
    ASSERT_TRUE(server.start()) << server.errors();
    std::vector<std::unique_ptr<Child>> loads;
    std::vector<std::string> verify = {"verify", server.directory()};
    for (const auto& [profile, rate] : kLoads) {
      const std::string name = scratch / profile;
      verify.insert(verify.end(), {"--journal", name + ".journal"});
      loads.push_back(std::make_unique<Child>(
          load_arguments(server, profile, rate, chance.next_u64() >> 32, name + ".journal"),
          name + ".out", name + ".err"));
    }
    for (int round = 0; round < kKillsARound && kills < wanted && !HasFailure();) {
      const int done = kill_once(server, chance);
      round += done;
      kills += done;
    }
    sleep_ms(200);
    for (const auto& load : loads) ASSERT_TRUE(load->running());
    server.kill();
    loads.clear();
    const auto verified = run_stepwell(verify);
    EXPECT_EQ(verified.code, 0) << verified.out << verified.err << server.errors();
    EXPECT_NE(verified.out.find("sound\n"), std::string::npos) << verified.out;
    std::printf(
        "%d of %d kills: %s", kills, wanted,
        verified.out.substr(std::min(verified.out.size(), verified.out.find("journal:"))).c_str());
    std::fflush(stdout);
  }
}

}  // namespace
}  // namespace stepwell::tools
