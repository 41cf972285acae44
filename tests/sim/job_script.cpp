#include "tests/sim/job_script.hpp"

#include <bit>
#include <limits>
#include <memory>
#include <optional>

#include <fmt/format.h>

#include "tests/sim/script_writer.hpp"

namespace stepwell::sim {
namespace {

std::int64_t some_step(SeededRandom& random) {
  const auto small = static_cast<std::int64_t>(random.below(4000));
  if (random.one_in(60)) return std::numeric_limits<std::int64_t>::min() + small;
  if (random.one_in(20)) return -small;
  return small;
}

Command without_writer(SeededRandom& random, const RunId& run) {
  Command command;
  command.run = run;
  if (random.one_in(2)) {
    command.kind = Kind::kRunStage;
    command.deleted = random.one_in(2);
  } else {
    command.kind = Kind::kDeleteTag;
    command.texts = {{fmt::format("tag-{}", random.below(3)), ""}};
  }
  return command;
}

class Script {
 public:
  Script(std::uint64_t seed, const ScriptOptions& options) : random_(seed), options_(options) {
    for (std::size_t i = 0; i < options.runs; ++i) runs_.push_back(random_.next_id<RunId>());
    for (std::size_t i = 0; i < options.runs * options.writers; ++i) {
      writers_.push_back(fresh_writer(i));
    }
  }

  std::vector<Command> make() {
    bool purged = false;
    while (done_.size() < options_.commands) {
      const bool is_time = !purged && done_.size() > options_.commands / 3;
      if (is_time || random_.one_in(60)) {
        purge(random_.below(runs_.size()));
        purged = purged || is_time;
      } else if (options_.repeats && !done_.empty() && random_.one_in(8)) {
        done_.push_back(done_[random_.below(done_.size())]);
      } else if (!late_.empty() && random_.one_in(6)) {
        done_.push_back(late_.back());
        late_.pop_back();
      } else if (random_.one_in(24)) {
        done_.push_back(without_writer(random_, runs_[random_.below(runs_.size())]));
      } else {
        go_on(random_.below(writers_.size()));
      }
    }
    return std::move(done_);
  }

 private:
  std::unique_ptr<ScriptWriter> fresh_writer(std::size_t number) {
    return std::make_unique<ScriptWriter>(random_, options_, runs_[number % options_.runs],
                                          number / options_.runs);
  }

  // Another run takes its place; what is repeated, or comes late, finds it gone.
  void purge(std::size_t number) {
    Command command;
    command.run = runs_[number];
    command.kind = Kind::kRunStage;
    command.deleted = true;
    done_.push_back(command);
    command.kind = Kind::kPurgeRun;
    done_.push_back(command);
    runs_[number] = random_.next_id<RunId>();
    for (std::size_t i = number; i < writers_.size(); i += options_.runs) {
      writers_[i] = fresh_writer(i);
    }
  }

  void go_on(std::size_t number) {
    ScriptWriter& writer = *writers_[number];
    if (writer.ended()) {
      // A new process of the same rank.
      writers_[number] = fresh_writer(number);
      return go_on(number);
    }
    if (!writer.is_open()) {
      const bool slot = random_.one_in(2);
      return done_.push_back(writer.open(slot ? fmt::format("rank-{}", number) : ""));
    }
    switch (random_.below(16)) {
      case 0:
      case 1:
        return done_.push_back(writer.params(false));
      case 2:
      case 3:
        return done_.push_back(writer.tags(false));
      case 4:
        return done_.push_back(random_.one_in(2) ? writer.end() : writer.tags(false));
      case 5:
        return done_.push_back(writer.skip(late_));
      case 6:
        if (options_.repeats) return done_.push_back(writer.too_early());
        [[fallthrough]];
      default:
        return done_.push_back(writer.batch());
    }
  }

