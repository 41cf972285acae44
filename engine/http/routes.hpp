#pragma once

// One table of everything that the REST door answers: method, path, where its arguments are, and
// who handles it.

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/http/handler.hpp"

namespace stepwell::http {

// Where a route's arguments are.
enum class Arguments {
  kNone,
  kQuery,  // With an empty query: a JSON body.
  kJson,   // Content-Type must be application/json.
};

// What a route's path lies below.
enum class Base {
  kAlone,   // It is the whole path.
  kMlflow,  // /api/2.0/mlflow, /api/3.0/mlflow, and their twins below /ajax-api.
};

struct Route {
  Method method;
  Base base;
  std::string_view path;  // A segment may be a {name}.
  Arguments arguments;
  std::variant<Read, Command> handler;
};

struct Found {
  const Route* route = nullptr;
  std::vector<std::string> path_values;
  std::string allowed;  // No route, but other methods have one: "GET, POST".
};

Found find_route(Method method, std::string_view path);

// Every route, for the documentation's test.
const std::vector<Route>& routes();

}  // namespace stepwell::http
