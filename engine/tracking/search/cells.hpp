#pragma once

// One column: a value of one subject for each run of a table, by row. Guarded by whoever owns the
// table.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stepwell::tracking::search {

class NumberCells {
 public:
  void resize(std::size_t rows);
  // NaN is a value.
  void set(std::size_t row, std::optional<double> value);
  // Rows beyond the end are missing.
  std::optional<double> get(std::size_t row) const {
    if (row >= values_.size() || !has_[row]) return std::nullopt;
    return values_[row];
  }
  std::uint64_t bytes() const { return values_.size() * (sizeof(double) + 1); }

 private:
  std::vector<double> values_;
  std::vector<std::uint8_t> has_;
};

// Each distinct text is kept once, under a code; a filter looks at codes.
class TextCells {
 public:
  using Code = std::uint32_t;
  static constexpr Code kMissing = 0;

  void resize(std::size_t rows) { codes_.resize(rows, kMissing); }
  void set(std::size_t row, std::optional<std::string_view> value);

  Code code(std::size_t row) const { return row < codes_.size() ? codes_[row] : kMissing; }
  std::optional<std::string_view> get(std::size_t row) const {
    const Code at = code(row);
    if (at == kMissing) return std::nullopt;
    return texts_[at - 1].text;
  }
  // Codes in use are below.
  Code codes() const { return static_cast<Code>(texts_.size() + 1); }
  // Of a code that rows have; nothing for the others.
  std::optional<std::string_view> text(Code code) const;
  // kMissing: no row has this text.
  Code find(std::string_view text) const;
  // Rows that have it.
  std::uint32_t count(Code code) const { return code == kMissing ? 0 : texts_[code - 1].count; }
  std::uint64_t bytes() const { return codes_.size() * sizeof(Code) + text_bytes_; }

 private:
  struct Text {
    std::string text;
    std::uint32_t count = 0;
  };
  void let_go(Code code);

  std::vector<Code> codes_;
  std::deque<Text> texts_;  // By code - 1; never moved, since by_text_ looks into them.
  std::vector<Code> free_;  // That no row has.
  std::unordered_map<std::string_view, Code> by_text_;
  std::uint64_t text_bytes_ = 0;
};

}  // namespace stepwell::tracking::search
