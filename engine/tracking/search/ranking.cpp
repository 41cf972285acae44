#include "engine/tracking/search/ranking.hpp"

#include <algorithm>

#include "engine/base/bytes.hpp"
#include "engine/tracking/lookup.hpp"

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
      text = artifact_uri(source_.experiment.artifact_location, run.id);
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
  // Nearly every comparison is decided by the rough order of the first term.
  struct Candidate {
    std::uint64_t rough;
    std::uint32_t row;
  };
  const Term& main = terms_.front();
  const Field field = main.term->subject.field;
  const CellKind kind = is_time(field)            ? CellKind::kInteger
                        : field == Field::kMetric ? CellKind::kNumber
                                                  : CellKind::kText;
  std::vector<Candidate> candidates;
  candidates.reserve(rows.size());
  for (const std::uint32_t row : rows) {
    candidates.push_back({rough_order(cell(main, row), kind, main.term->descending), row});
  }
  const auto less = [&](const Candidate& a, const Candidate& b) {
    return a.rough != b.rough ? a.rough < b.rough : before(a.row, b.row);
  };
  const std::size_t wanted = std::min(count, rows.size());
  const auto end = candidates.begin() + static_cast<std::ptrdiff_t>(wanted);
  // A heap is right for few of many rows; else they are parted first and sorted then.
  if (rows.size() / 16 > count) {
    std::partial_sort(candidates.begin(), end, candidates.end(), less);
  } else {
    if (end != candidates.end()) std::nth_element(candidates.begin(), end, candidates.end(), less);
    std::sort(candidates.begin(), end, less);
  }
  rows.resize(wanted);
  for (std::size_t i = 0; i < wanted; ++i) rows[i] = candidates[i].row;
  return rows;
}

OrderKey Ranking::key_of(std::uint32_t row) const {
  OrderKey key;
  for (const Term& term : terms_) key.emplace_back(cell(term, row));
  return key;
}

}  // namespace stepwell::tracking::search
