#pragma once

// LMDB's codes as errors.

#include <lmdb.h>

#include "engine/base/result.hpp"

namespace stepwell::index {

inline Error lmdb_error(int code, std::string_view operation) {
  // A transaction that met a damaged page is bad from then on.
  const bool corrupt = code == MDB_CORRUPTED || code == MDB_PAGE_NOTFOUND || code == MDB_INVALID ||
                       code == MDB_VERSION_MISMATCH || code == MDB_BAD_TXN;
  const ErrorKind kind = corrupt ? ErrorKind::kCorrupt : ErrorKind::kIo;
  return fail(kind, "index: {}: {}", operation, mdb_strerror(code));
}

}  // namespace stepwell::index
