#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "tests/tidy/rules.hpp"

namespace stepwell::tidy {
namespace {

bool has_pragma_once(const Lines& lines) {
  return std::find(lines.begin(), lines.end(), "#pragma once") != lines.end();
}

std::string with_suffix(std::string_view path, std::string_view suffix) {
  return std::string(path.substr(0, path.rfind('.'))) + std::string(suffix);
}

bool is_leftover_folder(std::string_view name) {
  static constexpr std::string_view kForbidden[] = {"utils", "util", "common", "misc", "helpers"};
  return std::find(std::begin(kForbidden), std::end(kForbidden), name) != std::end(kForbidden);
}

std::set<std::string> folders_of(const Tree& tree) {
  std::set<std::string> folders;
  for (const auto& [path, lines] : tree) {
    for (auto folder = folder_of(path); !folder.empty(); folder = folder_of(folder))
      folders.insert(folder);
  }
  return folders;
}

}  // namespace

Complaints check_headers(const Tree& tree) {
  Complaints complaints;
  for (const auto& [path, lines] : tree) {
    if (is_header(path) && !has_pragma_once(lines))
      complaints.push_back(path + ": a header without #pragma once");
    if (!is_source(path)) continue;
    const auto own = with_suffix(path, ".hpp");
    if (!tree.contains(own)) continue;
    const auto includes = includes_of(lines);
    if (includes.empty() || includes.front().name != own)
      complaints.push_back(fmt::format("{}: includes its own header \"{}\" not first", path, own));
  }
  return complaints;
}

Complaints check_folders(const Tree& tree) {
  Complaints complaints;
  for (const auto& folder : folders_of(tree)) {
    if (is_leftover_folder(folder.substr(folder.rfind('/') + 1)))
      complaints.push_back(folder + ": a folder is named by what it is, not by what it is not");
    // engine/ only holds folders; schemas are described by protocol/'s README.
    const auto lists = tree.find(folder + "/CMakeLists.txt");
    const bool is_target = lists != tree.end() && !lists->second.empty() && folder != "engine";
    const bool is_told =
        folder.starts_with("engine/") || folder == "protocol" || folder.starts_with("protocol/");
    if (is_target && is_told && !tree.contains(folder + "/README.md"))
      complaints.push_back(folder + ": a folder without README.md");
  }
  return complaints;
}

}  // namespace stepwell::tidy
