// What requests and answers are made of: arguments, names, JSON, hosts, encodings.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/http/compressor.hpp"
#include "engine/http/fields.hpp"
#include "engine/http/guard.hpp"
#include "engine/http/json_writer.hpp"
#include "engine/http/names.hpp"
#include "engine/tracking/lookup.hpp"

namespace stepwell::http {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(JsonWriter, WritesNumbersAsMlflowDoes) {
  const std::pair<double, std::string_view> rows[] = {{1, "1.0"},
                                                      {-0.0, "-0.0"},
                                                      {0.1, "0.1"},
                                                      {1e22, "1e+22"},
                                                      {5e-324, "5e-324"},
                                                      {NAN, "\"NaN\""},
                                                      {kInfinity, "\"Infinity\""},
                                                      {-kInfinity, "\"-Infinity\""},
                                                      {123456789, "123456789.0"}};
  for (const auto& [value, text] : rows) {
    JsonWriter json;
    json.number(value);
    EXPECT_EQ(json.take(), text);
  }
}

TEST(JsonWriter, EscapesWhatMustBeAndNothingElse) {
  JsonWriter json;
  json.begin_object();
  json.field("a\"b", std::string_view("x\\y\n\t\x01ü\0z", 10));
  json.key("list");
  json.begin_array();
  json.integer(std::numeric_limits<std::int64_t>::min());
  json.flag(true);
  json.end_array();
  json.empty_object("o");
  json.end_object();
  EXPECT_EQ(json.take(),
            "{\"a\\\"b\":\"x\\\\y\\n\\t\\u0001ü\\u0000z\",\"list\":[-9223372036854775808,true],"
            "\"o\":{}}");
}

TEST(Fields, ConvertWhatMlflowConverts) {
  const auto document =
      parse_body(
          R"({"i":"42","f":5.0,"n":"nan","inf":"-inf","t":true,"big":9223372036854775808,
          "null":null,
          "e":"","x":"0x5","half":1.5,"list":["a","b"],"mixed":["a",1],"one":"a"})",
          {})
          .value();
  const Fields fields(document.root);
  EXPECT_EQ(fields.integer("i").value(), 42);
  EXPECT_EQ(fields.integer("f").value(), 5);
  EXPECT_EQ(fields.integer("absent").value(), std::nullopt);
  EXPECT_EQ(fields.integer("null").value(), std::nullopt);
  EXPECT_TRUE(std::isnan(*fields.number("n").value()));
  EXPECT_EQ(fields.number("inf").value(), -kInfinity);
  EXPECT_EQ(fields.number("t").value(), 1.0);
  EXPECT_EQ(fields.number("big").value(), 9223372036854775808.0);
  for (const std::string_view wrong : {"big", "x", "half", "list", "e"}) {
    EXPECT_FALSE(fields.integer(wrong)) << wrong;
  }
  EXPECT_FALSE(fields.need_text("e"));
  EXPECT_FALSE(fields.need_text("null"));
  EXPECT_FALSE(fields.text("t"));
  EXPECT_EQ(fields.texts("list").value().size(), 2u);
  EXPECT_EQ(fields.texts("one").value().size(), 1u);
  EXPECT_EQ(
      fields.texts("mixed").error().text,
      "Invalid value 1 for parameter 'mixed[1]' supplied:  Hint: Value was of type 'int'. See "
      "the API docs for more information about request parameters.");
}

