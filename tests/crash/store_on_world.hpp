#pragma once

// The whole store (log, fold, index) on one hand-driven executor and a disk that may fail or be
// cut, LMDB's file included. Verbs: open, submit, settle, close, die.

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/hand_executor.hpp"
#include "engine/io/memory.hpp"
#include "engine/store/store.hpp"
#include "engine/tracking/fold.hpp"
#include "engine/tracking/view.hpp"
#include "tests/crash/faulty_index.hpp"
#include "tests/sim/command.hpp"

namespace stepwell::crash {

// A directory of its own in memory for as long as the object lives.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Answer {
  std::size_t number = 0;  // Of the submitted command, from 0.
  Result<store::Verdict> verdict;
};

class StoreOnWorld {
 public:
  StoreOnWorld(io::World& world, const std::string& real_directory, std::uint64_t seed);
  ~StoreOnWorld() { die(); }

  static store::Options small_options();

  Result<void> open();
  // Answers come back in `answers`, while the executor is driven.
  void submit(const sim::Command& command, std::int64_t arrival_ms, std::size_t number);
  void settle(Instant duration) { executor.advance(duration); }
  Result<void> close();
  // After close(): the process is gone.
  void leave();
  // The process ends without a word. What it had started comes to its end on a disk that is off.
  void die();

  bool is_open() const { return store != nullptr; }
  Result<std::string> text() const;
  Result<std::string> digest() const;

  io::World& world;
  HandExecutor executor;
  io::MemoryFileSystem files;
  SeededRandom random;
  store::Options options = small_options();
  std::unique_ptr<FaultyIndex> index_file;
  std::unique_ptr<tracking::Fold> fold;
  std::unique_ptr<store::Store> store;
  store::OpenReport report;
  std::vector<Answer> answers;
  std::optional<std::string> poisoned;

 private:
  std::string real_directory_;
};

}  // namespace stepwell::crash
