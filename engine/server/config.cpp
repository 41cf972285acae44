#include "engine/server/config.hpp"

#include <toml++/toml.h>

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>
#include <variant>

#include "engine/io/net/address.hpp"

namespace stepwell::server {
namespace {

constexpr std::uint64_t kMany = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kMiB = 1 << 20;

struct TextKey {
  std::string Config::* member;
  std::vector<std::string> allowed;  // Empty: anything but nothing.
};
struct NumberKey {
  std::uint64_t Config::* member;
  std::uint64_t least;
  std::uint64_t greatest;
  std::uint64_t multiple = 1;
};
struct BoolKey {
  bool Config::* member;
};

struct Key {
  std::string name;
  std::string value;  // The default.
  std::variant<TextKey, NumberKey, BoolKey> type;
};

// In the order of conf/stepwell.toml; a test compares the two.
const std::vector<Key>& keys() {
  static const std::vector<Key> kKeys = {
      {"server.data", "./stepwell-data", TextKey{&Config::data, {}}},
      {"server.listen", "127.0.0.1:5000", TextKey{&Config::listen, {}}},
      {"server.network_threads", "0", NumberKey{&Config::network_threads, 0, 64}},
      {"server.query_threads", "0", NumberKey{&Config::query_threads, 0, 64}},
      {"server.stop_timeout_ms", "10000", NumberKey{&Config::stop_timeout_ms, 0, kMany}},
      {"server.memory_limit_bytes", "0", NumberKey{&Config::memory_limit_bytes, 0, 1ULL << 50}},
      {"server.artifact_root", "mlflow-artifacts:", TextKey{&Config::artifact_root, {}}},
      {"server.allowed_hosts", "localhost", TextKey{&Config::allowed_hosts, {}}},
      {"server.log_level", "info",
       TextKey{&Config::log_level, {"trace", "debug", "info", "warn", "error", "critical", "off"}}},
      {"server.log_format", "text", TextKey{&Config::log_format, {"text", "json"}}},
      {"limits.connections_max", "10000", NumberKey{&Config::connections_max, 1, 1'000'000}},
      {"limits.handshake_timeout_ms", "10000", NumberKey{&Config::handshake_timeout_ms, 10, kMany}},
      {"limits.idle_timeout_ms", "300000", NumberKey{&Config::idle_timeout_ms, 10, kMany}},
      {"limits.frame_timeout_ms", "60000", NumberKey{&Config::frame_timeout_ms, 10, kMany}},
      {"limits.write_timeout_ms", "60000", NumberKey{&Config::write_timeout_ms, 10, kMany}},
      {"limits.credit_bytes", "8388608", NumberKey{&Config::credit_bytes, 64 << 10, 1 << 30}},
      {"http.head_timeout_ms", "10000", NumberKey{&Config::head_timeout_ms, 10, kMany}},
      {"http.body_timeout_ms", "120000", NumberKey{&Config::body_timeout_ms, 10, kMany}},
      {"http.header_bytes_max", "32768", NumberKey{&Config::header_bytes_max, 4096, 1 << 20}},
      {"http.body_bytes_max", "16777216", NumberKey{&Config::body_bytes_max, 64 << 10, 1 << 30}},
      {"http.compress_bytes_min", "65536", NumberKey{&Config::compress_bytes_min, 0, 1 << 30}},
      {"log.segment_bytes", "67108864",
       NumberKey{&Config::segment_bytes, 64 * kMiB, 4096 * kMiB - 4096, 4096}},
      {"log.pool_segments", "4", NumberKey{&Config::pool_segments, 2, 64}},
      {"log.bytes_max", "1073741824", NumberKey{&Config::log_bytes_max, 256 * kMiB, 1ULL << 40}},
      {"log.salvage", "false", BoolKey{&Config::salvage}},
      {"store.checkpoint_bytes", "67108864",
       NumberKey{&Config::checkpoint_bytes, 4096, 1ULL << 40}},
      {"store.checkpoint_after_ms", "2000", NumberKey{&Config::checkpoint_after_ms, 1, kMany}},
      {"store.pending_bytes_max", "0", NumberKey{&Config::pending_bytes_max, 0, 1ULL << 40}},
      {"store.index_map_bytes", "1099511627776",
       NumberKey{&Config::index_map_bytes, 16 * kMiB, 1ULL << 46}},
      {"store.scrub_interval_s", "86400", NumberKey{&Config::scrub_interval_s, 0, kMany}},
      {"store.scrub_bytes_per_second", "16777216",
       NumberKey{&Config::scrub_bytes_per_second, 4096, 1ULL << 40}},
  };
  return kKeys;
}

Result<void> assign(Config& config, const Key& key, const std::string& text,
                    const std::string& where) {
  const auto wrong = [&](const std::string& expected) {
    return fail(ErrorKind::kInvalid, "{} is '{}' ({}), expected {}", key.name, text, where,
                expected);
  };
  if (const auto* type = std::get_if<TextKey>(&key.type)) {
    if (text.empty()) return wrong("a text that is not empty");
    if (!type->allowed.empty() && std::ranges::find(type->allowed, text) == type->allowed.end()) {
      return wrong(fmt::format("one of {}", fmt::join(type->allowed, ", ")));
    }
    config.*type->member = text;
  } else if (const auto* number = std::get_if<NumberKey>(&key.type)) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < number->least ||
        value > number->greatest || value % number->multiple != 0) {
      return wrong(fmt::format(
          "a whole number from {} to {}{}", number->least, number->greatest,
          number->multiple > 1 ? fmt::format(", a multiple of {}", number->multiple) : ""));
    }
    config.*number->member = value;
  } else {
    if (text != "true" && text != "false") return wrong("true or false");
    config.*std::get<BoolKey>(key.type).member = text == "true";
  }
  return ok();
}

