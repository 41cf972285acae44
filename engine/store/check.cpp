#include "engine/store/check.hpp"

#include <map>
#include <optional>

#include "engine/base/bytes.hpp"
#include "engine/store/directory.hpp"
#include "engine/store/tail.hpp"

namespace stepwell::store {
namespace {

class Check {
 public:
  Check(const index::ReadTransaction& transaction, const Layout& layout,
        const std::function<void(const std::string&)>& visit)
      : transaction_(transaction), layout_(layout), visit_(visit) {}

  CheckedIndex run() {
    check_meta();
    walk("chunks", layout_.chunks, [&](const index::Row& row) { take_value(row); });
    walk("directory", layout_.directory, [&](const index::Row& row) { take_directory(row); });
    for (const auto& [number, bytes] : values_) {
      if (bytes != 0)
        problem(fmt::format("chunk value {}: {} bytes in no directory", number, bytes));
    }
    walk("tail lists", layout_.tail_lists, [&](const index::Row& row) { take_tail_list(row); });
    walk("tails", layout_.tails, [&](const index::Row& row) { take_tail(row); });
    for (const auto& [number, blob] : blobs_) {
      if (blob.parts == 0 && blob.points == 0 && blob.bytes == 0) continue;
      problem(fmt::format("tail blob {}: {} parts, {} points, {} bytes are missing", number,
                          static_cast<std::int64_t>(blob.parts),
                          static_cast<std::int64_t>(blob.points),
                          static_cast<std::int64_t>(blob.bytes)));
    }
    walk("retired", layout_.retired, [](const index::Row&) {});
    walk("journal", layout_.journal, [](const index::Row&) {});
    for (std::size_t i = 0; i < layout_.fold_table_count(); ++i) {
      const auto table = layout_.fold_table({static_cast<std::uint8_t>(i)});
      walk(fmt::format("table {}", i), table, [](const index::Row&) {});
    }
    compare_sums();
    return checked_;
  }

 private:
  void problem(const std::string& text) {
    ++checked_.problems;
    visit_(text);
  }

  void check_meta() {
    const auto meta = layout_.read_meta(transaction_);
    ++checked_.rows;
    if (!meta) return problem(meta.error().text);
    if (!meta.value()) return problem("the index has no meta row");
    meta_ = *meta.value();
    if (meta_.has_journal()) problem("the journal is not copied into place");
  }

  // All rows in the order of their keys; a row whose checksum fails is named and passed over.
  template <typename Take>
  void walk(const std::string& name, index::Table table, const Take& take) {
    auto cursor = transaction_.cursor(table);
    if (!cursor) return problem(fmt::format("{}: {}", name, cursor.error().text));
    std::uint64_t rows = 0;
    for (auto row = cursor.value().seek({});; row = cursor.value().next()) {
      if (!row && row.error().kind != ErrorKind::kCorrupt) {
        return problem(fmt::format("{}: {}", name, row.error().text));
      }
      if (row && !row.value()) break;
      ++rows;
      ++checked_.rows;
      if (!row) {
        problem(fmt::format("{}: {}", name, row.error().text));
        continue;
      }
      const index::Row& found = *row.value();
      if (table.summed != index::Summed::kNot) {
        sums_[index::group_key(table.summed, table.number, found.key)].add(found.checksum);
      }
      take(found);
    }
    const auto counted = transaction_.count(table);
    if (!counted || counted.value() != rows) {
      problem(fmt::format("{}: has {} rows, its header says {}", name, rows,
                          counted ? counted.value() : 0));
    }
  }

  // Rows that vanished, or are there in an older version that is sound in itself.
  void compare_sums() {
    const auto expected = transaction_.row_sums();
    if (!expected) return problem(expected.error().text);
    for (const auto& [group, sum] : expected.value()) {
      const index::RowSum found = sums_[group];
      if (found != sum) problem(index::describe_difference(group, found, sum));
      sums_.erase(group);
    }
    for (const auto& [group, sum] : sums_) problem(index::describe_difference(group, sum, {}));
  }

  // What a checkpoint wrote and never published is no damage: it is swept by the next opening for
  // writing.
  void take_value(const index::Row& row) {
    Decoder key(row.key);
    const auto number = key.big<std::uint64_t>();
    if (!key.done())
      return problem(fmt::format("a chunk value's key has {} bytes", row.key.size()));
    if (number < meta_.next_chunk_value) values_[number] = row.value.size();
  }

