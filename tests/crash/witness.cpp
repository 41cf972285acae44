#include "tests/crash/witness.hpp"

#include <gtest/gtest.h>

#include "tests/sim/state_text.hpp"

namespace stepwell::crash {

using protocol::VerdictCode;

std::size_t Witness::send(StoreOnWorld& to, const sim::Command& command) {
  now_ms_ += 3;
  sent_.push_back({command, now_ms_});
  to.submit(command, now_ms_, sent_.size() - 1);
  return sent_.size() - 1;
}

void Witness::pass_refused() {
  while (acknowledged_ < sent_.size() && sent_[acknowledged_].refused) ++acknowledged_;
}

bool Witness::take_answers(StoreOnWorld& from, const OnAnswer& on_answer) {
  for (const Answer& answer : std::exchange(from.answers, {})) {
    if (!answer.verdict) {
      error_ = answer.verdict.error().text;
      const bool overloaded = answer.verdict.error().kind == ErrorKind::kOverloaded;
      if (overloaded) sent_[answer.number].refused = true;
      if (overloaded && on_answer) on_answer(answer.number, answer.verdict);
      continue;
    }
    pass_refused();
    EXPECT_EQ(answer.number, acknowledged_) << "acknowledged out of order";
    const Sent& sent = sent_[acknowledged_++];
    const auto expected = model_.apply(sent.command, sent.arrival_ms);
    const store::Verdict& verdict = answer.verdict.value();
    EXPECT_EQ(VerdictCode{verdict.code}, expected.code) << name_of(sent.command) << verdict.text;
    EXPECT_EQ(verdict.expected, expected.expected) << name_of(sent.command);
    EXPECT_EQ(verdict.first_step, expected.first_step) << name_of(sent.command);
    if (on_answer) on_answer(answer.number, answer.verdict);
  }
  pass_refused();
  if (from.poisoned) error_ = *from.poisoned;
  return !from.poisoned;
}

std::vector<sim::Command> Witness::find_survivors(const StoreOnWorld& store) {
  const auto found = store.text();
  EXPECT_TRUE(found.has_value()) << (found ? "" : found.error().text);
  if (!found) return {};
  sim::ReferenceModel model = model_;
  std::size_t survivors = acknowledged_;
  while (model.text() != found.value()) {
    while (survivors < sent_.size() && sent_[survivors].refused) ++survivors;
    if (survivors == sent_.size()) {
      ADD_FAILURE() << "what is there is no prefix of what was sent, from the acknowledged "
                    << acknowledged_ << " on\n"
                    << sim::difference(model_.text(), found.value());
      return {};
    }
    model.apply(sent_[survivors].command, sent_[survivors].arrival_ms);
    ++survivors;
  }
  model_ = std::move(model);
  std::vector<sim::Command> lost;
  for (std::size_t i = survivors; i < sent_.size(); ++i) lost.push_back(sent_[i].command);
  sent_.resize(survivors);
  acknowledged_ = survivors;
  return lost;
}

void Witness::compare(const StoreOnWorld& store) const {
  const auto text = store.text();
  ASSERT_TRUE(text.has_value()) << text.error().text;
  EXPECT_EQ(sim::difference(model_.text(), text.value()), "");
}

}  // namespace stepwell::crash
