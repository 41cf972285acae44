#pragma once

// What `stepwell load` sends: streams of frames, each frame a function of profile, seed, stream and
// sequence alone, so that any of them can be made again: to be re-sent, or to be proved. Stream n
// is one writer; `writers_per_run` consecutive streams share a run. One thread a Profile.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.hpp"
#include "engine/base/result.hpp"
#include "protocol/frame.hpp"

namespace stepwell::tools {

struct ProfileInfo {
  std::string_view name;
  std::string_view help;
  unsigned connections = 4;  // Where the user does not say.
  unsigned writers_per_run = 1;
  unsigned streams_at_once = 1;  // That a connection interleaves.
  unsigned resend_one_in = 0;    // Frames that were decided long ago and come again; 0: none.
  bool server_steps = false;     // Batches leave their steps to the server.
};

const std::vector<ProfileInfo>& profile_infos();
const ProfileInfo* find_profile(std::string_view name);

class Profile {
 public:
  // kInvalid: no such profile; the text lists them.
  static Result<std::unique_ptr<Profile>> make(std::string_view name, std::uint64_t seed);
  virtual ~Profile() = default;

  const ProfileInfo& info() const { return info_; }
  std::uint64_t seed() const { return seed_; }

  std::uint64_t run_index(std::uint64_t stream) const { return stream / info_.writers_per_run; }
  unsigned writer_index(std::uint64_t stream) const {
    return static_cast<unsigned>(stream % info_.writers_per_run);
  }
  RunId run(std::uint64_t stream) const;
  WriterId writer(std::uint64_t stream) const;

  // Sequences of the stream: 1 (open) to length.
  virtual std::uint64_t length(std::uint64_t stream) const = 0;
  // The frame, valid until the next call; 8-aligned.
  virtual std::string_view frame(std::uint64_t stream, std::uint64_t sequence) = 0;
  virtual protocol::Kind kind(std::uint64_t stream, std::uint64_t sequence) const = 0;

 protected:
  Profile(const ProfileInfo& info, std::uint64_t seed) : info_(info), seed_(seed) {}
  protocol::FrameHeader header(std::uint64_t stream, std::uint64_t sequence) const;
  std::string open_frame(std::uint64_t stream) const;
  // The chance that belongs to a frame.
  SeededRandom random(std::uint64_t stream, std::uint64_t sequence) const;

 private:
  const ProfileInfo& info_;
  const std::uint64_t seed_;
};

// Time zero of all profiles: 2024-01-01 UTC.
inline constexpr std::int64_t kProfileEpochMs = 1'704'067'200'000;

// The kinds of profile (fixed_profile.cpp, curves_profile.cpp, steps_profile.cpp,
// mixed_profile.cpp).
std::unique_ptr<Profile> make_fixed_profile(const ProfileInfo& info, std::uint64_t seed);
std::unique_ptr<Profile> make_curves_profile(const ProfileInfo& info, std::uint64_t seed);
std::unique_ptr<Profile> make_steps_profile(const ProfileInfo& info, std::uint64_t seed);
std::unique_ptr<Profile> make_mixed_profile(const ProfileInfo& info, std::uint64_t seed);

// The steps profile: what a point of series "id" says about itself.
struct StepsPoint {
  unsigned writer = 0;
  std::uint64_t sequence = 0;
  unsigned position = 0;  // In its batch.
};
inline constexpr unsigned kStepsBatchMax = 8;
double steps_value(const StepsPoint& point);
StepsPoint steps_point(double value);

// The mixed profile: a param that every writer of a run sets to its own index; the first one wins.
inline constexpr std::string_view kContestedParam = "contested";
inline constexpr std::uint64_t kContestedSequence = 2;

}  // namespace stepwell::tools
