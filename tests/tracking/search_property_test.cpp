// Thousands of random questions, each answered as the naive model answers it, while the runs change
// and the store moves on beneath.

#include <fmt/ranges.h>

#include <random>

#include "tests/tracking/search_model.hpp"
#include "tests/tracking/search_support.hpp"

namespace stepwell::tracking {
namespace {

using model::ModelRun;

const std::vector<std::string> kMetricKeys = {"loss", "acc", "val loss", "none"};
const std::vector<std::string> kTextKeys = {"a", "b.c", "with space", "none"};
const std::vector<std::string> kTexts = {"",  "x",  "X",     "xy",   "x%y",
                                         "ä", "Äb", "it''s", "日本", "10"};
const std::vector<double> kNumbers = {-1.5, -0.0, 0, 0.25, 1, 2, 1e300, NAN, INFINITY, -INFINITY};

class Generator {
 public:
  explicit Generator(std::uint32_t seed) : random_(seed) {}

  std::size_t below(std::size_t n) { return random_() % n; }
  template <typename T>
  const T& pick(const std::vector<T>& values) {
    return values[below(values.size())];
  }

  // A filter as text and as what it means.
  std::pair<std::string, model::Predicate> filter(int depth) {
    const std::size_t what = below(10);
    if (depth == 0 || what < 5) return clause();
    if (what == 5) {
      auto [text, inner] = filter(depth - 1);
      return {"NOT (" + text + ")", [inner = inner](const ModelRun& run) { return !inner(run); }};
    }
    const bool all = what < 8;
    auto [left, a] = filter(depth - 1);
    auto [right, b] = filter(depth - 1);
    return {"(" + left + (all ? ") and (" : ") OR (") + right + ")",
            [a = a, b = b, all](const ModelRun& run) {
              return all ? a(run) && b(run) : a(run) || b(run);
            }};
  }

  std::pair<std::string, model::Term> order() {
    auto [name, term] = order_name();
    term.descending = below(2) == 0;
    static const std::vector<std::string> kRising = {"", " ASC", " asc"};
    return {name + (term.descending ? " DESC" : pick(kRising)), term};
  }

 private:
  static std::string quoted(const std::string& key) {
    return key.find(' ') == std::string::npos ? key : "`" + key + "`";
  }
  std::pair<std::string, model::NumberOf> number() {
    static const std::vector<std::string> kFunctions = {"", "", "", "min", "max", "first", "count"};
    if (below(5) == 0) {
      const bool end = below(2) == 0;
      return {end ? "end_time" : "attributes.start_time", [end](const ModelRun& run) {
                if (end) return run.end ? model::Number(double(*run.end)) : model::Number();
                return model::Number(double(run.start));
              }};
    }
    const std::string function = pick(kFunctions), key = pick(kMetricKeys);
    const std::string name = "metrics." + quoted(key);
    return {function.empty() ? name : function + "(" + name + ")",
            [=](const ModelRun& run) { return model::number_of(run, function, key); }};
  }
  std::pair<std::string, model::TextOf> text(bool in_order) {
    const std::string key = pick(kTextKeys);
    switch (below(6)) {
      case 0:
      case 1:
        return {"params." + quoted(key),
                [=](const ModelRun& run) { return model::text_in(run.params, key); }};
      case 2:
        return {"tag." + quoted(key),
                [=](const ModelRun& run) { return model::text_in(run.tags, key); }};
      case 3:
        return {"user_id", [](const ModelRun& run) { return model::Text(run.user); }};
      case 4:
        return {"status", [](const ModelRun& run) { return model::Text(run.status); }};
      default:
        return {in_order ? "run_id" : "attribute.run_id",
                [](const ModelRun& run) { return model::Text(run.id); }};
    }
  }
  std::pair<std::string, model::Predicate> clause() {
    if (below(2) == 0) return number_clause();
    auto [name, of] = text(false);
    if (below(6) == 0) {
      const bool null = below(2) == 0;
      return {name + (null ? " IS NULL" : " is not null"),
              [of = of, null](const ModelRun& run) { return of(run).has_value() != null; }};
    }
    static const std::vector<std::string> kOperators = {"=", "!=", "LIKE", "ilike"};
    const std::string op = pick(kOperators);
    std::string value = pick(kTexts);
    if (name == "status" && below(2) == 0) value = "FINISHED";
    if (op.size() > 2)
      value = std::vector<std::string>{value, "%" + value, value + "%", "_%"}[below(4)];
    return {name + " " + op + " '" + value + "'", [of = of, op, value](const ModelRun& run) {
              const model::Text found = of(run);
              if (!found) return false;
              if (op.size() > 2) return model::like(*found, value, op == "ilike");
              return model::compares(*found, op, value);
            }};
  }
  std::pair<std::string, model::Predicate> number_clause() {
    auto [name, of] = number();
    static const std::vector<std::string> kOperators = {"=", "!=", "<", "<=", ">", ">="};
    static const std::vector<std::string> kLiterals = {"0",   "-1.5",  ".25",   "1", "2.0",
                                                       "3e0", "1e300", "1e400", "5"};
    const std::string op = pick(kOperators), literal = pick(kLiterals);
    const double value = std::strtod(literal.c_str(), nullptr);
    return {name + op + literal, [of = of, op, value](const ModelRun& run) {
              const model::Number found = of(run);
              return found && model::compares(*found, op, value);
            }};
  }
  std::pair<std::string, model::Term> order_name() {
    if (below(2) == 0) {
      auto [name, of] = number();
      return {name, {{}, of}};
    }
    auto [name, of] = text(true);
    return {name, {of, {}}};
  }

