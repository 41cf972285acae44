#include "examples/digits/account.hpp"

#include <algorithm>
#include <bit>
#include <iterator>

namespace digits {
namespace {

Points sorted_and_distinct(Points points) {
  std::sort(points.begin(), points.end());
  points.erase(std::unique(points.begin(), points.end()), points.end());
  return points;
}

class Balance {
 public:
  void add(const SeriesName& name, const Points& sent, const Points& stored) {
    const Points expected = sorted_and_distinct(sent);
    const Points found = sorted_and_distinct(stored);
    ++account_.series;
    account_.sent += expected.size();
    account_.stored += stored.size();
    account_.repeated += stored.size() - found.size();
    if (stored.size() != found.size()) note(name, stored.front(), "is stored more than once");
    for (std::size_t i = 1; i < stored.size(); ++i) {
      if (!(stored[i] < stored[i - 1])) continue;
      ++account_.out_of_order;
      note(name, stored[i], "is out of order");
    }
    for (const auto& point : difference(expected, found)) {
      ++account_.missing;
      note(name, point, "is missing");
    }
    for (const auto& point : difference(found, expected)) {
      ++account_.foreign;
      note(name, point, "was never sent");
    }
  }

  Account result() { return std::move(account_); }

 private:
  static Points difference(const Points& from, const Points& without) {
    Points left;
    std::set_difference(from.begin(), from.end(), without.begin(), without.end(),
                        std::back_inserter(left));
    return left;
  }

  void note(const SeriesName& name, const stepwell::Point& point, const char* what) {
    if (!account_.first_fault.empty()) return;
    account_.first_fault =
        name.key + "{" + name.context + "} at step " + std::to_string(point.step) + " " + what;
  }

  Account account_;
};

}  // namespace

void add_points(const Journal& journal, AllPoints& to) {
  for (const JournalRow& row : journal.rows) {
    const auto& keys = journal.keys[row.keys];
    for (std::size_t i = 0; i < keys.size(); ++i)
      to[{keys[i], journal.context}].push_back(
          {row.step, row.timestamp_ms, std::bit_cast<double>(row.bits[i])});
  }
}

Account balance(const AllPoints& sent, const AllPoints& stored) {
  static const Points none;
  Balance balance;
  for (const auto& [name, points] : sent) {
    const auto found = stored.find(name);
    balance.add(name, points, found == stored.end() ? none : found->second);
  }
  for (const auto& [name, points] : stored) {
    if (!sent.contains(name)) balance.add(name, none, points);
  }
  return balance.result();
}

}  // namespace digits
