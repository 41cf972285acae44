// The server itself: what it is, and whether it serves.

#include "engine/http/handlers.hpp"
#include "engine/http/json_writer.hpp"
#include "protocol/limits.hpp"

namespace stepwell::http {

Result<Response> health(Context&, const Call&) {
  return text_response(200, "OK");
}

// Clients look at it to choose a route for traces: below 3.4 they take the one that ends at once.
Result<Response> version(Context&, const Call&) {
  return text_response(200, STEPWELL_VERSION);
}

Result<Response> live(Context&, const Call&) {
  return text_response(200, "ok");
}

Result<Response> ready(Context& context, const Call&) {
  if (context.shared.draining) return text_response(503, "the server is stopping");
  if (context.shared.tracking.store().room() == 0) {
    return text_response(503, "the store takes no writes at the moment");
  }
  return text_response(200, "ok");
}

// The two flags change what clients do: true ones would make them upload in parts.
Result<Response> server_info(Context&, const Call&) {
  JsonWriter json;
  json.begin_object();
  json.field("store_type", "StepwellStore");
  json.field("workspaces_enabled", false);
  json.field("trace_archival_enabled", false);
  json.field("multipart_uploads_enabled", false);
  json.field("multipart_downloads_enabled", false);
  json.field("artifacts_presigned_only", false);
  json.end_object();
  return json_response(json.take());
}

Result<Response> capabilities(Context& context, const Call&) {
  const store::Store& store = context.shared.tracking.store();
  const Options& options = context.shared.options;
  const auto size = [](std::size_t bytes) { return static_cast<std::int64_t>(bytes); };
  JsonWriter json;
  json.begin_object();
  json.field("server", "stepwell");
  json.field("version", STEPWELL_VERSION);
  json.field("store", store.id().hex());
  json.field("incarnation", static_cast<std::int64_t>(store.incarnation()));
  json.key("protocol");
  json.begin_object();
  json.field("version_min", std::int64_t{protocol::kVersion});
  json.field("version_max", std::int64_t{protocol::kVersion});
  json.end_object();
  json.key("limits");
  json.begin_object();
  json.field("frame_bytes", size(protocol::kFrameBytesMax));
  json.field("header_bytes", size(options.header_bytes_max));
  json.field("body_bytes", size(options.body_bytes_max));
  json.field("json_depth", size(options.json_depth_max));
  json.end_object();
  json.key("mlflow");
  json.begin_object();
  json.field("api", "2.0");
  json.field("artifacts", false);
  json.field("registry", false);
  json.field("traces", false);
  json.end_object();
  json.end_object();
  return json_response(json.take());
}

}  // namespace stepwell::http
