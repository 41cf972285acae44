#include "engine/tracking/search/ranking.hpp"

#include <algorithm>

#include "engine/base/bytes.hpp"

namespace stepwell::tracking::search {
namespace {

constexpr std::uint64_t kMadeBytesMax = 256 << 20;  // Texts that are read to be sorted.

std::string_view bytes_of(const RunId& id) {
  return as_text(std::as_bytes(std::span(id.bytes)));
}

}  // namespace

Result<Ranking> Ranking::prepare(const Source& source, const std::vector<OrderTerm>& order,
                                 const Rows& rows) {
  Ranking ranking(source);
  for (const OrderTerm& term : order) {
    ranking.terms_.push_back({&term, source.table.column(term.subject)});
    Term& prepared = ranking.terms_.back();
    prepared.is_made = term.subject.field == Field::kArtifactUri ||
                       (prepared.column && prepared.column->is_direct);
    if (prepared.is_made) {
      TRY(ranking.make(prepared, rows));
    }
  }
  return ranking;
}

Result<void> Ranking::make(Term& term, const Rows& rows) {
  std::optional<CellReader> reader;
  if (term.column) {
    TRY(auto opened, CellReader::open(source_.view, term.term->subject));
    reader.emplace(std::move(opened));
  }
  for (const std::uint32_t row : rows) {
    const RunCells& run = source_.table.runs()[row];
    std::optional<std::string> text;
    if (reader) {
      TRY(text, reader->text(run.number));
    } else {
      text = artifact_uri(source_.experiment, run.id);
    }
    if (!text) continue;
    text->resize(std::min(text->size(), kOrderedBytesMax));
    made_bytes_ += text->size() + 64;
    if (made_bytes_ > kMadeBytesMax) {
      return fail(ErrorKind::kOverloaded, "what order_by compares takes more than {} bytes",
                  kMadeBytesMax);
    }
    term.made.emplace(row, std::move(*text));
  }
  return ok();
}

Cell Ranking::cell(const Term& term, std::uint32_t row) const {
  const RunCells& run = source_.table.runs()[row];
  if (term.is_made) {
    const auto made = term.made.find(row);
    return made == term.made.end() ? Cell()
                                   : Cell::of(std::optional<std::string_view>(made->second));
  }
  switch (term.term->subject.field) {
    case Field::kStartTime:
      return Cell::of(std::optional(run.start_ms));
    case Field::kEndTime:
      return run.end_ms == 0 ? Cell() : Cell::of(std::optional(run.end_ms));
    case Field::kStatus:
      return Cell::of(std::optional(to_string(run.status)));
    case Field::kRunId:
      return Cell::of(std::optional(bytes_of(run.id)));
    default:
      break;
  }
  if (!term.column) return {};
  if (has_numbers(term.term->subject)) return Cell::of(term.column->numbers.get(row));
  return Cell::of(term.column->texts.get(row));
}

bool Ranking::before(std::uint32_t a, std::uint32_t b) const {
  for (const Term& term : terms_) {
    const auto order = compare(cell(term, a), cell(term, b), term.term->descending);
    if (order != 0) return order < 0;
  }
  return false;
}

bool Ranking::is_behind(std::uint32_t row, const OrderKey& key) const {
  for (std::size_t i = 0; i < terms_.size(); ++i) {
    const auto order = compare(cell(terms_[i], row), key[i].cell(), terms_[i].term->descending);
    if (order != 0) return order > 0;
  }
  return false;
}

Rows Ranking::first(Rows rows, std::size_t count, const OrderKey* after) const {
  if (after) {
    std::erase_if(rows, [&](std::uint32_t row) { return !is_behind(row, *after); });
  }
  const auto less = [&](std::uint32_t a, std::uint32_t b) { return before(a, b); };
  const auto end = rows.begin() + static_cast<std::ptrdiff_t>(std::min(count, rows.size()));
  // A heap is right for a page of many rows; for many of them, cut first and sort then.
  if (rows.size() / 16 > count) {
    std::partial_sort(rows.begin(), end, rows.end(), less);
  } else {
    if (end != rows.end()) std::nth_element(rows.begin(), end, rows.end(), less);
    std::sort(rows.begin(), end, less);
  }
  rows.erase(end, rows.end());
  return rows;
}

OrderKey Ranking::key_of(std::uint32_t row) const {
  OrderKey key;
  for (const Term& term : terms_) key.emplace_back(cell(term, row));
  return key;
}

}  // namespace stepwell::tracking::search
