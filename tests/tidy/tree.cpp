#include "tests/tidy/tree.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

namespace stepwell::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolders[] = {"protocol", "engine", "tools",
                                         "bench",    "tests",  "examples"};

bool is_ours(const fs::path& path) {
  const auto extension = path.extension();
  const auto name = path.filename();
  return extension == ".hpp" || extension == ".cpp" || extension == ".fbs" || name == "README.md" ||
         name == "CMakeLists.txt";
}

std::string read_text(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

Tree load_tree(const std::string& root) {
  Tree tree;
  for (const auto folder : kFolders) {
    const fs::path top = fs::path(root) / folder;
    if (!fs::exists(top)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(top)) {
      if (!entry.is_regular_file() || !is_ours(entry.path())) continue;
      tree[fs::relative(entry.path(), root).generic_string()] =
          split_lines(read_text(entry.path()));
    }
  }
  return tree;
}

Lines split_lines(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const auto end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == text.npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::vector<Include> includes_of(const Lines& lines) {
  std::vector<Include> found;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string_view line = lines[i];
    const auto skip_blanks = [&line] {
      while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    };
    skip_blanks();
    if (!line.starts_with('#')) continue;
    line.remove_prefix(1);
    skip_blanks();
    if (!line.starts_with("include")) continue;
    line.remove_prefix(7);
    skip_blanks();
    if (line.empty() || (line.front() != '"' && line.front() != '<')) continue;
    const char close = line.front() == '"' ? '"' : '>';
    const auto end = line.find(close, 1);
    if (end == line.npos) continue;
    found.push_back({std::string(line.substr(1, end - 1)), close == '"', static_cast<int>(i) + 1});
  }
  return found;
}

bool is_header(std::string_view path) {
  return path.ends_with(".hpp");
}

bool is_source(std::string_view path) {
  return path.ends_with(".cpp");
}

std::string folder_of(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == path.npos ? std::string_view() : path.substr(0, slash));
}

std::string where(std::string_view path, int line) {
  return fmt::format("{}:{}", path, line);
}

}  // namespace stepwell::tidy
