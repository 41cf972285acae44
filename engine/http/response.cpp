#include "engine/http/response.hpp"

#include "engine/http/json_writer.hpp"

namespace stepwell::http {
namespace {

struct Mapping {
  ErrorKind kind;
  int status;
  std::string_view code;
};

// What MLflow calls each kind of error. kDenied is about files and locks, never about a caller.
constexpr Mapping kMappings[] = {
    {ErrorKind::kInvalid, 400, "INVALID_PARAMETER_VALUE"},
    {ErrorKind::kNotFound, 404, "RESOURCE_DOES_NOT_EXIST"},
    {ErrorKind::kExists, 400, "RESOURCE_ALREADY_EXISTS"},
    {ErrorKind::kDenied, 403, "PERMISSION_DENIED"},
    {ErrorKind::kOverloaded, 429, "RESOURCE_EXHAUSTED"},
    {ErrorKind::kCorrupt, 500, "DATA_LOSS"},
    {ErrorKind::kIo, 500, "INTERNAL_ERROR"},
    {ErrorKind::kInternal, 500, "INTERNAL_ERROR"},
};

struct Status {
  int number;
  std::string_view reason;
};
constexpr Status kStatuses[] = {
    {100, "Continue"},
    {200, "OK"},
    {204, "No Content"},
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {413, "Content Too Large"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

}  // namespace

Response json_response(std::string body) {
  Response response;
  response.body = std::move(body);
  return response;
}

Response text_response(int status, std::string_view text) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = text;
  return response;
}

Response source_response(std::unique_ptr<Source> source) {
  Response response;
  response.source = std::move(source);
  return response;
}

Response error_response(int status, std::string_view code, std::string_view message) {
  JsonWriter json;
  json.begin_object();
  json.field("error_code", code);
  json.field("message", message);
  json.end_object();
  Response response = json_response(json.take());
  response.status = status;
  return response;
}

Response error_response(const Error& error, unsigned retry_after_s) {
  for (const Mapping& mapping : kMappings) {
    if (mapping.kind != error.kind) continue;
    Response response = error_response(mapping.status, mapping.code, error.text);
    if (mapping.status == 429) {
      response.headers.push_back({"Retry-After", fmt::format("{}", retry_after_s)});
    }
    return response;
  }
  return error_response(500, "INTERNAL_ERROR", error.text);
}

std::string_view reason_of(int status) {
  for (const Status& known : kStatuses) {
    if (known.number == status) return known.reason;
  }
  return "Unknown";
}

}  // namespace stepwell::http
