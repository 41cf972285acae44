// Every saved input of every target, so that what a fuzzer found once stays found in a normal
// build.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/fuzz/targets.hpp"

namespace stepwell::fuzz {
namespace {

std::string current;  // The input that is being fed.

void tell_which(int) {
  std::fprintf(stderr, "on the saved input %s\n", current.c_str());
}

void feed_all(const std::string& name, Target target) {
  std::signal(SIGABRT, tell_which);
  std::size_t fed = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(STEPWELL_FUZZ_CORPUS + ("/" + name))) {
    current = entry.path().string();
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    target(as_bytes(bytes));
    // Cut short, and with a bit flipped, it is an input as well.
    target(as_bytes(bytes).first(bytes.size() / 2));
    std::string flipped = bytes;
    if (!flipped.empty()) flipped[flipped.size() * 2 / 3] ^= 4;
    target(as_bytes(flipped));
    ++fed;
  }
  EXPECT_GT(fed, 5u) << "the corpus of " << name << " is missing";
  target({});
}

TEST(CorpusTest, Frame) {
  feed_all("frame", frame);
}
TEST(CorpusTest, Apply) {
  feed_all("apply", apply);
}
TEST(CorpusTest, Log) {
  feed_all("log", log);
}
TEST(CorpusTest, Spool) {
  feed_all("spool", spool);
}
TEST(CorpusTest, Codec) {
  feed_all("codec", codec);
}
TEST(CorpusTest, Store) {
  feed_all("store", store);
}
TEST(CorpusTest, Search) {
  feed_all("search", search);
}
TEST(CorpusTest, Http) {
  feed_all("http", http);
}

}  // namespace
}  // namespace stepwell::fuzz
