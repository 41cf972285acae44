#pragma once

// MLflow's rules for what clients name and write. They are the REST door's: what comes as frames
// keeps the format's own, wider ones.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace stepwell::http {

inline constexpr std::size_t kKeyCharactersMax = 250;
inline constexpr std::size_t kParamCharactersMax = 6000;
inline constexpr std::size_t kTagCharactersMax = 8000;
inline constexpr std::size_t kExperimentTagCharactersMax = 20'000;
inline constexpr std::size_t kExperimentNameCharactersMax = 500;
inline constexpr std::size_t kArtifactLocationCharactersMax = 2048;

// A metric's, param's or tag's key. `path` names it in errors, as `long_path` does where it is too
// long.
Result<void> check_key(std::string_view key, std::string_view path, std::string_view long_path);
Result<void> check_length(std::string_view text, std::size_t characters_max, std::string_view path);
Result<void> check_artifact_location(std::string_view location);

// Its first characters, at most so many.
std::string_view cut(std::string_view text, std::size_t characters_max);
std::size_t characters_of(std::string_view text);

// What MLflow stores of a value: an infinity becomes the greatest finite double of its sign.
double stored_value(double value);

// The number of an experiment's id. Nothing where it is none.
Result<std::uint64_t> parse_experiment_id(std::string_view text);

// `adjective-animal-NNN`, from random bits.
std::string made_up_run_name(std::uint64_t random);

}  // namespace stepwell::http
