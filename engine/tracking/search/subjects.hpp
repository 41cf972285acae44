#pragma once

// The names of what can be asked about: `entity.key` with its quotes and aliases, to a subject.

#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/tracking/search/grammar.hpp"
#include "engine/tracking/search/meaning.hpp"

namespace stepwell::tracking::search {

enum class Use { kFilter, kOrder };  // Not every name serves for both.

// kInvalid: MLflow's text. `text` is the whole filter or term, for errors.
Result<Subject> read_subject(Kind kind, Use use, std::string_view text, const Word& function,
                             const Word& name);

// As MLflow calls the entity in errors: `metric`, `parameter`, `tag`, `attribute`, `dataset`.
std::string_view entity_name(const Subject& subject);

// Without the quotes, if `quote` stands at both ends.
std::string_view unquoted(std::string_view text, char quote);

}  // namespace stepwell::tracking::search
