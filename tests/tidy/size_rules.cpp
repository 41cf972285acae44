#include <algorithm>
#include <sstream>

#include <fmt/format.h>

#include "tests/tidy/rules.hpp"

namespace stepwell::tidy {
namespace {

int columns_of(std::string_view line) {
  // Bytes that continue a UTF-8 sequence take no column.
  return static_cast<int>(std::count_if(line.begin(), line.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

int long_lines_of(const Lines& lines) {
  return static_cast<int>(std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
    return columns_of(line) > kColumnsMax;
  }));
}

bool begins_something(std::string_view line) {
  return !line.empty() && line.front() != ' ' && line.front() != '#' && line.front() != '}' &&
         !line.starts_with("//");
}

// Namespaces are not indented here, so a free or member function out of class runs from the last
// line at the margin to a lone "}". Functions inside classes are short by the header's limit.
int longest_function_of(const Lines& lines) {
  int longest = 0, start = 0;
  for (int i = 0; i < static_cast<int>(lines.size()); ++i) {
    const auto& line = lines[static_cast<std::size_t>(i)];
    if (begins_something(line)) start = i;
    if (line == "}") longest = std::max(longest, i - start + 1);
  }
  return longest;
}

struct Size {
  std::string_view what;
  int size;
  int limit;
};

void judge(const std::string& path, const Size& found, const Ratchet& ratchet,
           Complaints& complaints) {
  const auto entry = ratchet.find(fmt::format("{} {}", path, found.what));
  if (entry == ratchet.end()) {
    if (found.size > found.limit)
      complaints.push_back(
          fmt::format("{}: {} {}, at most {}", path, found.what, found.size, found.limit));
    return;
  }
  if (found.size <= found.limit)
    complaints.push_back(fmt::format("{}: {} {} is within {} now; remove it from the ratchet", path,
                                     found.what, found.size, found.limit));
  else if (found.size != entry->second)
    complaints.push_back(fmt::format("{}: {} {}, the ratchet says {} and may only shrink", path,
                                     found.what, found.size, entry->second));
}

}  // namespace

Ratchet parse_ratchet(const Lines& lines) {
  Ratchet ratchet;
  for (const auto& line : lines) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string path, what;
    int size = 0;
    words >> path >> what >> size;
    ratchet[path + " " + what] = size;
  }
  return ratchet;
}

Complaints check_sizes(const Tree& tree, const Ratchet& ratchet) {
  Complaints complaints;
  for (const auto& [path, lines] : tree) {
    if (!is_header(path) && !is_source(path)) continue;
    const int lines_max = is_header(path) ? kHeaderLinesMax : kSourceLinesMax;
    judge(path, {"lines", static_cast<int>(lines.size()), lines_max}, ratchet, complaints);
    judge(path, {"columns", long_lines_of(lines), 0}, ratchet, complaints);
    judge(path, {"function", longest_function_of(lines), kFunctionLinesMax}, ratchet, complaints);
  }
  for (const auto& [key, size] : ratchet) {
    const auto path = key.substr(0, key.find(' '));
    if (!tree.contains(path))
      complaints.push_back(fmt::format("{}: in the ratchet, but not in the tree", path));
  }
  return complaints;
}

}  // namespace stepwell::tidy
