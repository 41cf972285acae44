#include "engine/io/posix_error.hpp"

#include <unistd.h>

#include <cerrno>

namespace stepwell::io {

Error error_of(int error_number, std::string_view operation, std::string_view path) {
  Error error = errno_error(error_number, operation, path);
  switch (error_number) {
    case ENOENT:
      error.kind = ErrorKind::kNotFound;
      break;
    case EEXIST:
      error.kind = ErrorKind::kExists;
      break;
    case ENOSPC:
    case EDQUOT:
      error.kind = ErrorKind::kOverloaded;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      error.kind = ErrorKind::kDenied;
      break;
    default:
      break;
  }
  return error;
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Descriptor::~Descriptor() {
  if (number_ >= 0) ::close(number_);
}

}  // namespace stepwell::io
