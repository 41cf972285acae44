#pragma once

// The project's own text files as values, so that every rule can be tried on a planted fault in
// memory as well as on the real tree.

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stepwell::tidy {

using Lines = std::vector<std::string>;
// Path from the project's root, with '/', to the file's lines without their ends.
using Tree = std::map<std::string, Lines, std::less<>>;
// One sentence a fault, beginning with the file's path. Empty is good.
using Complaints = std::vector<std::string>;

struct Include {
  std::string name;
  bool quoted = false;
  int line = 0;  // From 1.
};

// C++ sources, schemas, READMEs and CMake lists under the folders that hold code.
Tree load_tree(const std::string& root);
Lines split_lines(std::string_view text);

std::vector<Include> includes_of(const Lines& lines);

bool is_header(std::string_view path);
bool is_source(std::string_view path);
std::string folder_of(std::string_view path);
std::string where(std::string_view path, int line);

}  // namespace stepwell::tidy
