#pragma once

// A seeded life of a log (appends, rolls, releases, closings, kills, reopenings) on a disk that may
// be cut or fail at any operation, with a model beside it: what was appended, what was
// acknowledged, what the index holds. check_reopened() compares.

#include <gtest/gtest.h>

#include "tests/wal/log_fixture.hpp"

namespace stepwell::wal {

class CrashScript {
 public:
  struct Record {
    Lsn lsn;
    std::uint64_t number;
    std::uint64_t bytes;
  };

  CrashScript(io::World& world, std::uint64_t seed) : it_(world, seed), random_(seed ^ 0xC0FFEE) {
    world.set_durable_delay_max(std::chrono::microseconds(300));
    it_.options.segment_bytes = 32 << 10;
    it_.options.group_bytes_max = 8 << 10;
    it_.options.pool_segments_max = 2;
  }

  // Runs until the end, or until something fails (then the disk was cut, or an error injected).
  void run(int steps) {
    if (!open()) return;
    for (int i = 0; i < steps; ++i) {
      if (!step()) return;
    }
    finished_ = settle(milliseconds(10));
  }
  bool finished() const { return finished_; }
  // The log went away, in good order or killed, before it could say that something had failed.
  bool went_away_over_fault() const { return over_; }
  bool poisoned() const { return it_.poisoned.has_value(); }
  const std::string& error() const { return error_; }
  void kill() { it_.kill(); }
  Lsn applied() const { return applied_; }
  const Options& options() const { return it_.options; }

  // A new process on what is left. True if it opened; compares then.
  bool reopen_on(io::World& world, std::uint64_t seed, std::string& error) {
    LogOnWorld fresh(world, seed);
    fresh.options = it_.options;
    const auto opened = fresh.open(applied_);
    if (opened.has_error()) {
      error = opened.error().text;
      return false;
    }
    compare(fresh);
    // It goes on, and what comes then is there too.
    const auto lsn = fresh.append("one more");
    EXPECT_TRUE(lsn.has_value()) << (lsn.has_error() ? lsn.error().text : "");
    fresh.settle();
    EXPECT_EQ(fresh.durable.size(), 1u);
    EXPECT_TRUE(!lsn.has_value() || last_lsn_ < lsn.value());
    EXPECT_TRUE(fresh.close().has_value());
    const auto again = fresh.open(applied_);
    EXPECT_TRUE(again.has_value()) << (again.has_error() ? again.error().text : "");
    if (again.has_value()) {
      EXPECT_EQ(fresh.recovered.size(), count_ + 1);
    }
    fresh.kill();
    return true;
  }

 private:
  bool open() {
    const auto opened = it_.open(applied_);
    if (opened.has_error()) {
      error_ = opened.error().text;
      return false;
    }
    compare(it_);
    // What was recovered is durable now.
    appended_.resize(first_unapplied() + it_.recovered.size());
    acknowledged_ = appended_.size();
    delivered_ = 0;
    return true;
  }

  std::size_t first_unapplied() const {
    std::size_t first = 0;
    while (first < appended_.size() && appended_[first].lsn <= applied_) ++first;
    return first;
  }

  // Above `applied`: everything acknowledged is there, once, in order, bit for bit; what follows is
  // a prefix of what was appended.
  void compare(LogOnWorld& log) {
    const std::size_t first = first_unapplied();
    count_ = log.recovered.size();
    ASSERT_GE(first + count_, acknowledged_) << "acknowledged records are gone";
    ASSERT_LE(first + count_, appended_.size()) << "there is more than was appended";
    for (std::size_t i = 0; i < count_; ++i) {
      const Record& expected = appended_[first + i];
      ASSERT_EQ(log.recovered[i].lsn, expected.lsn) << "record " << expected.number;
      ASSERT_EQ(log.recovered[i].payload, payload_of(expected.number, expected.bytes));
      last_lsn_ = expected.lsn;
    }
  }

  bool settle(Instant duration) {
    it_.executor.advance(duration);
    acknowledged_ += it_.durable.size() - delivered_;
    delivered_ = it_.durable.size();
    if (it_.poisoned) error_ = *it_.poisoned;
    return !it_.poisoned;
  }

  bool step() {
    switch (random_.below(16)) {
      case 0:
        return settle(milliseconds(100));  // Long enough for the idle mark.
      case 1:
      case 2:
        return release();
      case 3: {
        const auto closed = it_.close_keeping();
        acknowledged_ += it_.durable.size() - delivered_;
        delivered_ = it_.durable.size();
        over_ = over_ || !it_.world.fault().empty();
        it_.kill();
        if (closed.has_error()) {
          error_ = closed.error().text;
          return false;
        }
        EXPECT_EQ(acknowledged_, appended_.size());
        return open();
      }
      case 4:
        over_ = over_ || !it_.world.fault().empty();
        it_.kill();
        return open();
      case 5:
      case 6:
      case 7:
        return settle(std::chrono::microseconds(random_.below(400)));
      default:
        return append();
    }
  }

  bool append() {
    const std::uint64_t kinds[] = {random_.below(200), random_.below(3000), 4000 - 64,
                                   random_.below(16 << 10), random_.below(1000)};
    const std::uint64_t bytes = kinds[random_.below(5)];
    const std::uint64_t number = next_number_++;
    const auto lsn = it_.append(payload_of(number, bytes));
    if (lsn.has_error()) {
      error_ = lsn.error().text;
      return lsn.error().kind == ErrorKind::kOverloaded;
    }
    EXPECT_TRUE(appended_.empty() || appended_.back().lsn < lsn.value());
    appended_.push_back({lsn.value(), number, bytes});
    return true;
  }

  bool release() {
    if (acknowledged_ == 0) return true;
    const std::size_t at = random_.below(acknowledged_);
    applied_ = std::max(applied_, appended_[at].lsn);
    it_.log->release("index", applied_);
    return settle(Instant(0));
  }

  LogOnWorld it_;
  SeededRandom random_;
  std::vector<Record> appended_;
  std::size_t acknowledged_ = 0;
  std::size_t delivered_ = 0;
  std::uint64_t next_number_ = 1;
  std::size_t count_ = 0;
  Lsn applied_;
  Lsn last_lsn_;
  bool finished_ = false;
  bool over_ = false;
  std::string error_;
};

}  // namespace stepwell::wal
