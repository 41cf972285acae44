#include "engine/http/names.hpp"

#include <locale.h>
#include <wctype.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <vector>

#include "protocol/text.hpp"

namespace stepwell::http {
namespace {

constexpr std::string_view kBadCharacters =
    "Names may only contain alphanumerics, underscores (_), dashes (-), periods (.), spaces ( ), "
    "colon(:) and slashes (/).";

bool continues(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The first character of well-formed UTF-8, which is taken off.
char32_t take_character(std::string_view& text) {
  const auto first = static_cast<unsigned char>(text.front());
  std::size_t length = 1;
  while (length < text.size() && continues(text[length])) ++length;
  char32_t character = length == 1 ? first : first & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    character = character << 6 | (static_cast<unsigned char>(text[i]) & 0x3FU);
  }
  text.remove_prefix(length);
  return character;
}

// What \w is in Python: letters and digits of every script.
bool is_word(char32_t c) {
  if (c < 0x80) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  }
  static const locale_t kUnicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  return kUnicode == nullptr || iswalnum_l(static_cast<wint_t>(c), kUnicode) != 0;
}

bool has_only_name_characters(std::string_view key) {
  constexpr std::u32string_view kOthers = U"/.- :";
  while (!key.empty()) {
    const char32_t c = take_character(key);
    if (!is_word(c) && kOthers.find(c) == std::u32string_view::npos) return false;
  }
  return true;
}

// As Python's posixpath.normpath.
std::string normalised(std::string_view path) {
  const bool absolute = path.starts_with('/');
  const bool two = path.starts_with("//") && !path.starts_with("///");
  std::vector<std::string_view> parts;
  while (!path.empty()) {
    const std::string_view part = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), part.size() + 1));
    if (part.empty() || part == ".") continue;
    if (part != ".." || (!absolute && parts.empty()) || (!parts.empty() && parts.back() == "..")) {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  const std::string start = two ? "//" : absolute ? "/" : "";
  const std::string all = fmt::format("{}{}", start, fmt::join(parts, "/"));
  return all.empty() ? "." : all;
}

Error invalid(std::string_view path, std::string_view value, std::string_view detail) {
  return fail(ErrorKind::kInvalid, "Invalid value \"{}\" for parameter '{}' supplied: {}", value,
              path, detail);
}

}  // namespace

Result<void> check_key(std::string_view key, std::string_view path, std::string_view long_path) {
  if (characters_of(key) > kKeyCharactersMax)
    return check_length(key, kKeyCharactersMax, long_path);
  if (!has_only_name_characters(key)) return invalid(path, key, kBadCharacters);
  const std::string normal = normalised(key);
  if (normal != key || normal == "." || normal.starts_with("..") || normal.starts_with('/')) {
    return invalid(
        path, key,
        fmt::format("Names may be treated as files in certain cases, and must not resolve "
                    "to other names when treated as such. This name would resolve to "
                    "'{}'",
                    normal));
  }
  return ok();
}

Result<void> check_length(std::string_view text, std::size_t characters_max,
                          std::string_view path) {
  if (characters_of(text) <= characters_max) return ok();
  return fail(ErrorKind::kInvalid, "'{}' exceeds the maximum length of {} characters", path,
              characters_max);
}

Result<void> check_artifact_location(std::string_view location) {
  TRY(check_length(location, kArtifactLocationCharactersMax, "artifact_location"));
  const std::string_view path = location.substr(0, location.find('?'));
  if (location.find('#') != std::string_view::npos || path.find(';') != std::string_view::npos) {
    return fail(ErrorKind::kInvalid, "'artifact_location' URL can't include fragments or params.");
  }
  if (path.size() < location.size() &&
      location.substr(path.size()).find("..") != std::string_view::npos) {
    return fail(ErrorKind::kInvalid, "'artifact_location' URL can't include '..' in its query.");
  }
  return ok();
}

std::string_view cut(std::string_view text, std::size_t characters_max) {
  if (text.size() <= characters_max) return text;
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!continues(text[i]) && characters++ == characters_max) return text.substr(0, i);
  }
  return text;
}

std::size_t characters_of(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues));
}

double stored_value(double value) {
  if (!std::isinf(value)) return value;
  return std::copysign(std::numeric_limits<double>::max(), value);
}

Result<std::uint64_t> parse_experiment_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error == std::errc() && end == text.data() + text.size()) return id;
  return fail(ErrorKind::kInvalid,
              "Invalid experiment ID '{}'. Experiment ID must be a valid integer.",
              protocol::quoted(text));
}

std::string made_up_run_name(std::uint64_t random) {
  constexpr std::string_view kAdjectives[] = {
      "able",  "agile",  "amber",   "brave",  "bright", "calm",   "clear", "clever", "crisp",
      "eager", "fair",   "fast",    "fine",   "fresh",  "gentle", "glad",  "golden", "grand",
      "happy", "honest", "keen",    "kind",   "light",  "lively", "lucky", "merry",  "mild",
      "neat",  "noble",  "patient", "plain",  "polite", "proud",  "quick", "quiet",  "rapid",
      "rare",  "ready",  "shiny",   "silent", "smart",  "smooth", "spicy", "steady", "sunny",
      "swift", "tidy",   "vivid",   "warm",   "wise"};
  constexpr std::string_view kAnimals[] = {
      "ant",   "badger", "bat",   "bear",  "bee",   "beaver", "bison", "carp",  "cat",   "crab",
      "crane", "crow",   "deer",  "dog",   "dove",  "duck",   "eagle", "eel",   "elk",   "falcon",
      "finch", "fox",    "frog",  "goat",  "goose", "hare",   "hawk",  "heron", "horse", "ibex",
      "jay",   "koala",  "lark",  "lion",  "lynx",  "mole",   "moose", "moth",  "mouse", "newt",
      "otter", "owl",    "panda", "pony",  "raven", "robin",  "seal",  "shark", "sheep", "shrew",
      "snail", "stork",  "swan",  "tapir", "tiger", "toad",   "trout", "whale", "wolf",  "wren"};
  const auto pick = [&](std::uint64_t count) {
    const std::uint64_t chosen = random % count;
    random /= count;
    return chosen;
  };
  const std::string_view adjective = kAdjectives[pick(std::size(kAdjectives))];
  const std::string_view animal = kAnimals[pick(std::size(kAnimals))];
  return fmt::format("{}-{}-{}", adjective, animal, pick(1000));
}

}  // namespace stepwell::http
