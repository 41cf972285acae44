#include "engine/server/config.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/server/budgets.hpp"

namespace stepwell::server {
namespace {

using Variables = std::map<std::string, std::string>;

auto from(Variables variables) {
  return [variables = std::move(variables)](const std::string& name) -> std::optional<std::string> {
    const auto at = variables.find(name);
    return at == variables.end() ? std::nullopt : std::optional(at->second);
  };
}

class ConfigTest : public ::testing::Test {
 protected:
  std::string file(const std::string& text) {
    const std::string path = ::testing::TempDir() + "stepwell-config-test.toml";
    std::ofstream(path) << text;
    return path;
  }
  std::string error_of(const std::string& text) {
    const auto loaded = load_config(file(text), {}, from({}));
    return loaded ? "loaded" : loaded.error().text;
  }
};

TEST_F(ConfigTest, FlagsWinOverEnvironmentOverFileOverDefaults) {
  const std::string path =
      file("[server]\nlisten = \"a:1\"\ndata = \"file\"\nlog_level = \"warn\"\n");
  const auto loaded =
      load_config(path, {{"server.listen", "c:3"}},
                  from({{"STEPWELL_SERVER_LISTEN", "b:2"}, {"STEPWELL_SERVER_DATA", "env"}}));
  ASSERT_TRUE(loaded) << loaded.error().text;
  EXPECT_EQ(loaded.value().config.listen, "c:3");
  EXPECT_EQ(loaded.value().config.data, "env");
  EXPECT_EQ(loaded.value().config.log_level, "warn");
  EXPECT_EQ(loaded.value().config.idle_timeout_ms, 300'000u);
  const std::string shown = print_config(loaded.value());
  EXPECT_NE(shown.find("listen = \"c:3\"  # flag"), std::string::npos) << shown;
  EXPECT_NE(shown.find("data = \"env\"  # environment"), std::string::npos);
  EXPECT_NE(shown.find("log_level = \"warn\"  # file"), std::string::npos);
  EXPECT_NE(shown.find("idle_timeout_ms = 300000  # default"), std::string::npos);
}

TEST_F(ConfigTest, WhatIsPrintedCanBeLoaded) {
  const auto first = load_config("", {{"limits.connections_max", "17"}}, from({}));
  ASSERT_TRUE(first);
  const auto second = load_config(file(print_config(first.value())), {}, from({}));
  ASSERT_TRUE(second) << second.error().text;
  EXPECT_EQ(second.value().config.connections_max, 17u);
}

TEST_F(ConfigTest, UnknownKeysAndWrongValuesNameTheLine) {
  EXPECT_NE(error_of("[server]\n\nport = 5\n").find("line 3: unknown key server.port"),
            std::string::npos);
  EXPECT_NE(error_of("[server]\nlog_level = \"loud\"\n").find("expected one of"),
            std::string::npos);
  EXPECT_NE(error_of("[log]\nsegment_bytes = 12345\n").find("line 2"), std::string::npos);
  EXPECT_NE(error_of("[limits]\nidle_timeout_ms = -1\n").find("expected a whole number"),
            std::string::npos);
  EXPECT_NE(error_of("[log]\nsalvage = 1\n").find("expected true or false"), std::string::npos);
  EXPECT_NE(error_of("listen = \"x\"\n").find("not in a section"), std::string::npos);
  EXPECT_NE(error_of("[server\n").find("line 1"), std::string::npos);
  EXPECT_NE(error_of("[server]\ndata = 1.5\n").find("neither text"), std::string::npos);
  const auto missing = load_config("/nonexistent/stepwell.toml", {}, from({}));
  EXPECT_FALSE(missing);
  const auto env = load_config("", {}, from({{"STEPWELL_LOG_POOL_SEGMENTS", "many"}}));
  ASSERT_FALSE(env);
  EXPECT_NE(env.error().text.find("STEPWELL_LOG_POOL_SEGMENTS"), std::string::npos)
      << env.error().text;
}

// The file that is shipped lists every key with its default: a reader can trust it.
TEST_F(ConfigTest, TheShippedFileIsTheDefaults) {
  const auto shipped = load_config(STEPWELL_SOURCE "/conf/stepwell.toml", {}, from({}));
  ASSERT_TRUE(shipped) << shipped.error().text;
  const auto defaults = load_config("", {}, from({}));
  ASSERT_TRUE(defaults);
  for (std::size_t i = 0; i < defaults.value().settings.size(); ++i) {
    const Setting& setting = shipped.value().settings[i];
    EXPECT_EQ(setting.origin, Origin::kFile) << setting.key << " is missing";
    EXPECT_EQ(setting.value, defaults.value().settings[i].value) << setting.key;
  }
}

TEST(Budgets, DeriveFromTheMemoryLimit) {
  auto config =
      load_config("", {{"server.memory_limit_bytes", "67108864"}}, from({})).value().config;
  const Budgets small = budgets_of(config);
  EXPECT_EQ(small.memory_bytes, 64u << 20);
  EXPECT_EQ(small.store.pending_bytes_max, 16u << 20);
  EXPECT_LE(small.store.checkpoint_bytes, small.store.pending_bytes_max / 2);
  config.memory_limit_bytes = 0;
  const Budgets whole = budgets_of(config);
  EXPECT_GT(whole.memory_bytes, 0u);
  EXPECT_LE(whole.memory_bytes, machine_memory_bytes() / 4);
  EXPECT_LE(whole.store.pending_bytes_max, 128u << 20);
}

}  // namespace
}  // namespace stepwell::server
