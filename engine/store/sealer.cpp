#include "engine/store/sealer.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "engine/base/assert.hpp"
#include "engine/store/chunk.hpp"

namespace stepwell::store {
namespace {

// Values fill whole pages: LMDB's page header and our checksum are taken off. Few sizes, so that
// freed pages fit again.
constexpr std::size_t kPageBytes = 4096;
constexpr std::size_t kValueOverheadBytes = 16 + index::kChecksumBytes;
constexpr std::size_t kValuePages[] = {16, 8, 4, 2, 1};
constexpr std::size_t kPackBytes = kValuePages[0] * kPageBytes - kValueOverheadBytes;
constexpr double kWellFilled = 0.9;

// How many of the first chunks make up the best filled value; at most `most`.
std::size_t chunks_for_a_value(std::span<const ChunkEntry> chunks, std::size_t most) {
  chunks = chunks.first(std::min(chunks.size(), most));
  std::size_t best = 1;
  double best_fill = 0;
  for (const std::size_t pages : kValuePages) {
    const std::size_t room = pages * kPageBytes - kValueOverheadBytes;
    std::size_t count = 0, bytes = 0;
    while (count < chunks.size() && bytes + chunks[count].bytes <= room) {
      bytes += chunks[count++].bytes;
    }
    const double fill = static_cast<double>(bytes) / static_cast<double>(room);
    if (fill >= kWellFilled) return count;
    if (fill > best_fill) {
      best = count;
      best_fill = fill;
    }
  }
  return best;
}

// The k for which 2^k steps hold more than half of a chunk's points, and not more than a chunk.
unsigned bucket_bits(const ColumnsView& points, std::size_t chunk_points) {
  if (points.size() < 2) return 0;
  const auto first = static_cast<std::uint64_t>(points.steps.front());
  const std::uint64_t span = static_cast<std::uint64_t>(points.steps.back()) - first;
  // Both are exact for regular steps: one point every 2^n steps, or several a step.
  const auto count = static_cast<double>(points.size());
  const auto length = static_cast<double>(span);
  const double steps =
      static_cast<double>(chunk_points) * std::max(length / (count - 1), (length + 1) / count);
  return steps < 1 ? 0U : std::min(62U, static_cast<unsigned>(std::ilogb(steps)));
}

Result<std::optional<DirectoryRow>> last_row(const index::ReadTransaction& transaction,
                                             const Layout& layout, const SeriesKey& series) {
  TRY(auto cursor, transaction.cursor(layout.directory));
  TRY(const auto row, cursor.seek_before(directory_key(series, greatest_point())));
  if (!row || !row->key.starts_with(directory_prefix(series))) return std::optional<DirectoryRow>();
  TRY(auto entries, decode_row(row->value));
  return std::optional(DirectoryRow{std::string(row->key), std::move(entries)});
}

// Of each entry, whether points of `late` belong to it (from its first point up to the next one's)
// or to one in the same value: a value is rewritten whole.
std::vector<bool> touched_entries(std::span<const ChunkEntry> entries, const ColumnsView& late,
                                  std::span<const std::size_t> begins) {
  std::vector<bool> touched(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const std::size_t end = i + 1 < entries.size() ? begins[i + 1] : late.size();
    touched[i] = begins[i] < end;
  }
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (touched[i - 1] && entries[i].value == entries[i - 1].value) touched[i] = true;
  }
  for (std::size_t i = entries.size(); i-- > 1;) {
    if (touched[i] && entries[i].value == entries[i - 1].value) touched[i - 1] = true;
  }
  return touched;
}

}  // namespace

