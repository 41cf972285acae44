#pragma once

// What a handler is given and gives. Each has the same beats: parse, validate, call tracking/, map
// the error, respond; the last two are the session's where a handler returns an Error.

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/executor.hpp"
#include "engine/base/task.hpp"
#include "engine/http/fields.hpp"
#include "engine/http/response.hpp"
#include "engine/http/shared.hpp"

namespace stepwell::http {

struct Context {
  Shared& shared;
  Executor& home;   // The session's: commands are sent from here.
  Executor& query;  // Where snapshots are read.
};

// A request that found its route. Lives until it is answered.
struct Call {
  const Request& request;
  std::vector<std::string> path_values;  // Of the pattern's {…}, decoded, in order.
  Document arguments;
  Fields fields() const { return Fields(arguments.root); }
};

// A read runs on the query executor from beginning to end, and never waits. A command starts and
// ends on the home executor. (Two types, since most handlers are reads, and a plain function has no
// frame to outlive anything.)
using Read = Result<Response> (*)(Context&, const Call&);
using Command = Task<Result<Response>> (*)(Context&, const Call&);

// Sends a frame of REST's to the log; its verdict as a Result, in MLflow's kinds.
Task<Result<tracking::Verdict>> submit(Context& context, std::string frame);

// Runs that are named by what cannot be a run's id do not exist.
Result<RunId> parse_run_id(std::string_view text);

}  // namespace stepwell::http
