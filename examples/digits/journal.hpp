#pragma once

// What a worker logged, written by itself to a file of its own that Stepwell never sees. The demo
// holds the store against it.
//
// Text, one record a line, fields separated by blanks:
//   context NAME                    "-" for the empty context
//   keys N KEY...                   the keys of rows with number N
//   row N STEP TIMESTAMP_MS BITS... one value a key, its 64 bits in hex
//   fact NAME VALUE                 the worker's own count of something

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace digits {

class JournalWriter {
 public:
  JournalWriter(const std::string& path, const std::string& context);
  int add_keys(const std::vector<std::string>& keys);
  void row(int keys, std::int64_t step, std::int64_t timestamp_ms, std::span<const double> values);
  void fact(const std::string& name, const std::string& value);
  // Throws std::runtime_error when anything could not be written.
  void close();

 private:
  struct Closer {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string path_;
  std::unique_ptr<std::FILE, Closer> file_;
  int keys_ = 0;
};

struct JournalRow {
  std::size_t keys = 0;  // Index into Journal::keys.
  std::int64_t step = 0;
  std::int64_t timestamp_ms = 0;
  std::vector<std::uint64_t> bits;
};

struct Journal {
  std::string context;  // Empty, or like "rank=2".
  std::vector<std::vector<std::string>> keys;
  std::vector<JournalRow> rows;
  std::map<std::string, std::string> facts;
};

// Throws std::runtime_error that names the file and line.
Journal read_journal(const std::string& path);

}  // namespace digits