  void take_directory(const index::Row& row) {
    const auto entries = decode_row(row.value);
    const auto series = series_of_key(row.key);
    if (!series) return problem(fmt::format("directory: a key of {} bytes", row.key.size()));
    const std::string name =
        fmt::format("run {} series {}", series->run.value, series->series.value);
    if (!entries) return problem(fmt::format("{}: {}", name, entries.error().text));
    if (row.key != directory_key(*series, entries.value().front().stats.first)) {
      problem(name + ": a directory row lies under another point's key");
    }
    if (series != series_) {
      ++checked_.series;
    } else if (!(last_ < entries.value().front().stats.first)) {
      problem(name + ": a directory row overlaps the one before it");
    }
    if (entries.value().front().value == last_value_) {
      problem(fmt::format("{}: chunk value {} is named in two rows", name, last_value_));
    }
    series_ = series;
    last_value_ = entries.value().back().value;
    for (const ChunkEntry& entry : entries.value()) take_entry(name, entry);
  }

  void take_entry(const std::string& name, const ChunkEntry& entry) {
    ++checked_.chunks;
    last_ = entry.stats.last;
    const auto value = values_.find(entry.value);
    if (value == values_.end()) {
      return problem(fmt::format("{}: chunk value {} is missing", name, entry.value));
    }
    value->second -= entry.bytes;
    if (auto sound = check_chunk(chunk_reader_, entry, points_); !sound) {
      return problem(fmt::format("{}: {}", name, sound.error().text));
    }
    checked_.points += points_.size();
  }

  void take_tail_list(const index::Row& row) {
    const auto blobs = decode_tail_list(row.value);
    if (!blobs) return problem(blobs.error().text);
    for (const TailBlob& blob : blobs.value()) {
      if (!blobs_.emplace(blob.number, blob).second) {
        problem(fmt::format("tail blob {} is listed twice", blob.number));
      }
    }
  }

  void take_tail(const index::Row& row) {
    Decoder key(row.key);
    const auto number = key.big<std::uint64_t>();
    const SeriesNumber first{key.big<std::uint64_t>()};
    if (!key.done()) return problem(fmt::format("a tail's key has {} bytes", row.key.size()));
    if (number >= meta_.next_blob) return;
    const auto blob = blobs_.find(number);
    if (blob == blobs_.end()) return problem(fmt::format("tail blob {} is in no list", number));
    const auto part = TailPart::open(row.value);
    if (!part) return problem(fmt::format("tail blob {}: {}", number, part.error().text));
    if (part.value().series().front().number != first) {
      problem(fmt::format("tail blob {}: a part lies under another series' key", number));
    }
    --blob->second.parts;
    blob->second.bytes -= row.value.size();
    for (std::size_t i = 0; i < part.value().series().size(); ++i) {
      points_.clear();
      if (auto read = part.value().read(i, points_); !read) {
        problem(fmt::format("tail blob {}: {}", number, read.error().text));
      }
      blob->second.points -= part.value().series()[i].count;
      checked_.tail_points += part.value().series()[i].count;
    }
  }

  const index::ReadTransaction& transaction_;
  const Layout& layout_;
  const std::function<void(const std::string&)>& visit_;
  CheckedIndex checked_;
  Meta meta_;
  ChunkReader chunk_reader_{transaction_, layout_};
  std::map<std::uint64_t, std::uint64_t> values_;  // Bytes of each that no entry has named yet.
  std::map<std::uint64_t, TailBlob> blobs_;        // Less what was found of each.
  index::RowSums sums_;                            // Of the rows that were found.
  std::optional<SeriesKey> series_;
  Point last_;
  std::uint64_t last_value_ = 0;
  Columns points_;
};

}  // namespace

Result<void> check_chunk(ChunkReader& reader, const ChunkEntry& entry, Columns& points) {
  points.clear();
  TRY(reader.read(entry, points));
  if (is_strictly_sorted(points) && PointStats::of(points).same_as(entry.stats)) return ok();
  return fail(ErrorKind::kCorrupt, "chunk value {} offset {} is not what its entry says",
              entry.value, entry.offset);
}

Result<CheckedIndex> check_index(index::Environment& environment, const Layout& layout,
                                 const std::function<void(const std::string&)>& visit) {
  TRY(const auto transaction, environment.begin_read());
  return Check(transaction, layout, visit).run();
}

}  // namespace stepwell::store
