#include "tools/load/profile.hpp"

#include <fmt/format.h>

#include "protocol/messages.hpp"

namespace stepwell::tools {

using protocol::FrameHeader;
using protocol::Kind;

const std::vector<ProfileInfo>& profile_infos() {
  static const std::vector<ProfileInfo> infos = {
      {"f1", "10 series x 1000 points a frame, 24 bytes a point", 4},
      {"f2", "10 series x 100 points a frame, 24 bytes a point", 4},
      {"f3", "100 metrics x 1 step a frame, 30-byte keys", 4},
      {"f4", "f1, to be sustained", 4},
      {"f5", "f4 with narrow columns: float32, base + stride, u32 time deltas", 4},
      {"f6", "10-point frames, 64 connections", 64},
      {"f8", "noisy float32 loss curves, 10 metrics x 100,000 steps a run", 4},
      {"f9", "10,000 runs x 100 loss curves x 500 steps, interleaved", 4, 1, 2500},
      {"r8", "runs of 10 loss curves x 1000 steps", 4},
      {"steps", "the server assigns the steps; 4 writers a run", 4, 4, 1, 16, true},
      {"mixed", "everything at once: params, tags, ends, late and odd points; 3 writers a run", 6,
       3, 3, 16},
  };
  return infos;
}

const ProfileInfo* find_profile(std::string_view name) {
  for (const ProfileInfo& info : profile_infos()) {
    if (info.name == name) return &info;
  }
  return nullptr;
}

Result<std::unique_ptr<Profile>> Profile::make(std::string_view name, std::uint64_t seed) {
  const ProfileInfo* info = find_profile(name);
  if (!info) {
    std::string names;
    for (const ProfileInfo& known : profile_infos()) names += fmt::format(" {}", known.name);
    return fail(ErrorKind::kInvalid, "no profile '{}', expected one of:{}", name, names);
  }
  if (info->name == "steps") return make_steps_profile(*info, seed);
  if (info->name == "mixed") return make_mixed_profile(*info, seed);
  if (info->name == "f8" || info->name == "f9" || info->name == "r8") {
    return make_curves_profile(*info, seed);
  }
  return make_fixed_profile(*info, seed);
}

namespace {

// Mixes numbers and a name into one seed.
std::uint64_t mixed_seed(std::string_view name, std::initializer_list<std::uint64_t> numbers) {
  std::uint64_t state = 0x5357;
  for (const char c : name)
    state = SeededRandom(state * 257 + static_cast<unsigned char>(c)).next_u64();
  for (const std::uint64_t number : numbers) state = SeededRandom(state ^ number).next_u64();
  return state;
}

}  // namespace

RunId Profile::run(std::uint64_t stream) const {
  return SeededRandom(mixed_seed(info_.name, {seed_, 1, run_index(stream)})).next_id<RunId>();
}

WriterId Profile::writer(std::uint64_t stream) const {
  return SeededRandom(mixed_seed(info_.name, {seed_, 2, stream})).next_id<WriterId>();
}

SeededRandom Profile::random(std::uint64_t stream, std::uint64_t sequence) const {
  return SeededRandom(mixed_seed(info_.name, {seed_, 3, stream, sequence}));
}

FrameHeader Profile::header(std::uint64_t stream, std::uint64_t sequence) const {
  FrameHeader header;
  header.kind = Kind::kBatch;
  header.run = run(stream);
  header.writer = writer(stream);
  header.sequence = sequence;
  return header;
}

std::string Profile::open_frame(std::uint64_t stream) const {
  wire::OpenT open;
  open.experiment = "load";
  open.run_name = fmt::format("{}-{}-{}", info_.name, seed_, run_index(stream));
  open.user = "load";
  open.start_ms = kProfileEpochMs + static_cast<std::int64_t>(run_index(stream));
  auto tag = std::make_unique<wire::TextT>();
  tag->key = fmt::format("writer.{}", writer_index(stream));
  tag->value = fmt::format("stream {}", stream);
  open.tags.push_back(std::move(tag));
  return protocol::make_frame_of(Kind::kOpen, open, run(stream), writer(stream), 1);
}

}  // namespace stepwell::tools
