#include "engine/http/handler.hpp"

#include "protocol/text.hpp"

namespace stepwell::http {
namespace {

using protocol::VerdictCode;

// A param that has another value is an invalid parameter to MLflow, not something that exists.
ErrorKind kind_of(VerdictCode code) {
  switch (code) {
    case VerdictCode::kNotFound:
    case VerdictCode::kGone:
      return ErrorKind::kNotFound;
    case VerdictCode::kExists:
      return ErrorKind::kExists;
    case VerdictCode::kOverloaded:
      return ErrorKind::kOverloaded;
    default:
      return ErrorKind::kInvalid;
  }
}

}  // namespace

Shared::~Shared() = default;

Task<Result<tracking::Verdict>> submit(Context& context, std::string frame) {
  auto submitting =
      context.shared.tracking.submit(std::move(frame), wal::Door::kRest, context.home);
  auto verdict = co_await std::move(submitting);
  if (!verdict) co_return verdict.error();
  const auto code = static_cast<VerdictCode>(verdict.value().code);
  if (code != VerdictCode::kApplied) co_return Error{kind_of(code), verdict.value().text};
  co_return std::move(verdict.value());
}

Result<RunId> parse_run_id(std::string_view text) {
  if (const auto id = RunId::parse(text)) return *id;
  return fail(ErrorKind::kNotFound, "Run with id={} not found", protocol::quoted(text));
}

}  // namespace stepwell::http
