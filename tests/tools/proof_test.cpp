// The proof of server-assigned steps sees every way in which an exactly-once promise can break.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "protocol/batch.hpp"
#include "tools/verify/steps_proof.hpp"

namespace stepwell::tools {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StepsProof : public testing::Test {
 protected:
  // What a store would hold if these batches had been applied in this order.
  void apply(unsigned writer, std::uint64_t sequence) {
    const auto frame = protocol::read_frame(as_bytes(profile_->frame(writer, sequence)));
    const auto batch = protocol::BatchView::parse(frame.value().payload());
    const auto& block = batch.value().blocks.front();
    for (std::uint32_t i = 0; i < block.points; ++i) {
      const auto step = static_cast<std::int64_t>(series_["id"].size());
      series_["id"].push_back({step, block.times[i], block.values[i]});
      series_["noise"].push_back({step, block.times[i], block.values[block.points + i]});
    }
  }
  std::vector<std::string> prove(std::uint64_t next0, std::uint64_t next1) {
    return prove_assigned_steps(*profile_, {{0, next0, &journals_[0]}, {1, next1, &journals_[1]}},
                                series_);
  }
  void good() {
    for (const auto& [writer, sequence] : {std::pair{0u, 2}, {1u, 2}, {1u, 3}, {0u, 3}}) {
      apply(writer, static_cast<std::uint64_t>(sequence));
    }
  }

  std::unique_ptr<Profile> profile_ = std::move(Profile::make("steps", 9).value());
  StreamJournal journals_[2];
  std::map<std::string, std::vector<Point>> series_;
};

TEST_F(StepsProof, HoldsForAnyInterleaving) {
  good();
  EXPECT_THAT(prove(4, 4), IsEmpty());
}
TEST_F(StepsProof, SeesABatchAppliedTwice) {
  good();
  apply(1, 3);
  EXPECT_THAT(prove(4, 4), ElementsAre(HasSubstr("expected batch 4")));
}
TEST_F(StepsProof, SeesALostBatch) {
  good();
  EXPECT_THAT(prove(5, 4), ElementsAre(HasSubstr("batches up to 3 have steps")));
}
TEST_F(StepsProof, SeesAWritersBatchesOutOfOrder) {
  apply(0, 3);
  apply(0, 2);
  EXPECT_THAT(prove(4, 1), ElementsAre(HasSubstr("expected batch 2")));
}
TEST_F(StepsProof, SeesAGapInTheSteps) {
  good();
  for (auto& [key, points] : series_) {
    for (Point& point : points) point.step += point.step > 3;
  }
  EXPECT_EQ(prove(4, 4).size(), 1u);
}
TEST_F(StepsProof, SeesAValueThatWasNotSent) {
  good();
  series_["noise"][1].value += 1;
  EXPECT_THAT(prove(4, 4), ElementsAre(HasSubstr("not at step 1")));
}
TEST_F(StepsProof, SeesAFirstStepThatWasToldOtherwise) {
  good();
  journals_[0].first_steps[2] = 0;
  EXPECT_THAT(prove(4, 4), IsEmpty());
  journals_[0].first_steps[2] = 1;
  EXPECT_THAT(prove(4, 4), ElementsAre(HasSubstr("was told step 1")));
}

}  // namespace
}  // namespace stepwell::tools