std::vector<std::size_t> cut_pieces(const ColumnsView& points, const Sizes& sizes) {
  const auto mask = (std::int64_t{1} << bucket_bits(points, sizes.chunk_points)) - 1;
  const auto bucket_end = [&](std::size_t i) {
    const auto rest = points.steps.subspan(i);
    return i +
           static_cast<std::size_t>(std::ranges::upper_bound(rest, rest[0] | mask) - rest.begin());
  };
  std::vector<std::size_t> pieces;
  for (std::size_t at = 0; at < points.size();) {
    std::size_t end = at;
    // Buckets that are nearly empty, where steps have gaps, share a chunk.
    while (end < points.size() && end - at < sizes.seal_points) {
      const std::size_t next = bucket_end(end);
      if (next - at > sizes.chunk_points) break;
      end = next;
    }
    if (end == at) end = std::min(at + sizes.chunk_points, bucket_end(at));
    pieces.push_back(end - at);
    at = end;
  }
  return pieces;
}

Result<void> Sealer::seal(index::WriteTransaction& transaction, const SeriesKey& series,
                          Columns& points) {
  if (points.size() < sizes_.seal_points) return ok();
  TRY(auto last, last_row(transaction, layout_, series));
  std::vector<DirectoryRow> rows;
  Entries known, entries;
  Columns rest;
  ColumnsView fresh = points;
  if (last && points.view().front() <= last->entries.back().stats.last) {
    const Point end = last->entries.back().stats.last;
    TRY(visit_rows(transaction, layout_, series, fresh.front(), greatest_point(), [&](auto row) {
      known.insert(known.end(), row.entries.begin(), row.entries.end());
      rows.push_back(std::move(row));
      return true;
    }));
    const std::size_t late = fresh.upper_bound(end);
    TRY(entries, merge_late(transaction, known, fresh.part(0, late), rest));
    fresh = fresh.part(late, fresh.size() - late);
  } else if (last) {
    entries = known = last->entries;
    rows.push_back(std::move(*last));
  }
  TRY(const Entries added, append(transaction, fresh, rest));
  entries.insert(entries.end(), added.begin(), added.end());
  edit_directory(series, rows, entries);
  free_values(known, entries);
  // Not moved: the next series uses this memory again.
  points.clear();
  points.append(rest);
  return journal_.end_unit(transaction);
}

Result<Sealer::Entries> Sealer::append(index::WriteTransaction& transaction,
                                       const ColumnsView& points, Columns& rest) {
  Entries entries;
  std::vector<std::size_t> pieces;
  if (points.size() >= sizes_.seal_points) pieces = cut_pieces(points, sizes_);
  // Points of the last bucket may still come.
  if (!pieces.empty() && pieces.back() < sizes_.chunk_points) pieces.pop_back();
  TRY(write_chunks(transaction, points, pieces, entries));
  std::size_t sealed = 0;
  for (const std::size_t piece : pieces) sealed += piece;
  rest.append(points.part(sealed, points.size() - sealed));
  return entries;
}

Result<Sealer::Entries> Sealer::merge_late(index::WriteTransaction& transaction,
                                           const Entries& known, const ColumnsView& late,
                                           Columns& rest) {
  std::vector<std::size_t> begins(known.size() + 1, late.size());
  begins[0] = 0;
  for (std::size_t i = 1; i < known.size(); ++i) begins[i] = late.lower_bound(known[i].stats.first);
  const std::vector<bool> touched = touched_entries(known, late, begins);
  Entries entries;
  for (std::size_t i = 0; i < known.size();) {
    std::size_t end = i + 1;
    if (!touched[i]) {
      entries.push_back(known[i]);
      i = end;
      continue;
    }
    std::size_t count = known[i].stats.count;
    for (; end < known.size() && touched[end]; ++end) count += known[end].stats.count;
    const ColumnsView fresh = late.part(begins[i], begins[end] - begins[i]);
    Columns merged;
    if (count <= sizes_.rewrite_ratio * fresh.size() || late.size() >= sizes_.late_points_max) {
      // Anew for each: writing ends what it has fetched.
      ChunkReader chunks(transaction, layout_);
      for (std::size_t k = i; k < end; ++k) {
        TRY(chunks.read(known[k], merged));
      }
      merged.append(fresh);
      merge_unique(merged, 0, count);
    } else {
      rest.append(fresh);
    }
    if (merged.size() > count) {
      points_rewritten_ += count;
      TRY(write_chunks(transaction, merged, cut_pieces(merged, sizes_), entries));
    } else {
      entries.insert(entries.end(), known.begin() + static_cast<std::ptrdiff_t>(i),
                     known.begin() + static_cast<std::ptrdiff_t>(end));
    }
    i = end;
  }
  return entries;
}

