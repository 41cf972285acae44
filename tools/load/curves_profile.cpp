// Profiles that look like training: noisy float32 loss curves with jittered timestamps, all metrics
// of a run at the same steps. f8 for what they take on disk, f9 for many series at once, r8 for
// many runs.

#include <fmt/format.h>

#include <map>

#include "engine/base/assert.hpp"
#include "protocol/batch_builder.hpp"
#include "tools/load/profile.hpp"

namespace stepwell::tools {
namespace {

using protocol::Kind;

struct Shape {
  unsigned metrics;
  unsigned points;        // Of each, a frame.
  std::uint64_t batches;  // A stream.
};

const Shape& shape_of(std::string_view name) {
  static const std::map<std::string_view, Shape> shapes = {
      {"f8", {10, 1000, 100}}, {"f9", {100, 10, 50}}, {"r8", {10, 1000, 1}}};
  return shapes.at(name);
}

class CurvesProfile final : public Profile {
 public:
  CurvesProfile(const ProfileInfo& info, std::uint64_t seed)
      : Profile(info, seed), shape_(shape_of(info.name)) {
    for (unsigned i = 0; i < shape_.metrics; ++i) {
      STEPWELL_ASSERT(keys_.add(fmt::format("train/layer_{:03}/loss", i)).has_value());
    }
  }

  std::uint64_t length(std::uint64_t) const override { return 1 + shape_.batches; }
  Kind kind(std::uint64_t, std::uint64_t sequence) const override {
    return sequence == 1 ? Kind::kOpen : Kind::kBatch;
  }

  std::string_view frame(std::uint64_t stream, std::uint64_t sequence) override {
    if (sequence == 1) return frame_ = open_frame(stream);
    SeededRandom chance = random(stream, sequence);
    const std::uint64_t first = (sequence - 2) * shape_.points;
    steps_.resize(shape_.points);
    times_.resize(shape_.points);
    values_.resize(std::size_t{shape_.points} * shape_.metrics);
    for (unsigned i = 0; i < shape_.points; ++i) {
      steps_[i] = static_cast<std::int64_t>(first + i);
      // 100 ms a step, 5 ms more or less.
      times_[i] = kProfileEpochMs + steps_[i] * 100 + static_cast<std::int64_t>(chance.below(11));
    }
    for (unsigned metric = 0; metric < shape_.metrics; ++metric) {
      const float height = 2 + static_cast<float>(metric) / 16;
      for (unsigned i = 0; i < shape_.points; ++i) {
        const float fall = height / (1 + static_cast<float>(first + i) / 2000);
        const float noise = static_cast<float>(chance.below(1 << 24)) / (1 << 24) - 0.5F;
        values_[std::size_t{metric} * shape_.points + i] =
            static_cast<double>(0.1F + fall * (1 + noise / 8));
      }
    }
    batch_.add_block(keys_, shape_.points, {steps_, times_, values_, {}});
    return frame_ = protocol::make_frame(header(stream, sequence), batch_.finish());
  }

 private:
  const Shape& shape_;
  protocol::KeyListBuilder keys_;
  protocol::BatchBuilder batch_;
  std::vector<std::int64_t> steps_, times_;
  std::vector<double> values_;
  std::string frame_;
};

}  // namespace

std::unique_ptr<Profile> make_curves_profile(const ProfileInfo& info, std::uint64_t seed) {
  return std::make_unique<CurvesProfile>(info, seed);
}

}  // namespace stepwell::tools
