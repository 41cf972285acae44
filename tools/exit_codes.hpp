#pragma once

// What `stepwell` ends with. Scripts depend on the numbers; those above 2 are sysexits.h's. A
// process that a signal ended shows the shell's 128 + N.

#include <string_view>

#include "engine/base/result.hpp"

namespace stepwell::tools {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;         // The work failed, or a check found damage.
inline constexpr int kExitUsage = 2;          // The command line is wrong.
inline constexpr int kExitCannotCreate = 73;  // An output file or directory cannot be made.
inline constexpr int kExitIo = 74;            // The disk or the network failed.
inline constexpr int kExitTemporary = 75;     // Try again later: a lock is held, a server is full.
inline constexpr int kExitConfig = 78;        // The configuration file or environment is wrong.

inline constexpr std::string_view kExitHelp =
    "Exit codes: 0 done; 1 failed, or damage was found; 2 wrong command line; 73 cannot create a\n"
    "file; 74 disk or network failed; 75 try again later (directory in use, server full);\n"
    "78 wrong configuration.";

constexpr int exit_code_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kIo:
      return kExitIo;
    case ErrorKind::kOverloaded:
    case ErrorKind::kDenied:  // A directory that another process has open.
      return kExitTemporary;
    default:
      return kExitFailed;
  }
}

}  // namespace stepwell::tools
