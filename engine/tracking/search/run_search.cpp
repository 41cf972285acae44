#include <algorithm>
#include <set>

#include "engine/base/bytes.hpp"
#include "engine/tracking/lookup.hpp"
#include "engine/tracking/search/meaning.hpp"
#include "engine/tracking/search/page.hpp"
#include "engine/tracking/search/ranking.hpp"
#include "engine/tracking/search/search.hpp"
#include "engine/tracking/search/selector.hpp"

namespace stepwell::tracking {

using namespace search;

namespace {

struct Plan {
  Filter filter;
  std::vector<OrderTerm> order;
  std::vector<Subject> columns;  // That both need.
  ViewType view = ViewType::kActive;
  std::size_t limit = 0;          // Rows that are wanted of each table.
  std::optional<OrderKey> after;  // The last row of the page before.
};

void add_columns(const Filter& filter, std::set<Subject>& columns) {
  if (filter.kind == Filter::Kind::kLeaf && has_column(filter.leaf.subject.field)) {
    columns.insert(filter.leaf.subject);
  }
  for (const Filter& child : filter.children) add_columns(child, columns);
}

Result<Plan> plan_of(const RunQuestion& question) {
  Plan plan;
  TRY(plan.filter, read_filter(search::Kind::kRuns, question.filter));
  TRY(plan.order, read_order(search::Kind::kRuns, question.order_by));
  std::set<Subject> columns;
  add_columns(plan.filter, columns);
  for (const OrderTerm& term : plan.order) {
    if (has_column(term.subject.field)) columns.insert(term.subject);
  }
  plan.columns.assign(columns.begin(), columns.end());
  plan.view = question.view;
  plan.limit = std::size_t{question.max_results} + 1;
  return plan;
}

// Rows that may be seen at all.
Rows shown_rows(const Source& source, ViewType view, const std::vector<RunNumber>& hidden) {
  Rows rows;
  const std::vector<RunCells>& runs = source.table.runs();
  rows.reserve(runs.size());
  auto next_hidden = hidden.begin();
  for (std::uint32_t row = 0; row < runs.size(); ++row) {
    const RunCells& run = runs[row];
    while (next_hidden != hidden.end() && *next_hidden < run.number) ++next_hidden;
    if (next_hidden != hidden.end() && *next_hidden == run.number) continue;
    if (!run.present) continue;
    const Stage& of_experiment = source.experiment.stage;
    const bool deleted =
        run.stage_since >= of_experiment.since ? run.deleted : of_experiment.deleted;
    if (view == ViewType::kAll || deleted == (view == ViewType::kDeleted)) rows.push_back(row);
  }
  return rows;
}

Result<void> find(const Source& source, const Plan& plan, const std::vector<RunNumber>& hidden,
                  std::uint64_t& steps, std::vector<Found<RunId>>& found) {
  TRY(Rows rows,
      Selector(source, steps).select(plan.filter, shown_rows(source, plan.view, hidden)));
  TRY(const Ranking ranking, Ranking::prepare(source, plan.order, rows));
  rows = ranking.first(std::move(rows), plan.limit, plan.after ? &*plan.after : nullptr);
  for (const std::uint32_t row : rows) {
    found.push_back({source.table.runs()[row].id, ranking.key_of(row)});
  }
  return ok();
}

std::string scope_of(const std::vector<ExperimentId>& experiments, ViewType view) {
  Encoder out;
  out.put('r').put(static_cast<std::uint8_t>(view));
  for (const ExperimentId id : experiments) out.put(id.value);
  return out.take();
}

}  // namespace

Result<RunPage> search_runs(const View& view, SearchCache& cache, const RunQuestion& question) {
  TRY(check_max_results(question.max_results));
  if (question.experiments.size() > kExperimentsMax) {
    return fail(ErrorKind::kInvalid, "{} experiments in a search, at most {}",
                question.experiments.size(), kExperimentsMax);
  }
  TRY(Plan plan, plan_of(question));
  std::vector<ExperimentId> experiments = question.experiments;
  std::sort(experiments.begin(), experiments.end());
  experiments.erase(std::unique(experiments.begin(), experiments.end()), experiments.end());
  const std::uint64_t hash =
      question_hash(scope_of(experiments, question.view), question.filter, question.order_by);
  if (!question.page_token.empty()) {
    TRY(plan.after, read_token(question.page_token, hash, plan.order.size()));
  }
  std::vector<Found<RunId>> found;
  std::uint64_t steps = 0;
  for (const ExperimentId id : experiments) {
    TRY(auto experiment, view.experiment(id));
    if (!experiment) continue;
    TRY(experiment->artifact_location, artifact_location(view, id, *experiment));
    TRY(cache.with_tables(view, id, plan.columns,
                          [&](const Table& table, const std::vector<RunNumber>& hidden) {
                            return find({view, *experiment, table}, plan, hidden, steps, found);
                          }));
    // Of many experiments no more than a page is kept.
    if (found.size() > 8 * plan.limit) {
      cut_page(found, plan.limit, plan.order, hash);
    }
  }
  RunPage page;
  page.next_page_token = cut_page(found, question.max_results, plan.order, hash);
  for (const Found<RunId>& run : found) page.runs.push_back(run.id);
  return page;
}

}  // namespace stepwell::tracking