TEST(ParseBody, BoundsDepthAndSizeAndSaysSo) {
  Options options;
  options.json_depth_max = 10;
  options.json_values_max = 100;
  EXPECT_TRUE(parse_body(R"({"a":[[[[[[[1]]]]]]]})", options));
  EXPECT_FALSE(parse_body(
      std::string(R"({"a":)") + std::string(50, '[') + std::string(50, ']') + "}", options));
  std::string many = "{\"a\":[0";
  for (int i = 0; i < 200; ++i) many += ",0";
  EXPECT_FALSE(parse_body(many + "]}", options));
  EXPECT_TRUE(parse_body("", options).value().root.is_null());
  EXPECT_TRUE(parse_body("{\"a\":", options).value().root.is_null());
  EXPECT_TRUE(parse_body("{\"a\":\"\xff\"}", options).value().root.is_null());
  EXPECT_FALSE(parse_body("[1]", options));
  EXPECT_FALSE(
      parse_body("{\"a\":1e999999}", options).has_value() &&
      std::isinf(
          *Fields(parse_body("{\"a\":1e999999}", options).value().root).number("a").value()));
  const auto wrapped = parse_body(R"("{\"a\":1}")", options).value();
  EXPECT_EQ(Fields(wrapped.root).integer("a").value(), 1) << "what very old clients send";
}

TEST(ParseQuery, DecodesRepeatsAndRefuses) {
  const auto document = parse_query("a=1&b=x%20y+z&a=2&c&=&%C3%BC=%26", {}).value();
  const Fields fields(document.root);
  EXPECT_EQ(fields.texts("a").value(), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_EQ(fields.text("b").value(), "x y z");
  EXPECT_EQ(fields.text("c").value(), "");
  EXPECT_EQ(fields.text("ü").value(), "&");
  EXPECT_FALSE(fields.text("a")) << "one is asked for, two are there";
  for (const std::string_view wrong : {"a=%", "a=%4", "a=%zz", "a=%ff", "%80=1"}) {
    EXPECT_FALSE(parse_query(wrong, {})) << wrong;
  }
}

TEST(CheckKey, HoldsMlflowsRules) {
  for (const std::string_view good : {"a", "a/b", "A.b-c d:e_1", "größe", "損失", "a..b", "a b"}) {
    EXPECT_TRUE(check_key(good, "key", "key")) << good;
  }
  for (const std::string_view bad : {"a$b", "a\nb", "/a", "a/", "a//b", ".", "..", "...", "../a",
                                     "a/../b", "a/.", "./a", "a\\b", "a→b", "a\u2003b", "😀"}) {
    EXPECT_FALSE(check_key(bad, "key", "key")) << bad;
  }
  std::string umlauts;
  for (int i = 0; i < 250; ++i) umlauts += "ü";
  EXPECT_TRUE(check_key(umlauts, "key", "Metric name"));
  EXPECT_EQ(check_key(umlauts + "x", "key", "Metric name").error().text,
            "'Metric name' exceeds the maximum length of 250 characters");
  EXPECT_EQ(
      check_key("a/../b", "key", "key").error().text,
      "Invalid value \"a/../b\" for parameter 'key' supplied: Names may be treated as files in "
      "certain cases, and must not resolve to other names when treated as such. This name would "
      "resolve to 'b'");
}

TEST(Names, AreCutAtCharactersAndLocationsBeforeTheirQuery) {
  EXPECT_EQ(cut("aüb", 2), "aü");
  EXPECT_EQ(cut("aüb", 3), "aüb");
  EXPECT_EQ(cut("", 3), "");
  const RunId run = *RunId::parse("0123456789abcdef0123456789abcdef");
  EXPECT_EQ(tracking::artifact_uri("s3://b/x?y", run), "s3://b/x/" + run.hex() + "/artifacts?y");
  EXPECT_EQ(tracking::artifact_uri("file:/", run), "file:/" + run.hex() + "/artifacts");
  EXPECT_EQ(parse_experiment_id("18446744073709551615").value(), 18446744073709551615ULL);
  for (const std::string_view bad : {"", "x", "1x", "-1", "18446744073709551616", " 1"}) {
    EXPECT_FALSE(parse_experiment_id(bad)) << bad;
  }
  for (std::uint64_t random = 1; random < 1000; ++random) {
    EXPECT_LE(made_up_run_name(random * 0x9E3779B97F4A7C15ULL).size(), 20u);
  }
}

TEST(Guard, KnowsOurHosts) {
  const std::vector<std::string> allowed = {"tracking.example", "*.lan", "port.example:81"};
  for (const std::string_view ours :
       {"localhost", "LOCALHOST:5000", "127.0.0.1:1", "127.3.2.1", "[::1]:5000", "10.0.0.1",
        "192.168.1.1:5000", "172.16.0.1", "172.31.9.9", "tracking.example:9", "a.b.lan",
        "port.example:81"}) {
    EXPECT_TRUE(is_our_host(ours, allowed)) << ours;
  }
  for (const std::string_view foreign :
       {"", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "172.32.0.1",
        "192.168.1.evil", "192.168.1", "10.0.0.256", "1.2.3.4", "lan", "evillan", "port.example:82",
        "tracking.example.evil", "[::2]"}) {
    EXPECT_FALSE(is_our_host(foreign, allowed)) << foreign;
  }
  EXPECT_TRUE(is_our_host("anything", {"*"}));
}

TEST(ChooseEncoding, TakesWhatIsWanted) {
  const std::pair<std::string_view, Encoding> rows[] = {
      {"", Encoding::kIdentity},         {"gzip, deflate", Encoding::kGzip},
      {"deflate", Encoding::kDeflate},   {"br;q=1, GZIP;q=0.5", Encoding::kGzip},
      {"gzip;q=0", Encoding::kIdentity}, {"gzip;q=0.0, deflate", Encoding::kDeflate},
      {"gzipped", Encoding::kIdentity},  {"identity", Encoding::kIdentity}};
  for (const auto& [accept, encoding] : rows) {
    EXPECT_EQ(to_string(choose_encoding(accept)), to_string(encoding)) << accept;
  }
}

}  // namespace
}  // namespace stepwell::http
