#include "engine/store/check.hpp"

#include <optional>
#include <unordered_map>
#include <vector>

#include "engine/base/bytes.hpp"
#include "engine/store/points_reader.hpp"

namespace stepwell::store {
namespace {

class Check {
 public:
  Check(const index::ReadTransaction& transaction, const Layout& layout,
        const std::function<void(const std::string&)>& visit)
      : transaction_(transaction), layout_(layout), visit_(visit) {}

  CheckedIndex run() {
    check_meta();
    walk("chunks", layout_.chunks, [&](const index::Row& row) { take_chunk(row); });
    walk("directory", layout_.directory, [&](const index::Row& row) { take_entry(row); });
    for (const auto& [chunk, referenced] : chunks_) {
      if (referenced == 1) continue;
      problem(fmt::format("chunk {} is referenced {} times, expected once", chunk, referenced));
    }
    walk("journal", layout_.journal, [](const index::Row&) {});
    for (std::size_t i = 0; i < layout_.fold_table_count(); ++i) {
      const auto table = layout_.fold_table({static_cast<std::uint8_t>(i)});
      walk(fmt::format("table {}", i), table, [](const index::Row&) {});
    }
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
    next_chunk_ = meta.value()->next_chunk;
    if (meta.value()->journal_rows != 0) {
      problem(fmt::format("{} journal rows are not copied into place", meta.value()->journal_rows));
    }
  }

  // All rows in the order of their keys; a row whose checksum fails is named and passed over.
  template <typename Take>
  void walk(const std::string& name, index::Table table, const Take& take) {
    auto cursor = transaction_.cursor(table);
    if (!cursor) return problem(fmt::format("{}: {}", name, cursor.error().text));
    std::uint64_t rows = 0;
    std::string last;
    for (auto row = cursor.value().seek({});; row = cursor.value().next()) {
      if (!row && row.error().kind != ErrorKind::kCorrupt) {
        return problem(fmt::format("{}: {}", name, row.error().text));
      }
      if (row && !row.value()) break;
      ++rows;
      ++checked_.rows;
      if (rows > kRowsMax) return problem(fmt::format("{}: its rows do not end", name));
      if (!row) {
        problem(fmt::format("{}: {}", name, row.error().text));
        continue;
      }
      const index::Row& found = *row.value();
      if (rows > 1 && found.key <= last) problem(fmt::format("{}: keys are not in order", name));
      last = found.key;
      take(found);
    }
    const auto counted = transaction_.count(table);
    if (!counted || counted.value() != rows) {
      problem(fmt::format("{}: has {} rows, its header says {}", name, rows,
                          counted ? counted.value() : 0));
    }
  }

  void take_chunk(const index::Row& row) {
    ++checked_.chunks;
    Decoder key(row.key);
    const auto number = key.big<std::uint64_t>();
    if (!key.done()) return problem(fmt::format("a chunk's key has {} bytes", row.key.size()));
    if (number >= next_chunk_) problem(fmt::format("chunk {} was never published", number));
    chunks_[number] = 0;
  }

  void take_entry(const index::Row& row) {
    const auto decoded = decode_entry(row.value);
    if (!decoded) return problem(fmt::format("directory: {}", decoded.error().text));
    const DirectoryEntry& entry = decoded.value();
    Decoder key(row.key);
    const SeriesNumber series{key.big<std::uint64_t>()};
    const std::string name = fmt::format("series {} chunk {}", series.value, entry.chunk);
    if (row.key != directory_key(series, entry.first)) {
      problem(name + ": the entry lies under another point's key");
    }
    if (series != series_) {
      ++checked_.series;
    } else if (last_ && !(*last_ < entry.first)) {
      problem(name + ": overlaps the chunk before it");
    }
    series_ = series;
    last_ = entry.last;
    ++chunks_[entry.chunk];
    points_.clear();
    if (auto read = read_chunk(transaction_, layout_, entry, points_); !read) {
      return problem(fmt::format("{}: {}", name, read.error().text));
    }
    checked_.points += points_.size();
  }

  // A cycle of pages must not keep the walk for ever.
  static constexpr std::uint64_t kRowsMax = std::uint64_t{1} << 40;

  const index::ReadTransaction& transaction_;
  const Layout& layout_;
  const std::function<void(const std::string&)>& visit_;
  CheckedIndex checked_;
  std::uint64_t next_chunk_ = 0;
  std::unordered_map<std::uint64_t, std::uint32_t> chunks_;  // How often each is referenced.
  SeriesNumber series_;
  std::optional<Point> last_;
  std::vector<Point> points_;
};

}  // namespace

Result<CheckedIndex> check_index(index::Environment& environment, const Layout& layout,
                                 const std::function<void(const std::string&)>& visit) {
  TRY(const auto transaction, environment.begin_read());
  return Check(transaction, layout, visit).run();
}

}  // namespace stepwell::store
