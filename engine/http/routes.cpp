#include "engine/http/routes.hpp"

#include <array>

#include "engine/http/handlers.hpp"

namespace stepwell::http {
namespace {

constexpr auto kGet = Method::kGet;
constexpr auto kPost = Method::kPost;
constexpr auto kMlflow = Base::kMlflow;
constexpr auto kAlone = Base::kAlone;
constexpr auto kNone = Arguments::kNone;
constexpr auto kQuery = Arguments::kQuery;
constexpr auto kJson = Arguments::kJson;

constexpr std::string_view kBases[] = {"/api/2.0/mlflow", "/ajax-api/2.0/mlflow", "/api/3.0/mlflow",
                                       "/ajax-api/3.0/mlflow"};

using Segments = std::vector<std::string_view>;

Segments segments_of(std::string_view path) {
  Segments segments;
  while (!path.empty()) {
    path.remove_prefix(1);  // Its slash.
    const std::size_t end = path.find('/');
    segments.push_back(path.substr(0, end));
    path.remove_prefix(std::min(path.size(), end));
  }
  return segments;
}

bool is_variable(std::string_view segment) {
  return segment.starts_with('{');
}

bool matches(const Segments& pattern, const Segments& path) {
  if (pattern.size() != path.size()) return false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_variable(pattern[i]) ? path[i].empty() : pattern[i] != path[i]) return false;
  }
  return true;
}

// Nothing where a segment is not well encoded: no such path.
std::optional<std::vector<std::string>> values_of(const Segments& pattern, const Segments& path) {
  std::vector<std::string> values;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (!is_variable(pattern[i])) continue;
    auto value = percent_decoded(path[i], PlusIs::kPlus);
    if (!value) return std::nullopt;
    values.push_back(std::move(*value));
  }
  return values;
}

std::string_view name_of(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPost:
      return "POST";
    case Method::kPatch:
      return "PATCH";
    case Method::kPut:
      return "PUT";
    case Method::kDelete:
      return "DELETE";
    default:
      return "OPTIONS";
  }
}

}  // namespace

const std::vector<Route>& routes() {
  static const std::vector<Route> kRoutes = {
      {kPost, kMlflow, "/experiments/create", kJson, create_experiment},
      {kGet, kMlflow, "/experiments/get", kQuery, get_experiment},
      {kGet, kMlflow, "/experiments/get-by-name", kQuery, get_experiment_by_name},
      {kPost, kMlflow, "/experiments/search", kJson, search_experiments},
      {kGet, kMlflow, "/experiments/search", kQuery, search_experiments},
      {kPost, kMlflow, "/experiments/update", kJson, update_experiment},
      {kPost, kMlflow, "/experiments/delete", kJson, delete_experiment},
      {kPost, kMlflow, "/experiments/restore", kJson, restore_experiment},
      {kPost, kMlflow, "/experiments/set-experiment-tag", kJson, set_experiment_tag},
      {kPost, kMlflow, "/experiments/delete-experiment-tag", kJson, delete_experiment_tag},

      {kPost, kMlflow, "/runs/create", kJson, create_run},
      {kGet, kMlflow, "/runs/get", kQuery, get_run},
      {kPost, kMlflow, "/runs/update", kJson, update_run},
      {kPost, kMlflow, "/runs/delete", kJson, delete_run},
      {kPost, kMlflow, "/runs/restore", kJson, restore_run},
      {kPost, kMlflow, "/runs/search", kJson, search_runs},
      {kPost, kMlflow, "/runs/log-metric", kJson, log_metric},
      {kPost, kMlflow, "/runs/log-parameter", kJson, log_parameter},
      {kPost, kMlflow, "/runs/set-tag", kJson, set_tag},
      {kPost, kMlflow, "/runs/delete-tag", kJson, delete_tag},
      {kPost, kMlflow, "/runs/log-batch", kJson, log_batch},

      {kGet, kMlflow, "/metrics/get-history", kQuery, get_history},
      {kGet, kMlflow, "/metrics/get-history-bulk", kQuery, get_history_bulk},
      {kGet, kMlflow, "/metrics/get-history-bulk-interval", kQuery, get_history_bulk_interval},
      {kGet, kMlflow, "/artifacts/list", kQuery, list_artifacts},
      {kGet, kMlflow, "/server-info", kNone, server_info},

      {kGet, kAlone, "/health", kNone, health},
      {kGet, kAlone, "/version", kNone, version},
      {kGet, kAlone, "/livez", kNone, live},
      {kGet, kAlone, "/readyz", kNone, ready},
      {kGet, kAlone, "/api/stepwell/v1/capabilities", kNone, capabilities},
      {kGet, kAlone, "/api/stepwell/v1/runs/{id}/account", kNone, get_account},
  };
  return kRoutes;
}

Found find_route(Method method, std::string_view path) {
  static const std::vector<Segments> kPatterns = [] {
    std::vector<Segments> patterns;
    for (const Route& route : routes()) patterns.push_back(segments_of(route.path));
    return patterns;
  }();
  Found found;
  if (!path.starts_with('/')) return found;
  bool below_base = false;
  for (const std::string_view base : kBases) {
    if (path.size() <= base.size() || path[base.size()] != '/' || !path.starts_with(base)) continue;
    path.remove_prefix(base.size());
    below_base = true;
    break;
  }
  const Segments segments = segments_of(path);
  const bool head = method == Method::kHead;
  for (std::size_t i = 0; i < routes().size(); ++i) {
    const Route& route = routes()[i];
    if ((route.base == Base::kMlflow) != below_base) continue;
    if (!matches(kPatterns[i], segments)) continue;
    if (route.method != method && !(head && route.method == Method::kGet)) {
      found.allowed +=
          fmt::format("{}{}", found.allowed.empty() ? "" : ", ", name_of(route.method));
      continue;
    }
    auto values = values_of(kPatterns[i], segments);
    if (!values) continue;
    found.route = &route;
    found.path_values = std::move(*values);
    found.allowed.clear();
    break;
  }
  return found;
}

}  // namespace stepwell::http
