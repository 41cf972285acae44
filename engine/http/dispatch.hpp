#pragma once

// From a request to its answer: guard, route, arguments, handler. An error on the way is an answer
// too.

#include "engine/http/handler.hpp"

namespace stepwell::http {

// Begins and ends on the context's home executor; the request outlives it.
Task<Response> dispatch(Context& context, const Request& request);

}  // namespace stepwell::http
