#include <charconv>

#include "engine/base/bytes.hpp"
#include "engine/tracking/row_keys.hpp"
#include "engine/tracking/search/matcher.hpp"
#include "engine/tracking/search/meaning.hpp"
#include "engine/tracking/search/page.hpp"
#include "engine/tracking/search/search.hpp"

namespace stepwell::tracking {

using namespace search;

namespace {

struct Candidate {
  ExperimentId id;
  ExperimentRow row;
};

// Ids are numbers that a filter writes as text: '01' is 1.
bool matches_id(const Comparison& comparison, ExperimentId id) {
  const auto is = [&](const std::string& text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && stopped == end && number == id.value;
  };
  switch (comparison.test) {
    case Test::kEqual:
      return is(comparison.text);
    case Test::kNotEqual:
      return !is(comparison.text);
    case Test::kIn:
      return std::any_of(comparison.list.begin(), comparison.list.end(), is);
    case Test::kNotIn:
      return std::none_of(comparison.list.begin(), comparison.list.end(), is);
    default:
      return comparison.test == Test::kIsNotNull;
  }
}

Result<bool> matches_tag(const View& view, const Comparison& comparison, ExperimentId id) {
  std::optional<std::string> value;
  const std::string& key = comparison.subject.key;
  TRY(const auto list, view.rows().get(table::kKeys, key_of_name(key)));
  if (const auto known = list ? find_name(*list, key) : std::nullopt) {
    const KeyId key_id{static_cast<std::uint32_t>(*known)};
    TRY(value, view.rows().get(table::kExperimentTags, key_of(RunNumber{id.value}, key_id)));
  }
  return matches(comparison, value ? std::optional<std::string_view>(*value) : std::nullopt);
}

Result<bool> passes(const View& view, const Comparison& comparison, const Candidate& candidate) {
  using Integer = std::optional<std::int64_t>;
  switch (comparison.subject.field) {
    case Field::kName:
      return matches(comparison, std::optional<std::string_view>(candidate.row.name));
    case Field::kCreationTime:
      return matches(comparison, Integer(candidate.row.created_ms));
    case Field::kLastUpdateTime:
      return matches(comparison, Integer(candidate.row.updated_ms));
    case Field::kExperimentId:
      return matches_id(comparison, candidate.id);
    default:
      return matches_tag(view, comparison, candidate.id);
  }
}

Result<bool> passes(const View& view, const Filter& filter, const Candidate& candidate) {
  switch (filter.kind) {
    case Filter::Kind::kAll:
      return true;
    case Filter::Kind::kLeaf:
      return passes(view, filter.leaf, candidate);
    case Filter::Kind::kNot: {
      TRY(const bool inner, passes(view, filter.children[0], candidate));
      return !inner;
    }
    case Filter::Kind::kAnd:
    case Filter::Kind::kOr:
      break;
  }
  const bool ends_with = filter.kind == Filter::Kind::kOr;
  for (const Filter& child : filter.children) {
    TRY(const bool inner, passes(view, child, candidate));
    if (inner == ends_with) return ends_with;
  }
  return !ends_with;
}

OrderKey key_of_candidate(const Candidate& candidate, const std::vector<OrderTerm>& order) {
  OrderKey key;
  for (const OrderTerm& term : order) {
    switch (term.subject.field) {
      case Field::kName:
        key.emplace_back(Cell::of(std::optional<std::string_view>(candidate.row.name)));
        break;
      case Field::kCreationTime:
        key.emplace_back(Cell::of(std::optional(candidate.row.created_ms)));
        break;
      case Field::kLastUpdateTime:
        key.emplace_back(Cell::of(std::optional(candidate.row.updated_ms)));
        break;
      default:
        key.emplace_back(Cell::of(std::optional(static_cast<std::int64_t>(candidate.id.value))));
    }
  }
  return key;
}

// Decodes every experiment there is: they are few.
template <typename Visit>
Result<void> each_experiment(const View& view, const Visit& visit) {
  Result<void> visited = ok();
  TRY(view.rows().scan(
      table::kExperiments, {}, {}, [&](std::string_view key, std::string_view value) {
        auto row = ExperimentRow::decode(value);
        if (row) {
          visited = visit(Candidate{{Decoder(key).big<std::uint64_t>()}, std::move(row).value()});
        } else {
          visited = row.error();
        }
        return visited.has_value();
      }));
  return visited;
}

}  // namespace

Result<ExperimentPage> search_experiments(const View& view, const ExperimentQuestion& question) {
  TRY(check_max_results(question.max_results));
  TRY(const Filter filter, read_filter(search::Kind::kExperiments, question.filter));
  TRY(const auto order, read_order(search::Kind::kExperiments, question.order_by));
  const char scope[] = {'e', static_cast<char>(question.view)};
  const std::uint64_t hash =
      question_hash({scope, sizeof scope}, question.filter, question.order_by);
  std::optional<OrderKey> after;
  if (!question.page_token.empty()) {
    TRY(after, read_token(question.page_token, hash, order.size()));
  }
  std::vector<Found<ExperimentId>> found;
  TRY(each_experiment(view, [&](const Candidate& candidate) -> Result<void> {
    const bool deleted = candidate.row.stage.deleted;
    if (question.view != ViewType::kAll && deleted != (question.view == ViewType::kDeleted)) {
      return ok();
    }
    TRY(const bool passed, passes(view, filter, candidate));
    if (!passed) return ok();
    OrderKey key = key_of_candidate(candidate, order);
    if (after && compare(key, *after, order) <= 0) return ok();
    found.push_back({candidate.id, std::move(key)});
    return ok();
  }));
  ExperimentPage page;
  page.next_page_token = cut_page(found, question.max_results, order, hash);
  for (const Found<ExperimentId>& experiment : found) page.experiments.push_back(experiment.id);
  return page;
}

}  // namespace stepwell::tracking