  std::mt19937 random_;
};

class SearchPropertyTest : public TrackingTest {
 protected:
  void add_run() {
    ModelRun run;
    run.number = runs.size() + 1;
    run.id = run_id(run.number).hex();
    run.user = generator.pick(kTexts);
    run.start = static_cast<std::int64_t>(generator.below(6));
    search.add({.number = run.number, .user = run.user, .start_ms = run.start});
    runs.push_back(run);
    for (int i = 0; i < 4; ++i) change(runs.back());
  }
  void change(ModelRun& run) {
    // The last of each list of keys stays unused.
    const std::string key = kTextKeys[generator.below(kTextKeys.size() - 1)];
    const std::string text = generator.pick(kTexts);
    const std::string metric = kMetricKeys[generator.below(kMetricKeys.size() - 1)];
    std::vector<double>& values = run.metrics[metric];
    switch (generator.below(7)) {
      case 0:
        if (run.params.emplace(key, text).second) search.params(run.number, {{key, text}});
        break;
      case 1:
      case 2:
        run.tags[key] = text;
        search.tag(run.number, key, text);
        break;
      case 3:
        run.deleted = !run.deleted;
        search.set_deleted(run.number, run.deleted);
        break;
      case 4:
        if (run.end) break;
        run.end = 1 + generator.below(5);
        run.status = "FINISHED";
        search.end(run.number, wire::RunStatus::Finished, *run.end);
        break;
      default:
        values.push_back(generator.pick(kNumbers));
        search.metric(run.number, metric, {values.back()},
                      static_cast<std::int64_t>(values.size() - 1));
    }
    if (values.empty()) run.metrics.erase(metric);
  }
  void ask(const View& view, const std::vector<ModelRun>& known) {
    auto [filter, passes] = generator.filter(2);
    std::vector<std::string> order;
    std::vector<model::Term> terms;
    for (std::size_t n = generator.below(3); n > 0; --n) {
      auto [text, term] = generator.order();
      const auto same_name = [&](const std::string& other) {
        return other.substr(0, other.rfind(' ')) == text.substr(0, text.rfind(' '));
      };
      if (std::any_of(order.begin(), order.end(), same_name)) continue;
      order.push_back(text);
      terms.push_back(term);
    }
    const auto stage = static_cast<ViewType>(1 + generator.below(3));
    std::vector<const ModelRun*> found;
    for (const ModelRun& run : known) {
      if (stage != ViewType::kAll && run.deleted != (stage == ViewType::kDeleted)) continue;
      if (passes(run)) found.push_back(&run);
    }
    model::sort(found, terms);
    std::vector<std::uint64_t> numbers;
    for (const ModelRun* run : found) numbers.push_back(run->number);
    ASSERT_EQ(search.find(view, filter, order, stage), fmt::format("{}", fmt::join(numbers, " ")))
        << filter << " ORDER BY " << fmt::format("{}", fmt::join(order, ", "));
  }

  Searcher search{it};
  Generator generator{20};
  std::vector<ModelRun> runs;
};
INTERRUPTED(SearchPropertyTest);

TEST_P(SearchPropertyTest, EveryAnswerIsTheModels) {
  for (int i = 0; i < 40; ++i) add_run();
  in_the_middle();
  search.forget();
  for (int round = 0; round < 40 && !HasFatalFailure(); ++round) {
    const View older = it.view();
    const std::vector<ModelRun> known = runs;
    for (int i = 0; i < 5; ++i) change(runs[generator.below(runs.size())]);
    if (round % 4 == 0) add_run();
    if (round % 10 == 9) it.checkpoint();
    const View now = it.view();
    for (int i = 0; i < 20 && !HasFatalFailure(); ++i) {
      ask(now, runs);
      if (i % 5 == 4) ask(older, known);
    }
  }
}

}  // namespace
}  // namespace stepwell::tracking
