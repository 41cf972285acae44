#pragma once

// A writer of a script: makes its commands one after another, each with the next sequence.

#include <string>
#include <vector>

#include <fmt/format.h>

#include "protocol/context.hpp"
#include "tests/sim/job_script.hpp"

namespace stepwell::sim {

inline constexpr std::int64_t kStartMs = 1'700'000'000'000;

class ScriptWriter {
 public:
  ScriptWriter(SeededRandom& random, const ScriptOptions& options, RunId run, std::size_t number)
      : random_(random),
        options_(options),
        run_(run),
        id_(random.next_id<WriterId>()),
        number_(number) {
    if (number > 0) {
      context_ = protocol::encode_context({{"rank", std::to_string(number)}}).value();
    }
  }

  bool ended() const { return ended_; }
  bool is_open() const { return next_ > 1; }

  Command open(const std::string& slot) {
    Command command = base(Kind::kOpen);
    command.experiment = fmt::format("experiment-{}", run_.bytes[0] % 2);
    command.run_name = fmt::format("run-{}", run_.bytes[0]);
    command.time_ms = kStartMs + static_cast<std::int64_t>(random_.below(1000));
    command.slot = slot;
    command.texts = {{fmt::format("opened-by-{}", number_), "yes"}};
    return command;
  }

  Command batch() {
    Command command = base(Kind::kBatch);
    const std::uint64_t blocks = 1 + random_.below(3);
    for (std::uint64_t i = 0; i < blocks; ++i) {
      command.blocks.push_back(some_block(random_, options_, context_));
    }
    return command;
  }

  // With `own` nothing is shared with other writers.
  Command params(bool own) {
    Command command = base(Kind::kParams);
    const std::uint64_t key = random_.below(6);
    const std::string value = own || !random_.one_in(4) ? "same" : "other";
    command.texts = {{fmt::format("param-{}{}", key, own ? id_.hex() : ""), value}};
    if (random_.one_in(2)) command.texts.push_back({fmt::format("p-{}", next_), "fresh"});
    return command;
  }

  Command tags(bool own) {
    Command command = base(Kind::kTags);
    command.texts = {{fmt::format("tag-{}{}", random_.below(3), own ? id_.hex() : ""),
                      fmt::format("value-{}", random_.below(1000))}};
    if (!own && random_.one_in(6)) command.texts.push_back({"mlflow.runName", "renamed"});
    return command;
  }

  Command end() {
    Command command = base(Kind::kEnd);
    command.status = static_cast<std::uint8_t>(3 + random_.below(3));
    command.time_ms = kStartMs + 10'000 + static_cast<std::int64_t>(random_.below(1000));
    ended_ = true;
    return command;
  }

  // Declares the next few as lost; `lost` are sound copies that may come later after all.
  Command skip(std::vector<Command>& lost) {
    Command command;
    command.kind = Kind::kSkip;
    command.run = run_;
    command.writer = id_;
    command.from = next_;
    command.reason = "disk full";
    for (std::uint64_t n = 1 + random_.below(3); n > 0; --n) lost.push_back(batch());
    command.to = next_ - 1;
    return command;
  }

  Command too_early() {
    Command command = batch();
    --next_;
    command.sequence += 5;
    return command;
  }

 private:
  Command base(Kind kind) {
    Command command;
    command.kind = kind;
    command.run = run_;
    command.writer = id_;
    command.sequence = next_++;
    return command;
  }

  SeededRandom& random_;
  const ScriptOptions& options_;
  RunId run_;
  WriterId id_;
  std::size_t number_;
  std::string context_;
  std::uint64_t next_ = 1;
  bool ended_ = false;
};

}  // namespace stepwell::sim
