// What waits to be told is counted for what it is, and an ack is never larger than a frame may be.
#include "engine/ingest/answers.hpp"

#include <gtest/gtest.h>
#include <malloc.h>

#include "protocol/limits.hpp"

namespace stepwell::ingest {
namespace {

using protocol::Kind;
using protocol::VerdictCode;

FrameName name(std::uint64_t sequence, std::uint8_t writer = 1) {
  FrameName name;
  name.run.bytes.fill(1);
  name.writer.bytes.fill(writer);
  std::memcpy(name.run.bytes.data(), &sequence, sizeof sequence);
  name.sequence = sequence;
  return name;
}

tracking::Verdict rejected(std::uint64_t expected, std::string text) {
  return {static_cast<std::uint8_t>(VerdictCode::kInvalid), expected, std::nullopt,
          std::move(text)};
}

std::vector<wire::AckT> take_all(Answers& answers) {
  std::vector<wire::AckT> acks;
  while (!answers.empty()) {
    const std::string bytes = answers.take(7);
    EXPECT_LE(bytes.size(), protocol::kFrameBytesMax);
    const auto frame = protocol::read_frame(as_bytes(bytes));
    if (!frame) {
      ADD_FAILURE() << frame.error().text;
      break;
    }
    auto ack = protocol::decode<wire::AckT>(frame.value().payload());
    if (!ack) {
      ADD_FAILURE() << ack.error().text;
      break;
    }
    acks.push_back(std::move(ack.value()));
  }
  return acks;
}

TEST(AnswersTest, AnAckIsSplitBelowTheLargestFrameAndDecidedComesLast) {
  Answers answers;
  constexpr std::uint64_t kFrames = 250'000;
  for (std::uint64_t i = 2; i < 2 + kFrames; ++i) {
    FrameName frame = name(1);
    frame.sequence = i;
    answers.add(frame, rejected(i + 1, std::string(100, 'x')));
  }
  const auto acks = take_all(answers);
  std::uint64_t exceptions = 0;
  for (std::size_t i = 0; i < acks.size(); ++i) {
    EXPECT_EQ(acks[i].credit, 7u);
    for (const auto& exception : acks[i].exceptions) {
      EXPECT_EQ(exception->position->sequence(), 2 + exceptions++);
    }
    if (i + 1 < acks.size()) {
      EXPECT_TRUE(acks[i].decided.empty()) << i;
    }
  }
  EXPECT_EQ(exceptions, kFrames);
  ASSERT_EQ(acks.back().decided.size(), 1u);
  EXPECT_EQ(acks.back().decided[0].sequence(), 1 + kFrames);
  EXPECT_EQ(answers.bytes(), 0u);
}

TEST(AnswersTest, ManyWritersAndFirstStepsAreSplitToo) {
  Answers answers;
  constexpr std::uint64_t kFrames = 500'000;
  for (std::uint64_t i = 0; i < kFrames; ++i) {
    answers.add(name(i),
                tracking::Verdict{static_cast<std::uint8_t>(VerdictCode::kApplied), 3, 5, {}});
  }
  std::uint64_t steps = 0, decided = 0;
  for (const auto& ack : take_all(answers)) {
    steps += ack.first_steps.size();
    decided += ack.decided.size();
  }
  EXPECT_EQ(steps, kFrames);
  EXPECT_EQ(decided, kFrames);
}

// Small pieces and what is mapped by itself.
std::size_t allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

// The counted bytes against the allocator's own account.
template <typename Make>
void expect_counted(const Make& make) {
  const std::size_t before = allocated();
  if (before == 0) GTEST_SKIP() << "a sanitizer's allocator keeps no such account";
  Answers answers;
  for (std::uint64_t i = 0; i < 10'000; ++i) make(answers, i);
  const std::size_t real = allocated() - before;
  EXPECT_GE(answers.bytes(), real * 95 / 100);
  EXPECT_LE(answers.bytes(), real * 2);
}

TEST(AnswersTest, AllPartsAreCounted) {
  expect_counted([](Answers& a, std::uint64_t) { a.add(name(1), rejected(0, "")); });
  const std::string reason(300, 'x');
  expect_counted([&](Answers& a, std::uint64_t) { a.add(name(1), rejected(0, reason)); });
  expect_counted([](Answers& a, std::uint64_t i) { a.add(name(i), rejected(9, "gap")); });
  expect_counted([](Answers& a, std::uint64_t i) {
    a.add(name(1), tracking::Verdict{0, 0, static_cast<std::int64_t>(i), {}});
  });
  expect_counted([](Answers& a, std::uint64_t) { a.add_frame(std::string(64, 'x')); });
}

}  // namespace
}  // namespace stepwell::ingest
