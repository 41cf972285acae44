#include "engine/base/logging.hpp"

#include <pthread.h>
#include <spdlog/details/console_globals.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <mutex>

namespace stepwell {
namespace {

// The message as the inside of a JSON string.
class JsonMessage final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    for (const char c : message.payload) {
      if (c == '"' || c == '\\') {
        out.push_back('\\');
        out.push_back(c);
      } else if (static_cast<unsigned char>(c) < 0x20) {
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<int>(c));
      } else {
        out.push_back(c);
      }
    }
  }
  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<JsonMessage>();
  }
};

// The mutex of stderr_sink_mt. A fork copies it as it is; were it held by another thread, which the
// child does not have, the child's first line would wait for ever.
std::mutex& sink_mutex() {
  return spdlog::details::console_mutex::mutex();
}

void lock_sink() {
  sink_mutex().lock();
}
void unlock_sink() {
  sink_mutex().unlock();
}

std::shared_ptr<spdlog::logger> make_logger() {
  (void)sink_mutex();  // Made now rather than in the middle of a fork.
  pthread_atfork(lock_sink, unlock_sink, unlock_sink);
  auto logger = std::make_shared<spdlog::logger>("stepwell",
                                                 std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_level(spdlog::level::warn);
  logger->flush_on(spdlog::level::trace);
  return logger;
}

}  // namespace

spdlog::logger& log() {
  static const std::shared_ptr<spdlog::logger> logger = make_logger();
  return *logger;
}

Result<void> configure_logging(LogFormat format, std::string_view level) {
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  if (format == LogFormat::kJson) {
    formatter->add_flag<JsonMessage>('*').set_pattern(
        R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","thread":%t,"msg":"%*"})");
  } else {
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v");
  }
  log().set_formatter(std::move(formatter));
  return set_log_level(level);
}

Result<void> set_log_level(std::string_view level) {
  const auto parsed = spdlog::level::from_str(std::string(level));
  if (parsed == spdlog::level::off && level != "off") {
    return fail(ErrorKind::kInvalid,
                "log level is '{}', expected trace, debug, info, warn, error, critical or off",
                level);
  }
  log().set_level(parsed);
  return ok();
}

}  // namespace stepwell
