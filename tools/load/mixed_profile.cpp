// The profile that is everything at once: several writers a run, params that two of them contest,
// tags that change, ends, contexts, points that are late, shuffled, doubled, or of every odd value.

#include <fmt/format.h>

#include <bit>
#include <limits>

#include "engine/base/assert.hpp"
#include "protocol/batch_builder.hpp"
#include "protocol/context.hpp"
#include "protocol/messages.hpp"
#include "tools/load/profile.hpp"

namespace stepwell::tools {
namespace {

using protocol::Kind;

double odd_value(SeededRandom& chance) {
  switch (chance.below(12)) {
    case 0:
      return std::bit_cast<double>(0x7FF8'0000'0000'0000 | chance.below(1u << 20));
    case 1:
      return std::bit_cast<double>(0xFFF4'0000'0000'0001 + chance.below(1u << 20));
    case 2:
      return std::numeric_limits<double>::infinity();
    case 3:
      return -std::numeric_limits<double>::infinity();
    case 4:
      return -0.0;
    case 5:
      return 0.0;
    case 6:
      return std::bit_cast<double>(chance.below(1u << 30));  // A denormal.
    default:
      return static_cast<double>(chance.below(1000)) / 7 - 50;
  }
}

std::int64_t odd_step(SeededRandom& chance, std::uint64_t sequence) {
  if (chance.one_in(200)) return std::numeric_limits<std::int64_t>::min();
  if (chance.one_in(200)) return std::numeric_limits<std::int64_t>::max();
  // Batches overlap by far: late and shuffled points, and equal steps with different values.
  return static_cast<std::int64_t>(sequence * 20 + chance.below(400)) - 100;
}

std::unique_ptr<wire::TextT> text(std::string key, std::string value) {
  auto made = std::make_unique<wire::TextT>();
  made->key = std::move(key);
  made->value = std::move(value);
  return made;
}

class MixedProfile final : public Profile {
 public:
  MixedProfile(const ProfileInfo& info, std::uint64_t seed) : Profile(info, seed) {}

  std::uint64_t length(std::uint64_t stream) const override {
    return 40 + random(stream, 0).below(160);
  }

  Kind kind(std::uint64_t stream, std::uint64_t sequence) const override {
    if (sequence == 1) return Kind::kOpen;
    if (sequence == kContestedSequence) return Kind::kParams;
    if (sequence == length(stream)) return Kind::kEnd;
    const std::uint64_t draw = random(stream, sequence).below(10);
    return draw == 0 ? Kind::kParams : draw <= 2 ? Kind::kTags : Kind::kBatch;
  }

  std::string_view frame(std::uint64_t stream, std::uint64_t sequence) override {
    switch (kind(stream, sequence)) {
      case Kind::kOpen:
        return frame_ = open_frame(stream);
      case Kind::kParams:
        return frame_ = params(stream, sequence);
      case Kind::kTags:
        return frame_ = tags(stream, sequence);
      case Kind::kEnd:
        return frame_ = end(stream, sequence);
      default:
        return frame_ = batch(stream, sequence);
    }
  }

 private:
  template <typename Native>
  std::string command(std::uint64_t stream, std::uint64_t sequence, Kind kind,
                      const Native& message) const {
    return protocol::make_frame_of(kind, message, run(stream), writer(stream), sequence);
  }

  std::string params(std::uint64_t stream, std::uint64_t sequence) const {
    wire::ParamsT params;
    const unsigned self = writer_index(stream);
    if (sequence == kContestedSequence) {
      params.params.push_back(text(std::string(kContestedParam), fmt::format("{}", self)));
    } else {
      params.params.push_back(
          text(fmt::format("p{}.{}", self, sequence), fmt::format("{}", stream)));
      params.params.push_back(text("agreed", "yes"));
    }
    return command(stream, sequence, Kind::kParams, params);
  }

  std::string tags(std::uint64_t stream, std::uint64_t sequence) const {
    wire::TagsT tags;
    const unsigned self = writer_index(stream);
    tags.tags.push_back(text(fmt::format("phase.{}", self), fmt::format("at {}", sequence)));
    tags.tags.push_back(
        text(fmt::format("t{}.{}", self, sequence % 3), fmt::format("{}", sequence)));
    return command(stream, sequence, Kind::kTags, tags);
  }

  std::string end(std::uint64_t stream, std::uint64_t sequence) const {
    wire::EndT end;
    const std::uint64_t draw = random(stream, sequence).below(5);
    end.status = draw == 0   ? wire::RunStatus::Failed
                 : draw == 1 ? wire::RunStatus::Killed
                             : wire::RunStatus::Finished;
    end.end_ms = kProfileEpochMs + static_cast<std::int64_t>(1'000'000 + stream);
    return command(stream, sequence, Kind::kEnd, end);
  }

  std::string batch(std::uint64_t stream, std::uint64_t sequence) {
    SeededRandom chance = random(stream, sequence);
    chance.next_u64();  // The kind's draw.
    protocol::BatchBuilder batch;
    if (chance.one_in(3)) batch.use_wide_columns();
    const std::uint64_t blocks = 1 + chance.below(3);
    for (std::uint64_t i = 0; i < blocks; ++i) add_block(batch, chance, stream, sequence);
    return protocol::make_frame(header(stream, sequence), batch.finish());
  }

  void add_block(protocol::BatchBuilder& batch, SeededRandom& chance, std::uint64_t stream,
                 std::uint64_t sequence) const {
    const protocol::Labels labels[] = {
        {}, {{"rank", fmt::format("{}", writer_index(stream))}}, {{"host", "a"}, {"rank", "x"}}};
    protocol::KeyListBuilder keys;
    const std::uint64_t first = chance.below(12);
    const std::uint64_t key_count = 1 + chance.below(6);
    for (std::uint64_t k = 0; k < key_count; ++k) {
      const auto context = protocol::encode_context(labels[chance.below(3)]);
      const auto added = keys.add(fmt::format("m\xC3\xA9trique/{}", first + k), context.value());
      STEPWELL_ASSERT(added.has_value());
    }
    const std::size_t points = 1 + chance.below(50);
    const bool rows = points >= key_count && chance.one_in(3);
    std::vector<std::int64_t> steps(points), times(points);
    std::vector<std::uint32_t> key_index;
    std::vector<double> values(rows ? points : points * key_count);
    const bool regular = chance.one_in(3);
    for (std::size_t i = 0; i < points; ++i) {
      steps[i] =
          regular ? static_cast<std::int64_t>(sequence * 20 + i) : odd_step(chance, sequence);
      times[i] =
          kProfileEpochMs + static_cast<std::int64_t>(chance.below(100'000));  // Backwards too.
      if (rows)
        key_index.push_back(
            static_cast<std::uint32_t>(i < key_count ? i : chance.below(key_count)));
    }
    for (double& value : values) value = odd_value(chance);
    if (!rows && points > 1 && chance.one_in(2)) {  // The last point doubles the first.
      steps.back() = steps.front();
      times.back() = times.front();
      for (std::size_t k = 0; k < key_count; ++k)
        values[k * points + points - 1] = values[k * points];
    }
    batch.add_block(keys, points, {steps, times, values, key_index});
  }

  std::string frame_;
};

}  // namespace

std::unique_ptr<Profile> make_mixed_profile(const ProfileInfo& info, std::uint64_t seed) {
  return std::make_unique<MixedProfile>(info, seed);
}

}  // namespace stepwell::tools
