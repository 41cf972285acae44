// Pages: no run that stays is shown twice or left out, whatever comes meanwhile; a token serves its
// own question only.

#include "engine/tracking/search/page_token.hpp"
#include "tests/tracking/search_support.hpp"

namespace stepwell::tracking {
namespace {

class SearchPageTest : public TrackingTest {
 protected:
  void SetUp() override {
    for (std::uint64_t run = 1; run <= 12; ++run) {
      RunSpec spec{.number = run, .start_ms = static_cast<std::int64_t>(run % 4)};
      if (run % 3 != 0) spec.metrics = {{"m", {run % 5 == 0 ? NAN : double(run % 3)}}};
      if (run % 2 != 0) spec.tags = {{"t", run % 4 == 1 ? "b" : "ä"}};
      search.add(spec);
    }
    in_the_middle();
    search.forget();
    question.experiments = {{1}};
  }
  // All pages of `size`; `between` is called before each but the first.
  std::vector<std::string> pages(std::uint32_t size, const std::function<void(int)>& between = {}) {
    std::vector<std::string> shown;
    RunQuestion next = question;
    next.max_results = size;
    do {
      if (!shown.empty() && between) between(static_cast<int>(shown.size()));
      const auto page = search.ask(it.view(), next);
      EXPECT_TRUE(page) << page.error().text;
      if (!page) break;
      shown.push_back(Searcher::shown(page.value().runs));
      next.page_token = page.value().next_page_token;
    } while (!next.page_token.empty() && shown.size() < 100);
    return shown;
  }
  static std::string joined(const std::vector<std::string>& pages) {
    return fmt::format("{}", fmt::join(pages, " "));
  }
  Searcher search{it};
  RunQuestion question;
};
INTERRUPTED(SearchPageTest);

TEST_P(SearchPageTest, PagesOfEverySizeMakeUpTheWhole) {
  const std::vector<std::string> orders[] = {
      {},         {"metrics.m"}, {"metrics.m DESC", "tags.t"}, {"tags.t DESC", "metrics.m"},
      {"run_id"}, {"end_time"},  {"artifact_uri DESC"},        {"status", "min(metrics.m)"}};
  for (const auto& order : orders) {
    question.order_by = order;
    const auto whole = pages(50);
    ASSERT_EQ(whole.size(), 1u);
    for (std::uint32_t size = 1; size <= 12; ++size) {
      const auto parts = pages(size);
      EXPECT_EQ(joined(parts), whole[0]) << size;
      EXPECT_EQ(parts.size(), (12 + size - 1) / size) << "a full last page has no token";
    }
  }
}

TEST_P(SearchPageTest, RunsThatComeMeanwhileMoveNothing) {
  const auto before = pages(3);
  const auto during = pages(3, [&](int page) {
    // Newest first: they would push everything down by one each.
    search.add({.number = 100 + static_cast<std::uint64_t>(page), .start_ms = 1000});
  });
  EXPECT_EQ(during, before);
}

TEST_P(SearchPageTest, RunsThatGoOrChangeMeanwhileTakeNobodyElseAlong) {
  question.order_by = {"run_id"};
  const auto during = pages(4, [&](int page) {
    if (page == 1) {
      // The last one shown is gone for good, and one that was shown changes.
      search.set_deleted(4, true);
      search.purge(4);
      search.tag(1, "t", "z");
    } else {
      search.set_deleted(12, true);
    }
  });
  EXPECT_EQ(joined(during), "1 2 3 4 5 6 7 8 9 10 11");
}

TEST_P(SearchPageTest, ATokenServesItsOwnQuestionOnly) {
  question.max_results = 5;
  const std::string token = search.ask(it.view(), question).value().next_page_token;
  ASSERT_NE(token, "");
  const auto ask = [&](RunQuestion changed) {
    changed.page_token = token;
    return search.ask(it.view(), changed).has_value();
  };
  EXPECT_TRUE(ask(question));
  RunQuestion other = question;
  other.max_results = 7;
  EXPECT_TRUE(ask(other)) << "a page may have another size";
  other.experiments = {{1}, {1}};
  EXPECT_TRUE(ask(other)) << "the same experiments";
  other.experiments = {{1}, {2}};
  EXPECT_FALSE(ask(other));
  other = question;
  other.filter = "metrics.m > 0";
  EXPECT_FALSE(ask(other));
  other = question;
  other.view = ViewType::kAll;
  EXPECT_FALSE(ask(other));
  other = question;
  other.order_by = {"start_time DESC"};
  EXPECT_FALSE(ask(other));
}

TEST_P(SearchPageTest, BadTokensAreRefused) {
  question.max_results = 5;
  const std::string token = search.ask(it.view(), question).value().next_page_token;
  const auto text_of = [&](const std::string& bad) {
    question.page_token = bad;
    const auto page = search.ask(it.view(), question);
    EXPECT_FALSE(page) << bad;
    if (page) return std::string();
    EXPECT_EQ(page.error().kind, ErrorKind::kInvalid);
    return page.error().text;
  };
  for (const std::string bad : {"x", "ab=c", "!!!!", "eyJvZmZzZXQiOiA1fQ", "\xff\xff\xff\xff"}) {
    EXPECT_EQ(text_of(bad), "Invalid page token, could not base64-decode") << bad;
  }
  // MLflow's own {"offset": 5}, and every token that is cut or has other bits.
  EXPECT_TRUE(text_of("eyJvZmZzZXQiOiA1fQ==").starts_with("Invalid page token"));
  for (std::size_t cut = 4; cut < token.size(); cut += 4) text_of(token.substr(0, cut));
  for (std::size_t at = 0; at < 12; ++at) {
    std::string bad = token;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    text_of(bad);
  }
  text_of(token + token);
  EXPECT_EQ(text_of(std::string(search::kTokenBytesMax + 4, 'A')),
            fmt::format("Invalid page token: {} bytes, at most {}", search::kTokenBytesMax + 4,
                        search::kTokenBytesMax));
}

TEST_P(SearchPageTest, ManyExperimentsAreOneOrder) {
  for (std::uint64_t experiment = 0; experiment < 30; ++experiment) {
    search.add({.number = 20 + experiment,
                .experiment = fmt::format("e{}", experiment),
                .start_ms = 100 + static_cast<std::int64_t>(experiment * 7 % 30)});
    question.experiments.push_back({2 + experiment});
  }
  const auto whole = pages(50);
  ASSERT_EQ(whole.size(), 1u);
  EXPECT_EQ(std::count(whole[0].begin(), whole[0].end(), ' '), 41);
  EXPECT_EQ(joined(pages(1)), whole[0]);
  EXPECT_EQ(joined(pages(4)), whole[0]);
}

}  // namespace
}  // namespace stepwell::tracking
