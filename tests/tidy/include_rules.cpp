#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "tests/tidy/rules.hpp"

namespace stepwell::tidy {
namespace {

using Names = std::vector<std::string_view>;

struct Folder {
  std::string_view path;
  Names may_include;  // Beside itself.
};

constexpr std::string_view kEverything = "*";

// A file belongs to the entry with the longest path that is a prefix of its own.
const std::vector<Folder>& folder_table() {
  static const std::vector<Folder> table = {
      {"engine/base", {}},
      {"engine/io", {"engine/base"}},
      {"engine/io/net", {"engine/base"}},
      {"engine/codec", {"engine/base"}},
      {"engine/wal", {"engine/base", "engine/io"}},
      {"engine/index", {"engine/base"}},
      {"engine/store", {"engine/base", "engine/io", "engine/codec", "engine/wal", "engine/index"}},
      {"engine/tracking", {"engine/base", "engine/store", "protocol"}},
      {"engine/ingest", {"engine/base", "engine/tracking", "protocol"}},
      {"engine/http", {"engine/base", "engine/io", "engine/tracking", "protocol"}},
      {"engine/server",
       {"engine/base", "engine/io", "engine/io/net", "engine/codec", "engine/wal", "engine/index",
        "engine/store", "engine/tracking", "engine/ingest", "engine/http", "protocol"}},
      {"protocol", {"engine/base"}},
      {"protocol/client", {"engine/base", "engine/io", "engine/io/net", "protocol"}},
      {"tools", {kEverything}},
      {"bench", {kEverything}},
      {"tests", {kEverything}},
      // What a user of the client library sees, and no more.
      {"examples", {"engine/base", "protocol", "protocol/client"}},
  };
  return table;
}

struct Library {
  std::string_view prefix;  // Of the name between the brackets.
  Names folders;            // That may name it, with what lies below them.
};

// tests/ may name every library: they interpose, they speak raw bytes.
const std::vector<Library>& library_table() {
  static const std::vector<Library> table = {
      {"lmdb.h", {"engine/index"}},
      {"liburing", {"engine/io"}},
      {"boost/asio", {"engine/io/net"}},
      {"boost/beast", {"engine/http"}},
      {"simdjson", {"engine/http"}},
      {"zlib.h", {"engine/http"}},
      {"boost/outcome", {"engine/base"}},
      {"spdlog/", {"engine/base"}},
      {"flatbuffers/", {"protocol"}},
      {"CLI/", {"tools", "bench", "examples"}},
      {"toml++/", {"engine/server"}},
      {"tao/pegtl", {"engine/tracking/search"}},
      {"gtest/", {}},
      {"gmock/", {}},
      {"benchmark/", {"bench"}},
  };
  return table;
}

bool lies_in(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && path.size() > folder.size() && path[folder.size()] == '/';
}

const Folder* owner_of(std::string_view path) {
  const Folder* best = nullptr;
  for (const auto& folder : folder_table()) {
    if (!lies_in(path, folder.path)) continue;
    if (!best || folder.path.size() > best->path.size()) best = &folder;
  }
  return best;
}

bool is_generated(std::string_view name) {
  return name.starts_with("protocol/schema/") && name.ends_with("_generated.h");
}

std::optional<std::string> fault_of(const Tree& tree, const Folder& from, const Include& include) {
  if (!include.quoted) return std::nullopt;
  if (!tree.contains(include.name) && !is_generated(include.name))
    return fmt::format("\"{}\" is no file of ours, named from the root", include.name);
  const Folder* to = owner_of(include.name);
  if (!to) return fmt::format("\"{}\" lies in no folder of DESIGN's table", include.name);
  if (to->path == from.path) return std::nullopt;
  const bool is_tested = from.path == "tests" && to->path == "examples";
  if (!is_tested && (to->path == "tests" || to->path == "bench" || to->path == "examples"))
    return fmt::format("nothing includes {}/: \"{}\"", to->path, include.name);
  const auto& allowed = from.may_include;
  const auto is_allowed = [&](std::string_view name) {
    return std::find(allowed.begin(), allowed.end(), name) != allowed.end();
  };
  if (is_allowed(to->path) || is_allowed(kEverything)) return std::nullopt;
  return fmt::format("{} may not include {}: \"{}\"", from.path, to->path, include.name);
}

bool is_coroutine_header(std::string_view name) {
  static constexpr std::string_view kHeavy[] = {
      "boost/asio.hpp",           "boost/asio/awaitable",     "boost/asio/co_spawn",
      "boost/asio/use_awaitable", "boost/asio/experimental/", "boost/asio/this_coro",
      "boost/asio/as_tuple",      "boost/asio/spawn",         "boost/beast"};
  return std::any_of(std::begin(kHeavy), std::end(kHeavy),
                     [&](std::string_view heavy) { return name.starts_with(heavy); });
}

bool reaches_coroutines(const Tree& tree, const std::string& path, std::set<std::string>& seen) {
  const auto file = tree.find(path);
  if (file == tree.end() || !seen.insert(path).second) return false;
  const auto includes = includes_of(file->second);
  return std::any_of(includes.begin(), includes.end(), [&](const Include& include) {
    return include.quoted ? reaches_coroutines(tree, include.name, seen)
                          : is_coroutine_header(include.name);
  });
}

}  // namespace

Complaints check_folder_table(const Tree& tree) {
  Complaints complaints;
  for (const auto& [path, lines] : tree) {
    if (!is_header(path) && !is_source(path)) continue;
    const Folder* from = owner_of(path);
    if (!from) {
      complaints.push_back(path + ": lies in no folder of DESIGN's table");
      continue;
    }
    for (const auto& include : includes_of(lines)) {
      if (auto fault = fault_of(tree, *from, include))
        complaints.push_back(fmt::format("{}: {}", where(path, include.line), *fault));
    }
  }
  return complaints;
}

Complaints check_libraries(const Tree& tree) {
  Complaints complaints;
  for (const auto& [path, lines] : tree) {
    if (lies_in(path, "tests")) continue;
    for (const auto& include : includes_of(lines)) {
      for (const auto& library : library_table()) {
        if (!include.name.starts_with(library.prefix)) continue;
        const bool allowed =
            std::any_of(library.folders.begin(), library.folders.end(),
                        [&](std::string_view folder) { return lies_in(path, folder); });
        if (allowed) continue;
        complaints.push_back(fmt::format("{}: <{}> belongs to {}", where(path, include.line),
                                         include.name, fmt::join(library.folders, ", ")));
      }
    }
  }
  return complaints;
}

Complaints check_coroutine_units(const Tree& tree) {
  Names units;
  for (const auto& [path, lines] : tree) {
    std::set<std::string> seen;
    if (is_source(path) && reaches_coroutines(tree, path, seen)) units.push_back(path);
  }
  if (units.size() <= kCoroutineUnitsMax) return {};
  return {fmt::format("{}: {} sources reach Asio's coroutine headers or Beast, at most {}: {}",
                      units.back(), units.size(), kCoroutineUnitsMax, fmt::join(units, ", "))};
}

}  // namespace stepwell::tidy
