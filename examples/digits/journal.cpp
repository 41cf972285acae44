#include "examples/digits/journal.hpp"

#include <bit>
#include <cinttypes>
#include <fstream>
#include <ios>
#include <sstream>
#include <stdexcept>

namespace digits {

JournalWriter::JournalWriter(const std::string& path, const std::string& context)
    : path_(path), file_(std::fopen(path.c_str(), "w")) {
  if (!file_) throw std::runtime_error("cannot create " + path);
  std::fprintf(file_.get(), "context %s\n", context.empty() ? "-" : context.c_str());
}

int JournalWriter::add_keys(const std::vector<std::string>& keys) {
  std::fprintf(file_.get(), "keys %d", keys_);
  for (const auto& key : keys) std::fprintf(file_.get(), " %s", key.c_str());
  std::fputc('\n', file_.get());
  return keys_++;
}

void JournalWriter::row(int keys, std::int64_t step, std::int64_t timestamp_ms,
                        std::span<const double> values) {
  std::fprintf(file_.get(), "row %d %" PRId64 " %" PRId64, keys, step, timestamp_ms);
  for (const double value : values)
    std::fprintf(file_.get(), " %016" PRIx64, std::bit_cast<std::uint64_t>(value));
  std::fputc('\n', file_.get());
}

void JournalWriter::fact(const std::string& name, const std::string& value) {
  std::fprintf(file_.get(), "fact %s %s\n", name.c_str(), value.c_str());
}

void JournalWriter::close() {
  const bool failed = std::ferror(file_.get()) != 0;
  if (std::fclose(file_.release()) != 0 || failed)
    throw std::runtime_error("cannot write " + path_);
}

namespace {

JournalRow parse_row(std::istream& words, const Journal& journal) {
  JournalRow row;
  words >> row.keys >> row.step >> row.timestamp_ms >> std::hex;
  if (!words || row.keys >= journal.keys.size()) throw std::runtime_error("a row without keys");
  row.bits.resize(journal.keys[row.keys].size());
  for (auto& bits : row.bits) words >> bits;
  if (!words) throw std::runtime_error("a row that is too short");
  return row;
}

void parse_line(const std::string& line, Journal& journal) {
  std::istringstream words(line);
  std::string kind;
  words >> kind;
  if (kind == "row") {
    journal.rows.push_back(parse_row(words, journal));
  } else if (kind == "keys") {
    std::size_t number = 0;
    words >> number;
    if (number != journal.keys.size()) throw std::runtime_error("keys out of order");
    std::vector<std::string> keys;
    for (std::string key; words >> key;) keys.push_back(key);
    journal.keys.push_back(std::move(keys));
  } else if (kind == "context") {
    words >> journal.context;
    if (journal.context == "-") journal.context.clear();
  } else if (kind == "fact") {
    std::string name, value;
    words >> name >> value;
    journal.facts[name] = value;
  } else {
    throw std::runtime_error("a record of unknown kind '" + kind + "'");
  }
}

}  // namespace

Journal read_journal(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error("cannot open " + path);
  Journal journal;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    try {
      parse_line(line, journal);
    } catch (const std::runtime_error& error) {
      throw std::runtime_error(path + ":" + std::to_string(number) + ": " + error.what());
    }
  }
  return journal;
}

}  // namespace digits
