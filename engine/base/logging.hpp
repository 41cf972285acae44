#pragma once

// The process' log: lines on stderr, as text or as JSON objects {ts, level, msg, …}. Any thread.
// Call sites use the spdlog functions: log().info("serving on {}", address). A process may fork at
// any moment: the child can log at once. Whoever has fork handlers of his own, for mutexes that are
// held while logging, calls log() before he registers them.

#include <memory>
#include <string_view>

#include <spdlog/logger.h>

#include "engine/base/result.hpp"

namespace stepwell {

enum class LogFormat { kText, kJson };

// The logger. Silent below `warn` until configure_logging() was called, so that a library user and
// a test see only what matters.
spdlog::logger& log();

// level: trace debug info warn error critical off. Called once, by main; the level may change
// later.
Result<void> configure_logging(LogFormat format, std::string_view level);
Result<void> set_log_level(std::string_view level);

}  // namespace stepwell
