#include "engine/tracking/search/cells.hpp"

namespace stepwell::tracking::search {
namespace {

// What a text costs beside its bytes: its place, and its entry in the map.
constexpr std::uint64_t kTextBytes = 96;

}  // namespace

void NumberCells::resize(std::size_t rows) {
  values_.resize(rows);
  has_.resize(rows);
}

void NumberCells::set(std::size_t row, std::optional<double> value) {
  if (row >= values_.size()) resize(row + 1);
  values_[row] = value.value_or(0);
  has_[row] = value.has_value();
}

void TextCells::set(std::size_t row, std::optional<std::string_view> value) {
  if (row >= codes_.size()) resize(row + 1);
  const Code before = codes_[row];
  if (before != kMissing && value == texts_[before - 1].text) return;
  Code after = kMissing;
  if (value) {
    after = find(*value);
    if (after == kMissing) {
      if (free_.empty()) {
        texts_.emplace_back();
        after = static_cast<Code>(texts_.size());
      } else {
        after = free_.back();
        free_.pop_back();
      }
      Text& text = texts_[after - 1];
      text.text = *value;
      by_text_.emplace(text.text, after);
      text_bytes_ += kTextBytes + text.text.size();
    }
    ++texts_[after - 1].count;
  }
  codes_[row] = after;
  if (before != kMissing) let_go(before);
}

void TextCells::let_go(Code code) {
  Text& text = texts_[code - 1];
  if (--text.count > 0) return;
  by_text_.erase(text.text);
  text_bytes_ -= kTextBytes + text.text.size();
  text.text = {};
  free_.push_back(code);
}

std::optional<std::string_view> TextCells::text(Code code) const {
  if (code == kMissing || texts_[code - 1].count == 0) return std::nullopt;
  return texts_[code - 1].text;
}

TextCells::Code TextCells::find(std::string_view text) const {
  const auto known = by_text_.find(text);
  return known == by_text_.end() ? kMissing : known->second;
}

}  // namespace stepwell::tracking::search
