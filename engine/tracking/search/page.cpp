#include "engine/tracking/search/page.hpp"

#include <xxhash.h>

#include "engine/base/bytes.hpp"

namespace stepwell::tracking::search {

Result<void> check_max_results(std::uint32_t max_results) {
  if (max_results == 0) {
    return fail(ErrorKind::kInvalid,
                "Invalid value 0 for parameter 'max_results' supplied. It must be a positive "
                "integer");
  }
  if (max_results > kResultsMax) {
    return fail(ErrorKind::kInvalid,
                "Invalid value {} for parameter 'max_results' supplied. It must be at most {}",
                max_results, kResultsMax);
  }
  return ok();
}

std::uint64_t question_hash(std::string_view scope, std::string_view filter,
                            const std::vector<std::string>& order_by) {
  Encoder out;
  out.text(scope).text(filter);
  for (const std::string& term : order_by) out.text(term);
  return XXH3_64bits(out.view().data(), out.view().size());
}

}  // namespace stepwell::tracking::search
