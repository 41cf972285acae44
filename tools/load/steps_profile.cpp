// The profile whose steps the server assigns. A second application, a lost batch or a torn one
// shows in the steps themselves: they are contiguous, and each point says which one it is.

#include "engine/base/assert.hpp"
#include "protocol/batch_builder.hpp"
#include "tools/load/profile.hpp"

namespace stepwell::tools {

double steps_value(const StepsPoint& point) {
  // Below 2^53, so every value is exact.
  return static_cast<double>((std::uint64_t{point.writer} << 40) | (point.sequence << 8) |
                             point.position);
}

StepsPoint steps_point(double value) {
  if (!(value >= 0 && value < 0x1p53)) return {~0u, 0, 0};
  const auto bits = static_cast<std::uint64_t>(value);
  return {static_cast<unsigned>(bits >> 40), (bits >> 8) & 0xFFFFFFFF,
          static_cast<unsigned>(bits & 0xFF)};
}

namespace {

using protocol::Kind;

class StepsProfile final : public Profile {
 public:
  StepsProfile(const ProfileInfo& info, std::uint64_t seed) : Profile(info, seed) {
    STEPWELL_ASSERT(keys_.add("id").has_value());
    STEPWELL_ASSERT(keys_.add("noise").has_value());
  }

  std::uint64_t length(std::uint64_t) const override { return 20'000; }
  Kind kind(std::uint64_t, std::uint64_t sequence) const override {
    return sequence == 1 ? Kind::kOpen : Kind::kBatch;
  }

  std::string_view frame(std::uint64_t stream, std::uint64_t sequence) override {
    if (sequence == 1) return frame_ = open_frame(stream);
    SeededRandom chance = random(stream, sequence);
    const auto points = static_cast<unsigned>(1 + chance.below(kStepsBatchMax));
    std::vector<std::int64_t> times(points);
    std::vector<double> values(2 * points);
    for (unsigned i = 0; i < points; ++i) {
      times[i] = kProfileEpochMs + static_cast<std::int64_t>(sequence * 100 + i);
      values[i] = steps_value({writer_index(stream), sequence, i});
      values[points + i] = static_cast<double>(chance.below(1u << 30)) / (1 << 30);
    }
    batch_.add_block(keys_, points, {{}, times, values, {}});
    return frame_ = protocol::make_frame(header(stream, sequence), batch_.finish());
  }

 private:
  protocol::KeyListBuilder keys_;
  protocol::BatchBuilder batch_;
  std::string frame_;
};

}  // namespace

std::unique_ptr<Profile> make_steps_profile(const ProfileInfo& info, std::uint64_t seed) {
  return std::make_unique<StepsProfile>(info, seed);
}

}  // namespace stepwell::tools
