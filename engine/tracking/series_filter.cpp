#include "engine/tracking/series_filter.hpp"

namespace stepwell::tracking {

Result<SeriesFilter> SeriesFilter::of(const std::vector<std::string>& keys, bool all_contexts) {
  if (keys.size() > kKeysMax) {
    return fail(ErrorKind::kInvalid, "a question about {} keys, at most {}", keys.size(), kKeysMax);
  }
  SeriesFilter filter;
  filter.keys_.insert(keys.begin(), keys.end());
  filter.all_contexts_ = all_contexts;
  return filter;
}

Result<std::vector<SeriesName>> SeriesFilter::series_of(const View& view, RunNumber run) const {
  TRY(auto series, view.series_of(run));
  std::erase_if(series, [&](const SeriesName& name) {
    const bool wanted = keys_.empty() || keys_.contains(name.key);
    return !wanted || (!all_contexts_ && !name.context.empty());
  });
  return series;
}

}  // namespace stepwell::tracking
