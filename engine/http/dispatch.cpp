#include "engine/http/dispatch.hpp"

#include "engine/base/logging.hpp"
#include "engine/http/guard.hpp"
#include "engine/http/routes.hpp"
#include "protocol/text.hpp"

namespace stepwell::http {
namespace {

// Answers that need no handler. Nothing: the route is there.
std::optional<Response> answer_without(const Request& request, const Found& found) {
  if (found.route) return std::nullopt;
  if (request.method == Method::kOptions && !found.allowed.empty()) {
    Response response;
    response.status = 204;
    response.content_type.clear();
    response.headers.push_back({"Allow", found.allowed + ", OPTIONS"});
    return response;
  }
  if (!found.allowed.empty()) {
    auto response = error_response(
        405, "BAD_REQUEST",
        fmt::format("{} is not allowed for {}; allowed: {}", protocol::quoted(request.method_name),
                    protocol::quoted(request.path), found.allowed));
    response.headers.push_back({"Allow", found.allowed});
    return response;
  }
  return error_response(
      404, "ENDPOINT_NOT_FOUND",
      fmt::format("{} {} is not served here", protocol::quoted(request.method_name),
                  protocol::quoted(request.path)));
}

Result<void> check_content_type(const Request& request) {
  const std::string_view whole = request.header("Content-Type");
  if (whole.empty()) {
    return fail(ErrorKind::kInvalid, "Bad Request. Content-Type header is missing.");
  }
  std::string_view type = whole.substr(0, whole.find(';'));
  while (type.ends_with(' ')) type.remove_suffix(1);
  if (same_ignoring_case(type, "application/json")) return ok();
  return fail(ErrorKind::kInvalid,
              "Bad Request. Content-Type must be one of ['application/json'].");
}

Result<Document> read_arguments(const Request& request, Arguments from, const Options& options) {
  switch (from) {
    case Arguments::kNone:
      return Document{};
    case Arguments::kQuery:
      return request.query.empty() ? parse_body(request.body, options)
                                   : parse_query(request.query, options);
    case Arguments::kJson:
      TRY(check_content_type(request));
      return parse_body(request.body, options);
  }
  return Document{};
}

Task<Result<Response>> run_handler(Context& context, const Route& route, const Call& call) {
  if (const auto* read = std::get_if<Read>(&route.handler)) {
    co_await resume_on(context.query);
    Result<Response> answer = (*read)(context, call);
    co_await resume_on(context.home);
    co_return std::move(answer);
  }
  auto handling = std::get<Command>(route.handler)(context, call);
  co_return co_await std::move(handling);
}

}  // namespace

Task<Response> dispatch(Context& context, const Request& request) {
  const Options& options = context.shared.options;
  if (auto refused = refuse_foreign(request, options)) co_return std::move(*refused);
  Found found = find_route(request.method, request.path);
  if (auto answer = answer_without(request, found)) co_return std::move(*answer);
  auto arguments = read_arguments(request, found.route->arguments, options);
  if (!arguments) co_return error_response(arguments.error(), options.retry_after_s);
  const Call call{request, std::move(found.path_values), std::move(arguments.value())};
  auto running = run_handler(context, *found.route, call);
  auto answer = co_await std::move(running);
  if (answer) co_return std::move(answer.value());
  const Error& error = answer.error();
  if (error.kind == ErrorKind::kIo || error.kind == ErrorKind::kCorrupt ||
      error.kind == ErrorKind::kInternal) {
    log().error("{} {} ({}): {}", request.method_name, protocol::quoted(request.path), request.id,
                error.text);
  }
  co_return error_response(error, options.retry_after_s);
}

}  // namespace stepwell::http
