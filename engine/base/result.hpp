#pragma once

// How every function of ours fails. A Result<T> is a value or an Error; an Error is a kind, named
// by what the caller should do next, and a text that names the thing, what was expected and what
// was found. Absence and end of stream are std::optional, never an Error. Asserts (assert.hpp) are
// for our own bugs only.

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/success_failure.hpp>
#include <boost/outcome/try.hpp>
#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace stepwell {

// The numbers travel in the protocol and never change.
enum class ErrorKind : unsigned char {
  kInvalid = 1,     // The request can never succeed as it is: change it.
  kNotFound = 2,    // The thing named does not exist.
  kExists = 3,      // The thing named exists already, or has another value.
  kDenied = 4,      // Not allowed for this caller.
  kOverloaded = 5,  // Try the same again later.
  kCorrupt = 6,     // Bytes are not what was written.
  kIo = 7,          // The disk or the network failed.
  kInternal = 8,    // Our own fault.
};

std::string_view to_string(ErrorKind kind);

struct Error {
  ErrorKind kind;
  std::string text;
};

template <typename T>
using Result =
    BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, Error,
                                             BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

// A Result<void> that succeeded.
inline auto ok() {
  return BOOST_OUTCOME_V2_NAMESPACE::success();
}

// fail(ErrorKind::kInvalid, "key is {} bytes, at most {}", n, max)
template <typename... Args>
Error fail(ErrorKind kind, fmt::format_string<Args...> format, Args&&... args) {
  return Error{kind, fmt::format(format, std::forward<Args>(args)...)};
}

// The same error, told from further out: "reading segment 3: <text>".
inline Error in_context(std::string_view context, Error error) {
  error.text = fmt::format("{}: {}", context, error.text);
  return error;
}

// An errno as kIo, for example "fdatasync /data/wal/x: Input/output error".
Error errno_error(int error_number, std::string_view operation, std::string_view path);

}  // namespace stepwell

// TRY(expr) or TRY(auto x, expr): returns the Error of `expr`, else goes on with its value.
#define TRY(...) BOOST_OUTCOME_TRY(__VA_ARGS__)
// The same inside a coroutine.
#define CO_TRY(...) BOOST_OUTCOME_CO_TRY(__VA_ARGS__)
