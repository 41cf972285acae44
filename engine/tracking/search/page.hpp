#pragma once

// One page of the rows that were found, of runs and of experiments alike.

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "engine/tracking/search/page_token.hpp"

namespace stepwell::tracking::search {

// Nothing, if a page may have so many results.
Result<void> check_max_results(std::uint32_t max_results);

// Identifies a question for its page tokens. `scope`: what else it is about.
std::uint64_t question_hash(std::string_view scope, std::string_view filter,
                            const std::vector<std::string>& order_by);

template <typename Id>
struct Found {
  Id id;
  OrderKey key;
};

// Takes the first `count` of `found`, which holds all that could be on the page, and the token of
// the next one; empty where there is none.
template <typename Id>
std::string cut_page(std::vector<Found<Id>>& found, std::size_t count,
                     const std::vector<OrderTerm>& order, std::uint64_t question) {
  std::sort(found.begin(), found.end(), [&](const Found<Id>& a, const Found<Id>& b) {
    return compare(a.key, b.key, order) < 0;
  });
  if (found.size() <= count) return {};
  found.erase(found.begin() + static_cast<std::ptrdiff_t>(count), found.end());
  return write_token(question, found.back().key);
}

}  // namespace stepwell::tracking::search
