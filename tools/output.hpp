#pragma once

// What commands print: one clear line per error on stderr, JSON lines and CSV for scripts, aligned
// tables and a progress line for people on a terminal.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"

namespace stepwell::tools {

// "stepwell COMMAND: text" on stderr. Returns the exit code of the error's kind.
int report_error(std::string_view command, const Error& error);

bool is_terminal(int descriptor);

// A JSON object, built field by field: {"a":1,"b":"x"}. Numbers that JSON does not have (NaN and
// the infinities) become the strings "NaN", "Infinity", "-Infinity".
class JsonObject {
 public:
  JsonObject& add(std::string_view key, std::string_view value);
  JsonObject& add(std::string_view key, const char* value) {
    return add(key, std::string_view(value));
  }
  JsonObject& add(std::string_view key, double value);
  JsonObject& add(std::string_view key, bool value);
  JsonObject& add(std::string_view key, std::int64_t value);
  JsonObject& add(std::string_view key, std::uint64_t value);
  JsonObject& add(std::string_view key, int value) { return add(key, std::int64_t{value}); }
  // `json` is a value already: an array or an object.
  JsonObject& add_raw(std::string_view key, std::string_view json);
  std::string text() const { return "{" + fields_ + "}"; }

 private:
  std::string fields_;
};

std::string json_string(std::string_view text);
std::string json_array(const std::vector<std::string>& values);

// Shortest text that reads back as the same bits; "NaN", "Infinity", "-Infinity" (payloads are
// lost).
std::string number_text(double value);
std::string csv_field(std::string_view text);
std::string time_text(std::int64_t ms);  // "2024-05-01 12:00:00" UTC; "-" for 0.
std::string bytes_text(std::uint64_t bytes);
std::string count_text(std::uint64_t count);  // 1,234,567

// Columns aligned by their widest cell. Numbers are given as text, right-aligned where asked.
class Table {
 public:
  // A name that starts with '>' is right-aligned.
  explicit Table(std::vector<std::string> names);
  void add(std::vector<std::string> cells);
  void print() const;

 private:
  std::vector<std::vector<std::string>> rows_;
  std::vector<bool> right_;
};

// One line on stderr that is redrawn at most ten times a second; nothing where it is no terminal.
class Progress {
 public:
  Progress();
  ~Progress() { clear(); }
  bool due() const;
  void show(const std::string& line);
  void clear();

 private:
  bool on_;
  bool drawn_ = false;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace stepwell::tools
