// The rules for keys, names, values and contexts.

#include "protocol/text.hpp"

#include <gtest/gtest.h>

#include "protocol/context.hpp"
#include "protocol/limits.hpp"

namespace stepwell::protocol {
namespace {

TEST(Text, Utf8Table) {
  const std::vector<std::pair<std::string, bool>> table = {
      {"", true},
      {"plain", true},
      {std::string("\0", 1), true},
      {"\x7f", true},
      {"\xc2\x80", true},          // U+0080, the first of two bytes.
      {"\xdf\xbf", true},          // U+07FF
      {"\xe0\xa0\x80", true},      // U+0800
      {"\xed\x9f\xbf", true},      // U+D7FF, before the surrogates.
      {"\xee\x80\x80", true},      // U+E000, after them.
      {"\xef\xbf\xbf", true},      // U+FFFF
      {"\xf0\x90\x80\x80", true},  // U+10000
      {"\xf4\x8f\xbf\xbf", true},  // U+10FFFF, the last.
      {"\x80", false},             // A continuation alone.
      {"\xbf", false},
      {"\xc0\x80", false},  // Overlong NUL.
      {"\xc1\xbf", false},
      {"\xe0\x9f\xbf", false},      // Overlong, three bytes.
      {"\xf0\x8f\xbf\xbf", false},  // Overlong, four.
      {"\xed\xa0\x80", false},      // U+D800
      {"\xed\xbf\xbf", false},      // U+DFFF
      {"\xf4\x90\x80\x80", false},  // U+110000
      {"\xf5\x80\x80\x80", false},
      {"\xff", false},
      {"\xfe", false},
      {"\xc2", false},  // Cut.
      {"\xe2\x82", false},
      {"\xf0\x9f\x98", false},
      {"\xc2 ", false},
      {"12345678\xc2", false},  // Past the first eight bytes, too.
      {"12345678\xc3\xa4", true},
      {"1234567\xc3\xa4 12345678", true},
  };
  for (const auto& [text, valid] : table) EXPECT_EQ(is_utf8(text), valid) << quoted(text);
}

TEST(Text, KeyRules) {
  EXPECT_TRUE(check_key("key", "loss"));
  EXPECT_TRUE(check_key("key", "größe/übung 1"));
  EXPECT_TRUE(check_key("key", std::string(kMetricKeyBytesMax, 'k')));
  EXPECT_FALSE(check_key("key", std::string(kMetricKeyBytesMax + 1, 'k')));
  EXPECT_FALSE(check_key("key", ""));
  for (int c = 0; c < 0x20; ++c) {
    EXPECT_FALSE(check_key("key", "a" + std::string(1, static_cast<char>(c)))) << c;
  }
  EXPECT_FALSE(check_key("key", "a\x7f"));
  EXPECT_FALSE(check_key("key", "a\xff"));
  EXPECT_TRUE(check_name("name", ""));
  EXPECT_TRUE(check_value("value", "two\nlines\t"));
  EXPECT_TRUE(check_value("value", std::string(kValueBytesMax, 'v')));
  EXPECT_FALSE(check_value("value", std::string(kValueBytesMax + 1, 'v')));
  EXPECT_FALSE(check_value("value", "\xc3"));
}

TEST(Text, MessagesAreAlwaysPrintable) {
  const auto error = check_key("metric key", std::string("\x01\xff", 2) + std::string(100, 'x'));
  ASSERT_FALSE(error);
  for (const char c : error.error().text) EXPECT_TRUE(c >= 0x20 && c < 0x7f);
  EXPECT_LT(error.error().text.size(), 300u);
}

TEST(Context, RoundTripInCanonicalOrder) {
  EXPECT_EQ(encode_context({}).value(), "");
  const Labels labels = {{"rank", "1"}, {"host", "node-ü"}, {"a", ""}};
  const std::string canonical = encode_context(labels).value();
  EXPECT_EQ(decode_context(canonical).value(), labels);
  EXPECT_TRUE(check_context(canonical));
  EXPECT_EQ(show_context(canonical), "{a=,host=node-ü,rank=1}");
  EXPECT_EQ(parse_shown_context("{a=,host=node-ü,rank=1}").value(), labels);
  EXPECT_EQ(show_context(""), "");
}

TEST(Context, Limits) {
  Labels labels;
  for (std::size_t i = 0; i < kLabelsMax; ++i) labels["l" + std::to_string(i)] = "v";
  EXPECT_TRUE(encode_context(labels));
  labels["one more"] = "v";
  EXPECT_FALSE(encode_context(labels));
  EXPECT_FALSE(encode_context({{"", "v"}}));
  EXPECT_TRUE(encode_context({{std::string(64, 'k'), std::string(256, 'v')}}));
  EXPECT_FALSE(encode_context({{std::string(65, 'k'), "v"}}));
  EXPECT_FALSE(encode_context({{"k", std::string(257, 'v')}}));
  EXPECT_FALSE(encode_context({{"k\n", "v"}}));
  EXPECT_FALSE(encode_context({{"k", "\xff"}}));
}

TEST(Context, OnlyTheCanonicalFormIsTaken) {
  const std::string a = encode_context({{"a", "1"}}).value();
  const std::string b = encode_context({{"b", "1"}}).value();
  EXPECT_TRUE(check_context(a + b));
  EXPECT_FALSE(check_context(b + a));
  EXPECT_FALSE(check_context(a + a));
  for (std::size_t size = 1; size < a.size(); ++size)
    EXPECT_FALSE(check_context(a.substr(0, size)));
  EXPECT_FALSE(check_context(a + "x"));
}

}  // namespace
}  // namespace stepwell::protocol
