#include "engine/tracking/search/selector.hpp"

#include <algorithm>
#include <utility>

#include "engine/tracking/lookup.hpp"
#include "engine/tracking/search/matcher.hpp"

namespace stepwell::tracking::search {
namespace {

template <typename Passes>
Rows filtered(Rows rows, const Passes& passes) {
  std::erase_if(rows, [&](std::uint32_t row) { return !passes(row); });
  return rows;
}

// Those of `rows` that are not among `others`; both ascending.
Rows without(const Rows& rows, const Rows& others) {
  Rows rest;
  std::set_difference(rows.begin(), rows.end(), others.begin(), others.end(),
                      std::back_inserter(rest));
  return rest;
}

}  // namespace

Result<Rows> Selector::select(const Filter& filter, Rows rows) const {
  switch (filter.kind) {
    case Filter::Kind::kAll:
      return rows;
    case Filter::Kind::kAnd:
      return select_all(filter.children, std::move(rows));
    case Filter::Kind::kOr:
      return select_any(filter.children, std::move(rows));
    case Filter::Kind::kNot: {
      TRY(const Rows passed, select(filter.children[0], rows));
      return without(rows, passed);
    }
    case Filter::Kind::kLeaf:
      break;
  }
  return compare(filter.leaf, std::move(rows));
}

Result<Rows> Selector::select_all(const std::vector<Filter>& filters, Rows rows) const {
  // The most selective first; of equal ones the first.
  std::vector<std::pair<double, const Filter*>> plan;
  for (const Filter& filter : filters) plan.emplace_back(share(filter), &filter);
  std::sort(plan.begin(), plan.end());
  for (const auto& [share, filter] : plan) {
    if (rows.empty()) break;
    TRY(rows, select(*filter, std::move(rows)));
  }
  return rows;
}

Result<Rows> Selector::select_any(const std::vector<Filter>& filters, Rows rows) const {
  Rows passed;
  for (const Filter& filter : filters) {
    if (rows.empty()) break;
    TRY(const Rows more, select(filter, rows));
    rows = without(rows, more);
    Rows both;
    std::merge(passed.begin(), passed.end(), more.begin(), more.end(), std::back_inserter(both));
    passed = std::move(both);
  }
  return passed;
}

Result<Rows> Selector::compare_texts(const Comparison& comparison, const Column& column,
                                     Rows rows) const {
  const TextCells& texts = column.texts;
  if (comparison.test == Test::kEqual && !column.is_direct) {
    const TextCells::Code code = texts.find(comparison.text);
    if (code == TextCells::kMissing) return Rows();
    return filtered(std::move(rows), [&](std::uint32_t row) { return texts.code(row) == code; });
  }
  TRY(const auto reader, CellReader::open(source_.view, comparison.subject));
  // Each text is looked at once.
  enum class Known : std::uint8_t { kNothing, kPasses, kFails };
  std::vector<Known> known(texts.codes(), Known::kNothing);
  std::size_t passed = 0;
  for (const std::uint32_t row : rows) {
    const TextCells::Code code = texts.code(row);
    if (column.is_direct || known[code] == Known::kNothing) {
      std::optional<std::string> read;
      if (column.is_direct) {
        TRY(read, reader.text(source_.table.runs()[row].number));
      }
      const auto text = read ? std::optional<std::string_view>(*read) : texts.text(code);
      known[code] = matches(comparison, text, &steps_) ? Known::kPasses : Known::kFails;
      if (steps_ > steps_max_) {
        return fail(ErrorKind::kOverloaded, "the filter's patterns take too long, ask for less");
      }
    }
    if (known[code] == Known::kPasses) rows[passed++] = row;
  }
  rows.resize(passed);
  return rows;
}

Result<Rows> Selector::compare(const Comparison& comparison, Rows rows) const {
  const auto by = [&](const auto& value_of) {
    return filtered(std::move(rows), [&](std::uint32_t row) {
      return matches(comparison, value_of(source_.table.runs()[row]));
    });
  };
  using Text = std::optional<std::string_view>;
  using Integer = std::optional<std::int64_t>;
  std::string made;
  switch (comparison.subject.field) {
    case Field::kDataset:
      return Rows();  // There are none yet.
    case Field::kStatus:
      return by([](const RunCells& run) { return Text(to_string(run.status)); });
    case Field::kStartTime:
      return by([](const RunCells& run) { return Integer(run.start_ms); });
    case Field::kEndTime:
      return by(
          [](const RunCells& run) { return run.end_ms == 0 ? Integer() : Integer(run.end_ms); });
    case Field::kRunId:
      return by([&](const RunCells& run) { return Text(made = run.id.hex()); });
    case Field::kArtifactUri:
      return by([&](const RunCells& run) {
        return Text(made = artifact_uri(source_.experiment.artifact_location, run.id));
      });
    default:
      break;
  }
  const Column* const column = source_.table.column(comparison.subject);
  if (has_numbers(comparison.subject)) {
    return filtered(std::move(rows), [&](std::uint32_t row) {
      return matches(comparison, column ? column->numbers.get(row) : std::nullopt);
    });
  }
  if (!column) return matches(comparison, Text()) ? std::move(rows) : Rows();
  return compare_texts(comparison, *column, std::move(rows));
}

double Selector::share(const Filter& filter) const {
  double some = 0, all = 1;
  switch (filter.kind) {
    case Filter::Kind::kAll:
      return 1;
    case Filter::Kind::kAnd:
      for (const Filter& child : filter.children) all *= share(child);
      return all;
    case Filter::Kind::kOr:
      for (const Filter& child : filter.children) some += share(child);
      return std::min(some, 1.0);
    case Filter::Kind::kNot:
      return 1 - share(filter.children[0]);
    case Filter::Kind::kLeaf:
      break;
  }
  return share(filter.leaf);
}

double Selector::share(const Comparison& comparison) const {
  // What is slow to ask comes later than what is as likely.
  constexpr double kOrdinary = 0.3, kPattern = 0.5, kMade = 0.6, kNearlyAll = 0.9;
  const Field field = comparison.subject.field;
  if (field == Field::kDataset) return 0;
  const bool is_wide = comparison.test == Test::kNotEqual || comparison.test == Test::kNotIn;
  if (field == Field::kRunId || field == Field::kArtifactUri) return is_wide ? kNearlyAll : kMade;
  if (is_wide) return kNearlyAll;
  if (!has_column(field) || has_numbers(comparison.subject)) return kOrdinary;
  const Column* const column = source_.table.column(comparison.subject);
  if (!column) return 0;
  if (column->is_direct) return 1;
  if (comparison.test != Test::kEqual) return kPattern;
  const auto rows = static_cast<double>(source_.table.runs().size() + 1);
  return column->texts.count(column->texts.find(comparison.text)) / rows;
}

}  // namespace stepwell::tracking::search
