#pragma once

// LMDB's codes as errors.

#include <lmdb.h>

#include "engine/base/result.hpp"

namespace stepwell::index {

inline Error lmdb_error(int code, std::string_view operation) {
  const ErrorKind kind = code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND ||
                                 code == MDB_INVALID || code == MDB_VERSION_MISMATCH
                             ? ErrorKind::kCorrupt
                             : ErrorKind::kIo;
  return fail(kind, "index: {}: {}", operation, mdb_strerror(code));
}

}  // namespace stepwell::index
