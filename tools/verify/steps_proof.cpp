#include "tools/verify/steps_proof.hpp"

#include <fmt/format.h>

#include "protocol/batch.hpp"

namespace stepwell::tools {
namespace {

struct Batch {
  std::vector<std::int64_t> times;
  std::vector<double> ids;
  std::vector<double> noise;
};

// A batch's points as the profile makes them.
Batch batch_of(Profile& profile, std::uint64_t stream, std::uint64_t sequence) {
  const auto frame = protocol::read_frame(as_bytes(profile.frame(stream, sequence)));
  const auto view = protocol::BatchView::parse(frame.value().payload());
  const auto& block = view.value().blocks.front();
  Batch batch;
  for (std::uint32_t i = 0; i < block.points; ++i) {
    batch.times.push_back(block.times[i]);
    batch.ids.push_back(block.values[i]);
    batch.noise.push_back(block.values[block.points + i]);
  }
  return batch;
}

}  // namespace

std::vector<std::string> prove_assigned_steps(
    Profile& profile, const std::vector<StepsWriter>& writers,
    const std::map<std::string, std::vector<Point>>& series) {
  std::vector<std::string> faults;
  static const std::vector<Point> kNone;
  const auto points_of = [&](const char* key) -> const std::vector<Point>& {
    const auto it = series.find(key);
    return it == series.end() ? kNone : it->second;
  };
  const auto &ids = points_of("id"), &noise = points_of("noise");
  if (ids.size() != noise.size()) {
    faults.push_back(fmt::format("has {} points of id and {} of noise", ids.size(), noise.size()));
    return faults;
  }
  std::vector<std::uint64_t> next(writers.size(), 2);  // Batch that each writer must show next.
  for (std::size_t at = 0; at < ids.size();) {
    const StepsPoint said = steps_point(ids[at].value);
    if (said.writer >= writers.size() || !writers[said.writer].journal || said.position != 0 ||
        said.sequence != next[said.writer]) {
      faults.push_back(
          fmt::format("step {}: holds writer {} batch {} point {}, expected batch {} point 0",
                      ids[at].step, said.writer, said.sequence, said.position,
                      said.writer < next.size() ? next[said.writer] : 0));
      return faults;
    }
    const StepsWriter& writer = writers[said.writer];
    const Batch batch = batch_of(profile, writer.stream, said.sequence);
    const auto first_step = static_cast<std::int64_t>(at);
    for (std::size_t i = 0; i < batch.ids.size(); ++i, ++at) {
      const Point wanted{first_step + static_cast<std::int64_t>(i), batch.times[i], batch.ids[i]};
      const Point wanted_noise{wanted.step, wanted.timestamp_ms, batch.noise[i]};
      if (at < ids.size() && ids[at] == wanted && noise[at] == wanted_noise) continue;
      faults.push_back(fmt::format("writer {} batch {} point {}: not at step {}", said.writer,
                                   said.sequence, i, wanted.step));
      return faults;
    }
    const auto told = writer.journal->first_steps.find(said.sequence);
    if (told != writer.journal->first_steps.end() && told->second != first_step) {
      faults.push_back(fmt::format("writer {} batch {}: was told step {}, is stored from step {}",
                                   said.writer, said.sequence, told->second, first_step));
      return faults;
    }
    ++next[said.writer];
  }
  for (std::size_t i = 0; i < writers.size(); ++i) {
    const std::uint64_t wanted = std::max<std::uint64_t>(writers[i].next, 2);
    if (next[i] == wanted) continue;
    faults.push_back(fmt::format("writer {}: batches up to {} have steps, its position says {}", i,
                                 next[i] - 1, wanted - 1));
  }
  return faults;
}

}  // namespace stepwell::tools