std::string variable_of(const std::string& key) {
  std::string name = "STEPWELL_";
  for (const char c : key) name += c == '.' ? '_' : static_cast<char>(std::toupper(c));
  return name;
}

const Key* find_key(const std::string& name) {
  const auto at = std::ranges::find(keys(), name, &Key::name);
  return at == keys().end() ? nullptr : &*at;
}

// A misspelt variable would leave a default in force, unnoticed.
Result<void> check_variables(const std::map<std::string, std::string>& environment) {
  std::set<std::string> known, sections;
  for (const Key& key : keys()) {
    known.insert(variable_of(key.name));
    sections.insert(variable_of(key.name.substr(0, key.name.find('.') + 1)));
  }
  for (const auto& [name, value] : environment) {
    const bool is_ours = std::ranges::any_of(
        sections, [&](const std::string& section) { return name.starts_with(section); });
    if (is_ours && !known.contains(name)) {
      return fail(ErrorKind::kInvalid, "environment variable {} names no key", name);
    }
  }
  return ok();
}

// What each value by itself does not show.
Result<void> check_together(const Config& config,
                            const std::map<std::string, std::string>& places) {
  if (const auto address = net::parse_address(config.listen); !address) {
    return fail(ErrorKind::kInvalid, "server.listen ({}): {}", places.at("server.listen"),
                address.error().text);
  }
  // One is being written, one is ready, and one waits for its checkpoint.
  const std::uint64_t least = 3 * config.segment_bytes;
  if (config.log_bytes_max < least) {
    return fail(ErrorKind::kInvalid,
                "log.bytes_max is {} ({}), expected at least three segments of log.segment_bytes = "
                "{} ({}), which are {}",
                config.log_bytes_max, places.at("log.bytes_max"), config.segment_bytes,
                places.at("log.segment_bytes"), least);
  }
  return ok();
}

Result<std::string> text_of(const toml::node& node, const std::string& name) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto number = node.value_exact<std::int64_t>()) return std::to_string(*number);
  if (const auto flag = node.value_exact<bool>()) return std::string(*flag ? "true" : "false");
  return fail(ErrorKind::kInvalid, "{} (line {}) is neither text, a whole number nor true or false",
              name, node.source().begin.line);
}

