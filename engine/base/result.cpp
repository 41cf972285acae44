#include "engine/base/result.hpp"

#include <system_error>

namespace stepwell {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalid:
      return "invalid";
    case ErrorKind::kNotFound:
      return "not_found";
    case ErrorKind::kExists:
      return "exists";
    case ErrorKind::kDenied:
      return "denied";
    case ErrorKind::kOverloaded:
      return "overloaded";
    case ErrorKind::kCorrupt:
      return "corrupt";
    case ErrorKind::kIo:
      return "io";
    case ErrorKind::kInternal:
      return "internal";
  }
  return "unknown";
}

Error errno_error(int error_number, std::string_view operation, std::string_view path) {
  const std::string reason = std::generic_category().message(error_number);
  return fail(ErrorKind::kIo, "{} {}: {}", operation, path, reason);
}

}  // namespace stepwell
