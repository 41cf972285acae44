#pragma once

// Every handler, by area. routes.cpp says which requests they are for.

#include "engine/http/handler.hpp"

namespace stepwell::http {

// Experiments (experiments.cpp, experiment_commands.cpp).
Result<Response> get_experiment(Context& context, const Call& call);
Result<Response> get_experiment_by_name(Context& context, const Call& call);
Result<Response> search_experiments(Context& context, const Call& call);
Task<Result<Response>> create_experiment(Context& context, const Call& call);
Task<Result<Response>> update_experiment(Context& context, const Call& call);
Task<Result<Response>> delete_experiment(Context& context, const Call& call);
Task<Result<Response>> restore_experiment(Context& context, const Call& call);
Task<Result<Response>> set_experiment_tag(Context& context, const Call& call);
Task<Result<Response>> delete_experiment_tag(Context& context, const Call& call);

// Runs (runs.cpp, run_commands.cpp).
Result<Response> get_run(Context& context, const Call& call);
Result<Response> search_runs(Context& context, const Call& call);
Result<Response> list_artifacts(Context& context, const Call& call);
Task<Result<Response>> create_run(Context& context, const Call& call);
Task<Result<Response>> update_run(Context& context, const Call& call);
Task<Result<Response>> delete_run(Context& context, const Call& call);
Task<Result<Response>> restore_run(Context& context, const Call& call);

// What is logged to a run (logging.cpp).
Task<Result<Response>> log_metric(Context& context, const Call& call);
Task<Result<Response>> log_parameter(Context& context, const Call& call);
Task<Result<Response>> set_tag(Context& context, const Call& call);
Task<Result<Response>> delete_tag(Context& context, const Call& call);
Task<Result<Response>> log_batch(Context& context, const Call& call);

// Histories (metrics.cpp, interval.cpp).
Result<Response> get_history(Context& context, const Call& call);
Result<Response> get_history_bulk(Context& context, const Call& call);
Result<Response> get_history_bulk_interval(Context& context, const Call& call);

// A run's loss account (account.cpp).
Result<Response> get_account(Context& context, const Call& call);

// The server itself (service.cpp).
Result<Response> health(Context& context, const Call& call);
Result<Response> version(Context& context, const Call& call);
Result<Response> live(Context& context, const Call& call);
Result<Response> ready(Context& context, const Call& call);
Result<Response> server_info(Context& context, const Call& call);
Result<Response> capabilities(Context& context, const Call& call);

}  // namespace stepwell::http
