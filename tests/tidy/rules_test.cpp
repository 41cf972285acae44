// Each rule sees the fault that it is for, planted in a small tree, and nothing else.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/tidy/rules.hpp"

namespace stepwell::tidy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Tree with(std::string path, const std::string& text) {
  Tree tree;
  for (const char* folder : {"engine/base", "engine/io", "engine/io/net", "engine/wal",
                             "engine/index", "engine/store", "engine/tracking", "engine/ingest",
                             "protocol", "protocol/client", "tools", "bench", "tests/base"})
    tree[std::string(folder) + "/a.hpp"] = {"#pragma once"};
  tree[std::move(path)] = split_lines(text);
  return tree;
}

struct IncludeCase {
  const char* path;
  const char* line;
  const char* complaint;  // Null: allowed.
};

// GoogleTest names the case by it.
void PrintTo(const IncludeCase& value, std::ostream* out) {
  *out << value.path << ": " << value.line;
}

class FolderTable : public testing::TestWithParam<IncludeCase> {};

TEST_P(FolderTable, Decides) {
  const auto& [path, line, complaint] = GetParam();
  const auto complaints = check_folder_table(with(path, std::string("\n") + line + "\n"));
  if (!complaint) {
    EXPECT_THAT(complaints, IsEmpty());
  } else {
    EXPECT_THAT(complaints, ElementsAre(HasSubstr(complaint)));
    EXPECT_THAT(complaints.at(0), HasSubstr(std::string(path) + ":2"));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Planted, FolderTable,
    testing::Values(
        IncludeCase{"engine/wal/x.cpp", "#include \"engine/io/a.hpp\"", nullptr},
        IncludeCase{"engine/wal/x.cpp", "#include \"engine/wal/a.hpp\"", nullptr},
        IncludeCase{"engine/wal/x.cpp", "#include <vector>", nullptr},
        IncludeCase{"engine/wal/x.cpp", "// #include \"tools/a.hpp\"", nullptr},
        IncludeCase{"engine/wal/x.cpp", "#include \"engine/io/net/a.hpp\"", "may not include"},
        IncludeCase{"engine/wal/x.cpp", " # include \"engine/store/a.hpp\"", "may not include"},
        IncludeCase{"engine/wal/x.cpp", "#include \"a.hpp\"", "no file of ours"},
        IncludeCase{"engine/base/x.hpp", "#include \"engine/io/a.hpp\"", "may not include"},
        IncludeCase{"engine/io/x.cpp", "#include \"engine/io/net/a.hpp\"", "may not include"},
        IncludeCase{"engine/io/net/x.cpp", "#include \"engine/io/a.hpp\"", "may not include"},
        IncludeCase{"engine/index/x.cpp", "#include \"engine/io/a.hpp\"", "may not include"},
        IncludeCase{"engine/store/x.cpp", "#include \"protocol/a.hpp\"", "may not include"},
        IncludeCase{"engine/tracking/x.cpp", "#include \"engine/wal/a.hpp\"", "may not include"},
        IncludeCase{"engine/tracking/x.cpp", "#include \"protocol/schema/batch_generated.h\"",
                    nullptr},
        IncludeCase{"engine/ingest/x.cpp", "#include \"engine/store/a.hpp\"", "may not include"},
        IncludeCase{"protocol/x.cpp", "#include \"engine/io/a.hpp\"", "may not include"},
        IncludeCase{"protocol/client/x.cpp", "#include \"engine/io/net/a.hpp\"", nullptr},
        IncludeCase{"protocol/client/x.cpp", "#include \"engine/tracking/a.hpp\"",
                    "may not include"},
        IncludeCase{"protocol/x.cpp", "#include \"protocol/client/a.hpp\"", "may not include"},
        IncludeCase{"examples/x.cpp", "#include \"engine/wal/a.hpp\"", "may not include"},
        IncludeCase{"tools/x.cpp", "#include \"engine/wal/a.hpp\"", nullptr},
        IncludeCase{"tools/x.cpp", "#include \"bench/a.hpp\"", "nothing includes bench"},
        IncludeCase{"tests/x.cpp", "#include \"bench/a.hpp\"", "nothing includes bench"},
        IncludeCase{"bench/x.cpp", "#include \"tests/base/a.hpp\"", "nothing includes tests"}));

TEST(FolderTableAlone, RefusesAFolderItDoesNotKnow) {
  EXPECT_THAT(check_folder_table(with("engine/novel/x.cpp", "")),
              ElementsAre(HasSubstr("no folder of DESIGN's table")));
}

class Libraries : public testing::TestWithParam<IncludeCase> {};

TEST_P(Libraries, BelongSomewhere) {
  const auto& [path, line, complaint] = GetParam();
  const auto complaints = check_libraries(with(path, line));
  if (complaint)
    EXPECT_THAT(complaints, ElementsAre(HasSubstr(complaint)));
  else
    EXPECT_THAT(complaints, IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(
    Planted, Libraries,
    testing::Values(
        IncludeCase{"engine/index/x.cpp", "#include <lmdb.h>", nullptr},
        IncludeCase{"tests/index/x.cpp", "#include <lmdb.h>", nullptr},
        IncludeCase{"engine/store/x.cpp", "#include <lmdb.h>", "belongs to engine/index"},
        IncludeCase{"engine/wal/x.cpp", "#include <liburing.h>", "belongs to engine/io"},
        IncludeCase{"engine/io/x.cpp", "#include <boost/asio/post.hpp>", "engine/io/net"},
        IncludeCase{"engine/io/net/x.cpp", "#include <boost/asio/post.hpp>", nullptr},
        IncludeCase{"protocol/client/x.cpp", "#include <boost/asio.hpp>", "engine/io/net"},
        IncludeCase{"engine/ingest/x.cpp", "#include <flatbuffers/flatbuffers.h>",
                    "belongs to protocol"},
        IncludeCase{"engine/base/x.cpp", "#include <gtest/gtest.h>", "belongs to"}));

TEST(CoroutineUnits, AreCountedThroughOurHeaders) {
  auto tree = with("engine/io/net/heavy.hpp", "#include <boost/asio/co_spawn.hpp>");
  for (int i = 0; i < kCoroutineUnitsMax; ++i)
    tree["engine/io/net/" + std::to_string(i) + ".cpp"] = {"#include \"engine/io/net/heavy.hpp\""};
  EXPECT_THAT(check_coroutine_units(tree), IsEmpty());
  tree["tests/io/one_more.cpp"] = {"#include <boost/asio/awaitable.hpp>"};
  EXPECT_THAT(check_coroutine_units(tree), ElementsAre(HasSubstr("7 sources")));
}

TEST(Headers, HaveAPragma) {
  EXPECT_THAT(check_headers(with("engine/base/x.hpp", "// #pragma once\nint x;")),
              ElementsAre(HasSubstr("engine/base/x.hpp")));
}

TEST(Headers, AreIncludedFirstByTheirOwnSource) {
  EXPECT_THAT(check_headers(with("engine/base/a.cpp",
                                 "#include \"engine/base/a.hpp\"\n"
                                 "#include <vector>")),
              IsEmpty());
  EXPECT_THAT(check_headers(with("engine/base/a.cpp",
                                 "#include <vector>\n"
                                 "#include \"engine/base/a.hpp\"")),
              ElementsAre(HasSubstr("not first")));
}

TEST(Folders, HaveAReadme) {
  auto tree = with("engine/wal/CMakeLists.txt", "stepwell_library(wal)");
  EXPECT_THAT(check_folders(tree), ElementsAre(HasSubstr("engine/wal: a folder without README")));
  tree["engine/wal/README.md"] = {"# engine/wal"};
  EXPECT_THAT(check_folders(tree), IsEmpty());
}

TEST(Folders, AreNotNamedForLeftovers) {
  for (const char* folder : {"engine/utils", "tests/common", "protocol/client/misc"})
    EXPECT_THAT(check_folders(with(std::string(folder) + "/x.hpp", "")),
                ElementsAre(HasSubstr(folder)));
}

std::string repeated(const std::string& line, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += line + "\n";
  return text;
}

TEST(Sizes, HaveLimits) {
  EXPECT_THAT(check_sizes(with("a.hpp", repeated("//", kHeaderLinesMax)), {}), IsEmpty());
  EXPECT_THAT(check_sizes(with("a.hpp", repeated("//", kHeaderLinesMax + 1)), {}),
              ElementsAre(HasSubstr("lines 151, at most 150")));
  EXPECT_THAT(check_sizes(with("a.cpp", repeated("//", kSourceLinesMax)), {}), IsEmpty());
  EXPECT_THAT(check_sizes(with("a.cpp", repeated("//", kSourceLinesMax + 1)), {}),
              ElementsAre(HasSubstr("lines 301, at most 300")));
  EXPECT_THAT(check_sizes(with("a.cpp", repeated("é", kColumnsMax)), {}), IsEmpty());
  EXPECT_THAT(check_sizes(with("a.cpp", std::string(kColumnsMax + 1, '/')), {}),
              ElementsAre(HasSubstr("columns 1")));
}

TEST(Sizes, LimitFunctions) {
  const auto function = [](int lines) {
    return "namespace a {\nint f(int x,\n      int y) {\n" + repeated("  ++x;", lines - 3) +
           "}\n\n}  // namespace a\n";
  };
  EXPECT_THAT(check_sizes(with("a.cpp", function(kFunctionLinesMax)), {}), IsEmpty());
  EXPECT_THAT(check_sizes(with("a.cpp", function(kFunctionLinesMax + 1)), {}),
              ElementsAre(HasSubstr("function 71, at most 70")));
}

TEST(Sizes, MayOnlyShrink) {
  const auto ratchet = parse_ratchet({"# a comment", "", "a.cpp lines 310"});
  const auto complaints_at = [&](int lines) {
    return check_sizes(with("a.cpp", repeated("//", lines)), ratchet);
  };
  EXPECT_THAT(complaints_at(310), IsEmpty());
  EXPECT_THAT(complaints_at(311), ElementsAre(HasSubstr("may only shrink")));
  EXPECT_THAT(complaints_at(305), ElementsAre(HasSubstr("the ratchet says 310")));
  EXPECT_THAT(complaints_at(300), ElementsAre(HasSubstr("remove it from the ratchet")));
  EXPECT_THAT(check_sizes(with("b.cpp", ""), ratchet), ElementsAre(HasSubstr("not in the tree")));
}

}  // namespace
}  // namespace stepwell::tidy
