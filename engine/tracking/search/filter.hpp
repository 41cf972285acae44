#pragma once

// What a filter and an order mean, after the grammar and the checks: trees of comparisons, and
// terms to sort by. Values.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace stepwell::tracking::search {

// Bounds on a question, so that none takes the server's time or stack.
inline constexpr std::size_t kFilterBytesMax = 1 << 20;
inline constexpr std::size_t kDepthMax = 64;  // Parentheses in parentheses.
inline constexpr std::size_t kClausesMax = 1000;
inline constexpr std::size_t kListMax = 20'000;          // Items of an IN list.
inline constexpr std::size_t kPatternBytesMax = 32'768;  // Of LIKE and ILIKE.
// Of patterns against texts in one search: some ten seconds.
inline constexpr std::uint64_t kPatternStepsMax = 10'000'000'000;
inline constexpr std::size_t kOrderTermsMax = 32;
inline constexpr std::size_t kOrderBytesMax = 8192;  // Of one term.
inline constexpr std::size_t kExperimentsMax = 20'000;
inline constexpr std::uint32_t kResultsMax = 50'000;
inline constexpr std::size_t kTokenBytesMax = 4 << 20;

// A boolean expression over leaves. kAll is the empty filter.
template <typename Leaf>
struct Tree {
  enum class Kind { kAll, kAnd, kOr, kNot, kLeaf };
  Kind kind = Kind::kAll;
  std::vector<Tree> children;  // kNot: one.
  Leaf leaf = {};              // kLeaf.
};

enum class Field : std::uint8_t {
  kMetric,
  kParam,
  kTag,
  kDataset,
  // Of runs.
  kRunId,
  kRunName,
  kUser,
  kStatus,
  kStartTime,
  kEndTime,
  kArtifactUri,
  // Of experiments.
  kName,
  kExperimentId,
  kCreationTime,
  kLastUpdateTime,
};
constexpr bool is_time(Field field) {
  return field == Field::kStartTime || field == Field::kEndTime || field == Field::kCreationTime ||
         field == Field::kLastUpdateTime;
}

// Which number of a metric's series.
enum class Aggregate : std::uint8_t { kLatest, kMin, kMax, kFirst, kCount };

// What is asked about: `key` of metrics, params, tags and datasets.
struct Subject {
  Field field = Field::kMetric;
  Aggregate aggregate = Aggregate::kLatest;
  std::string key = {};
  auto operator<=>(const Subject&) const = default;
};

enum class Test : std::uint8_t {
  kEqual,
  kNotEqual,
  kLess,
  kLessOrEqual,
  kGreater,
  kGreaterOrEqual,
  kLike,
  kIlike,
  kIn,
  kNotIn,
  kIsNull,
  kIsNotNull,
};

struct Number {
  double value = 0;
  std::optional<std::int64_t> exact = {};  // Where it was written as an integer that fits.
};

struct Comparison {
  Subject subject;
  Test test = Test::kEqual;
  Number number = {};                  // Of metrics and times.
  std::string text = {};               // Of all others.
  std::vector<std::string> list = {};  // Of kIn and kNotIn, sorted.
};
using Filter = Tree<Comparison>;

struct OrderTerm {
  Subject subject;
  bool descending = false;
};

}  // namespace stepwell::tracking::search