// The file's keys as "section.key" -> (text, line).
Result<std::map<std::string, std::pair<std::string, unsigned>>> read_file(const std::string& path) {
  std::map<std::string, std::pair<std::string, unsigned>> values;
  if (std::error_code error; !std::filesystem::exists(path, error)) {
    return fail(ErrorKind::kNotFound, "there is no configuration file '{}'", path);
  }
  if (!std::ifstream(path).is_open() || std::filesystem::is_directory(path)) {
    return fail(ErrorKind::kIo, "{} cannot be read", path);
  }
  try {
    const toml::table root = toml::parse_file(path);
    for (const auto& [section, node] : root) {
      const toml::table* table = node.as_table();
      if (!table) {
        return fail(ErrorKind::kInvalid, "{} line {}: '{}' is not in a section", path,
                    node.source().begin.line, std::string_view(section));
      }
      for (const auto& [key, value] : *table) {
        const std::string name =
            fmt::format("{}.{}", std::string_view(section), std::string_view(key));
        if (!find_key(name)) {
          return fail(ErrorKind::kInvalid, "{} line {}: unknown key {}", path,
                      value.source().begin.line, name);
        }
        TRY(auto text, text_of(value, name));
        values[name] = {std::move(text), value.source().begin.line};
      }
    }
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::kInvalid, "{} line {}: {}", path, error.source().begin.line,
                error.description());
  }
  return values;
}

}  // namespace

std::map<std::string, std::string> process_environment() {
  std::map<std::string, std::string> variables;
  for (char** at = environ; at && *at; ++at) {
    const std::string_view text(*at);
    const std::size_t equals = text.find('=');
    if (equals != std::string_view::npos) {
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
  }
  return variables;
}

Result<LoadedConfig> load_config(const std::optional<std::string>& file,
                                 const std::map<std::string, std::string>& flags,
                                 const std::map<std::string, std::string>& environment) {
  std::map<std::string, std::pair<std::string, unsigned>> from_file;
  if (file) {
    TRY(from_file, read_file(*file));
  }
  for (const auto& [name, value] : flags) {
    if (!find_key(name)) return fail(ErrorKind::kInvalid, "unknown key {}", name);
  }
  TRY(check_variables(environment));
  LoadedConfig loaded;
  std::map<std::string, std::string> places;  // Where each value came from, in words.
  for (const Key& key : keys()) {
    Setting setting{key.name, key.value, Origin::kDefault};
    std::string where = "default";
    if (const auto at = from_file.find(key.name); at != from_file.end()) {
      setting.value = at->second.first;
      setting.origin = Origin::kFile;
      where = fmt::format("{} line {}", *file, at->second.second);
    }
    if (const auto at = environment.find(variable_of(key.name)); at != environment.end()) {
      setting.value = at->second;
      setting.origin = Origin::kEnvironment;
      where = "environment " + variable_of(key.name);
    }
    if (const auto at = flags.find(key.name); at != flags.end()) {
      setting.value = at->second;
      setting.origin = Origin::kFlag;
      where = "flag";
    }
    TRY(assign(loaded.config, key, setting.value, where));
    loaded.settings.push_back(std::move(setting));
    places[key.name] = where;
  }
  TRY(check_together(loaded.config, places));
  return loaded;
}

std::string print_config(const LoadedConfig& loaded) {
  std::string out, section;
  for (const Setting& setting : loaded.settings) {
    const std::size_t dot = setting.key.find('.');
    if (const std::string its = setting.key.substr(0, dot); its != section) {
      section = its;
      out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", section);
    }
    const bool text = std::holds_alternative<TextKey>(find_key(setting.key)->type);
    const std::string_view quote = text ? "\"" : "";
    constexpr std::string_view kOrigins[] = {"default", "file", "environment", "flag"};
    out += fmt::format("{} = {}{}{}  # {}\n", setting.key.substr(dot + 1), quote, setting.value,
                       quote, kOrigins[static_cast<int>(setting.origin)]);
  }
  return out;
}

}  // namespace stepwell::server
