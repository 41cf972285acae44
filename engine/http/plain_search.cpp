#include "engine/http/plain_search.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

namespace stepwell::http::plain {
namespace {

wire::ViewStage stage_of(ViewType view) {
  return view == ViewType::kAll       ? wire::ViewStage::All
         : view == ViewType::kDeleted ? wire::ViewStage::Deleted
                                      : wire::ViewStage::Active;
}

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

template <typename Question>
Result<std::size_t> offset_of(const Question& question) {
  if (!is_blank(question.filter) || !question.order_by.empty()) {
    return fail(ErrorKind::kInvalid, "Filters and orders are not supported by this server yet");
  }
  std::size_t offset = 0;
  const std::string& token = question.page_token;
  if (token.empty()) return offset;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), offset);
  if (error != std::errc() || end != token.data() + token.size()) {
    return fail(ErrorKind::kInvalid, "Invalid page token");
  }
  return offset;
}

// The items from `offset` on, at most `max_results`, and the token of what follows.
template <typename Item, typename Id>
std::string cut_page(const std::vector<Item>& items, std::size_t offset, std::size_t max_results,
                     const Id& id_of, auto& ids) {
  const std::size_t end = std::min(items.size(), offset + max_results);
  for (std::size_t i = offset; i < end; ++i) ids.push_back(id_of(items[i]));
  return end < items.size() ? fmt::format("{}", end) : std::string();
}

}  // namespace

Result<RunPage> search_runs(const tracking::View& view, const RunQuestion& question) {
  TRY(const std::size_t offset, offset_of(question));
  struct Item {
    std::int64_t start_ms;
    std::string id;
  };
  std::vector<Item> items;
  for (const ExperimentId experiment : question.experiments) {
    wire::ListRunsT list;
    list.experiment = experiment.value;
    list.stage = stage_of(question.view);
    do {
      TRY(const auto page, view.list_runs(list));
      for (const auto& info : page.runs) {
        items.push_back({info->start_ms, protocol::from_wire<RunId>(*info->run).hex()});
      }
      list.after = page.next;
    } while (list.after != 0);
  }
  std::ranges::sort(items, [](const Item& a, const Item& b) {
    return std::tie(b.start_ms, a.id) < std::tie(a.start_ms, b.id);
  });
  RunPage page;
  page.next_page_token = cut_page(
      items, offset, question.max_results, [](const Item& item) { return *RunId::parse(item.id); },
      page.runs);
  return page;
}

Result<ExperimentPage> search_experiments(const tracking::View& view,
                                          const ExperimentQuestion& question) {
  TRY(const std::size_t offset, offset_of(question));
  struct Item {
    std::int64_t created_ms;
    std::uint64_t id;
  };
  std::vector<Item> items;
  wire::ListExperimentsT list;
  list.stage = stage_of(question.view);
  do {
    TRY(const auto page, view.list_experiments(list));
    for (const auto& info : page.experiments) items.push_back({info->created_ms, info->id});
    list.after = page.next;
  } while (list.after != 0);
  std::ranges::sort(items, [](const Item& a, const Item& b) {
    return std::tie(b.created_ms, a.id) < std::tie(a.created_ms, b.id);
  });
  ExperimentPage page;
  page.next_page_token = cut_page(
      items, offset, question.max_results, [](const Item& item) { return ExperimentId{item.id}; },
      page.experiments);
  return page;
}

}  // namespace stepwell::http::plain
