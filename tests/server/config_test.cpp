#include "engine/server/config.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/server/budgets.hpp"

namespace stepwell::server {
namespace {

using Variables = std::map<std::string, std::string>;

class ConfigTest : public ::testing::Test {
 protected:
  std::string file(const std::string& text) {
    const std::string path = ::testing::TempDir() + "stepwell-config-test.toml";
    std::ofstream(path) << text;
    return path;
  }
  std::string error_of(const std::string& text) {
    const auto loaded = load_config(file(text), {}, {});
    return loaded ? "loaded" : loaded.error().text;
  }
};

TEST_F(ConfigTest, FlagsWinOverEnvironmentOverFileOverDefaults) {
  const std::string path =
      file("[server]\nlisten = \"a:1\"\ndata = \"file\"\nlog_level = \"warn\"\n");
  const auto loaded =
      load_config(path, {{"server.listen", "c:3"}},
                  Variables{{"STEPWELL_SERVER_LISTEN", "b:2"}, {"STEPWELL_SERVER_DATA", "env"}});
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
  const auto first = load_config({}, {{"limits.connections_max", "17"}}, {});
  ASSERT_TRUE(first);
  const auto second = load_config(file(print_config(first.value())), {}, {});
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
  const auto missing = load_config("/nonexistent/stepwell.toml", {}, {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().text, "there is no configuration file '/nonexistent/stepwell.toml'");
  const auto env = load_config({}, {}, Variables{{"STEPWELL_LOG_POOL_SEGMENTS", "many"}});
  ASSERT_FALSE(env);
  EXPECT_NE(env.error().text.find("STEPWELL_LOG_POOL_SEGMENTS"), std::string::npos)
      << env.error().text;
}

TEST_F(ConfigTest, AVariableThatNamesNoKeyIsAnError) {
  const auto typo = load_config({}, {}, Variables{{"STEPWELL_SERVER_LISTN", "x"}});
  ASSERT_FALSE(typo);
  EXPECT_NE(typo.error().text.find("STEPWELL_SERVER_LISTN"), std::string::npos);
  EXPECT_TRUE(load_config({}, {}, Variables{{"STEPWELL_SEED", "1"}, {"PATH", "x"}}))
      << "others' variables are none of ours";
}

TEST_F(ConfigTest, WhatCannotWorkTogetherIsFoundAtLoad) {
  const auto large =
      load_config({}, {{"log.segment_bytes", "335544320"}, {"log.bytes_max", "268435456"}}, {});
  ASSERT_FALSE(large);
  EXPECT_NE(large.error().text.find("1006632960"), std::string::npos) << large.error().text;
  EXPECT_TRUE(
      load_config({}, {{"log.segment_bytes", "335544320"}, {"log.bytes_max", "1006632960"}}, {}));
  // What the log itself refuses.
  const std::string four_gib = "4294967296";
  EXPECT_FALSE(
      load_config({}, {{"log.segment_bytes", four_gib}, {"log.bytes_max", "1099511627776"}}, {}));
}

TEST_F(ConfigTest, AddressAndNamesAreCheckedAtLoad) {
  EXPECT_NE(error_of("[server]\nlisten = \"nowhere\"\n").find("line 2): address 'nowhere'"),
            std::string::npos);
  const auto empty = load_config({}, {{"server.data", ""}}, {});
  ASSERT_FALSE(empty);
  EXPECT_EQ(empty.error().kind, ErrorKind::kInvalid);
}

// The file that is shipped lists every key with its default: a reader can trust it.
TEST_F(ConfigTest, TheShippedFileIsTheDefaults) {
  const auto shipped = load_config(STEPWELL_SOURCE "/conf/stepwell.toml", {}, {});
  ASSERT_TRUE(shipped) << shipped.error().text;
  const auto defaults = load_config({}, {}, {});
  ASSERT_TRUE(defaults);
  for (std::size_t i = 0; i < defaults.value().settings.size(); ++i) {
    const Setting& setting = shipped.value().settings[i];
    EXPECT_EQ(setting.origin, Origin::kFile) << setting.key << " is missing";
    EXPECT_EQ(setting.value, defaults.value().settings[i].value) << setting.key;
  }
}

TEST(Budgets, DeriveFromTheMemoryLimit) {
  auto config = load_config({}, {{"server.memory_limit_bytes", "67108864"}}, {}).value().config;
  const Budgets small = budgets_of(config);
  EXPECT_EQ(small.memory_bytes, 64u << 20);
  EXPECT_EQ(small.store.pending_bytes_max, 16u << 20);
  EXPECT_LE(small.ingest.answer_bytes_max + small.ingest.buffer_bytes_max, 64u << 20);
  EXPECT_LE(small.store.checkpoint_bytes, small.store.pending_bytes_max / 2);
  config.memory_limit_bytes = 0;
  const Budgets whole = budgets_of(config);
  EXPECT_GT(whole.memory_bytes, 0u);
  EXPECT_LE(whole.memory_bytes, machine_memory_bytes() / 4);
  EXPECT_LE(whole.store.pending_bytes_max, 128u << 20);
}

}  // namespace
}  // namespace stepwell::server