Result<void> Sealer::write_chunks(index::WriteTransaction& transaction, const ColumnsView& points,
                                  std::span<const std::size_t> pieces, Entries& into) {
  std::size_t at = 0;
  for (const std::size_t count : pieces) {
    const ColumnsView piece = points.part(at, count);
    const std::size_t before = pack_.size();
    encode_chunk(piece, pack_);
    packed_.push_back(
        {0, 0, static_cast<std::uint32_t>(pack_.size() - before), PointStats::of(piece)});
    points_sealed_ += count;
    at += count;
    TRY(write_values(transaction, false, into));
  }
  return write_values(transaction, true, into);
}

// Writes values while there is more than one of them can hold, or all.
Result<void> Sealer::write_values(index::WriteTransaction& transaction, bool all, Entries& into) {
  while (!packed_.empty() && (all || pack_.size() > kPackBytes)) {
    const std::size_t count = chunks_for_a_value(packed_, sizes_.row_entries / 2);
    const std::uint64_t number = meta_.next_chunk_value++;
    std::uint32_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
      ChunkEntry entry = packed_[i];
      entry.value = number;
      entry.offset = bytes;
      bytes += entry.bytes;
      into.push_back(entry);
    }
    TRY(transaction.put(layout_.chunks, chunk_key(number),
                        std::string_view(pack_).substr(0, bytes)));
    chunk_bytes_ += bytes;
    pack_.erase(0, bytes);
    packed_.erase(packed_.begin(), packed_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return ok();
}

// Every row keeps the entries of its range, so that a change in the middle changes few rows; and
// all entries of a value, so that who reads a row knows all that a value is needed for.
void Sealer::edit_directory(const SeriesKey& series, std::span<const DirectoryRow> rows,
                            std::span<const ChunkEntry> entries) {
  std::map<std::string, std::string> before, after;
  for (const DirectoryRow& row : rows) before.emplace(row.key, encode_row(row.entries));
  const auto value_end = [&](std::size_t at) {
    std::size_t end = at + 1;
    while (end < entries.size() && entries[end].value == entries[at].value) ++end;
    return end;
  };
  std::size_t at = 0;
  for (std::size_t row = 0; at < entries.size(); ++row) {
    std::size_t end = entries.size();
    if (row + 1 < rows.size()) {
      const Point& next = rows[row + 1].entries.front().stats.first;
      for (end = at; end < entries.size() && entries[end].stats.first < next;) end = value_end(end);
    }
    while (at < end) {
      std::size_t part = value_end(at);
      while (part < end && value_end(part) - at <= sizes_.row_entries) part = value_end(part);
      const auto whole = entries.subspan(at, part - at);
      after.emplace(directory_key(series, whole.front().stats.first), encode_row(whole));
      at = part;
    }
  }
  for (const auto& [key, row] : before) {
    if (!after.contains(key)) journal_.erase(layout_.directory, key);
  }
  for (const auto& [key, row] : after) {
    const auto known = before.find(key);
    if (known == before.end() || known->second != row) journal_.put(layout_.directory, key, row);
  }
}

void Sealer::free_values(const Entries& before, const Entries& after) {
  std::set<std::uint64_t> gone;
  for (const ChunkEntry& entry : before) gone.insert(entry.value);
  for (const ChunkEntry& entry : after) gone.erase(entry.value);
  for (const std::uint64_t number : gone) journal_.erase(layout_.chunks, chunk_key(number));
}

}  // namespace stepwell::store