  SeededRandom random_;
  const ScriptOptions& options_;
  std::vector<RunId> runs_;
  std::vector<std::unique_ptr<ScriptWriter>> writers_;
  std::vector<Command> done_;
  std::vector<Command> late_;
};

}  // namespace

double some_value(SeededRandom& random) {
  static const double kSpecial[] = {
      0.0,
      -0.0,
      std::numeric_limits<double>::infinity(),
      -std::numeric_limits<double>::infinity(),
      std::numeric_limits<double>::quiet_NaN(),
      std::bit_cast<double>(std::uint64_t{0x7FF8'0000'DEAD'BEEF}),
      std::bit_cast<double>(std::uint64_t{0xFFF0'0000'0000'0001}),
      std::numeric_limits<double>::denorm_min(),
      std::numeric_limits<double>::max(),
      std::numeric_limits<double>::lowest(),
  };
  if (random.one_in(8)) return kSpecial[random.below(std::size(kSpecial))];
  if (random.one_in(2)) return static_cast<double>(static_cast<float>(random.below(1000)) / 7.0F);
  return static_cast<double>(random.below(1'000'000)) / 7.0 - 1000.0;
}

Block some_block(SeededRandom& random, const ScriptOptions& options, const std::string& context) {
  Block block;
  const bool large = random.one_in(25);
  const std::size_t keys = large ? 1 : 1 + random.below(options.keys / 2);
  const std::size_t first_key = random.below(options.keys);
  for (std::size_t i = 0; i < keys; ++i) {
    block.series.emplace_back(fmt::format("metric/{}", (first_key + i) % options.keys), context);
  }
  block.points = 1 + random.below(large ? 50 * options.points_max : options.points_max);
  const bool rows = !large && block.points >= keys && random.one_in(4);
  if (!random.one_in(5)) {
    std::int64_t step = some_step(random);
    const bool regular = random.one_in(2);
    for (std::size_t i = 0; i < block.points; ++i) {
      block.steps.push_back(step);
      step = regular ? step + 1 : some_step(random);
    }
  }
  if (!random.one_in(5)) {
    for (std::size_t i = 0; i < block.points; ++i) {
      block.times.push_back(kStartMs + static_cast<std::int64_t>(random.below(100)));
    }
  }
  const std::size_t values = rows ? block.points : block.points * keys;
  for (std::size_t i = 0; i < values; ++i) block.values.push_back(some_value(random));
  for (std::size_t i = 0; rows && i < block.points; ++i) {
    block.key_index.push_back(static_cast<std::uint32_t>(i < keys ? i : random.below(keys)));
  }
  return block;
}

std::vector<Command> make_script(std::uint64_t seed, const ScriptOptions& options) {
  return Script(seed, options).make();
}

std::vector<std::vector<Command>> make_streams(std::uint64_t seed, const ScriptOptions& options) {
  SeededRandom random(seed);
  std::vector<RunId> runs;
  for (std::size_t i = 0; i < options.runs; ++i) runs.push_back(random.next_id<RunId>());
  std::vector<std::vector<Command>> streams;
  for (std::size_t i = 0; i < options.runs * options.writers; ++i) {
    ScriptWriter writer(random, options, runs[i % options.runs], i / options.runs);
    std::vector<Command> stream = {writer.open(fmt::format("rank-{}", i))};
    while (stream.size() + 1 < options.commands) {
      const std::uint64_t kind = random.below(12);
      stream.push_back(kind == 0   ? writer.params(true)
                       : kind == 1 ? writer.tags(true)
                                   : writer.batch());
      // What depends on the moment or on others' points has no place in an order-free state.
      for (Block& block : stream.back().blocks) {
        if (block.steps.empty()) block.steps.assign(block.points, 7);
        if (block.times.empty()) block.times.assign(block.points, kStartMs);
      }
    }
    // Who ends last, and whether the run ends in between, depends on the order: all say the same.
    stream.push_back(writer.end());
    stream.back().status = 3;
    stream.back().time_ms = kStartMs + 10'000;
    streams.push_back(std::move(stream));
  }
  return streams;
}

}  // namespace stepwell::sim
