#include "engine/tracking/search/subjects.hpp"

#include <algorithm>
#include <optional>
#include <span>

#include <fmt/ranges.h>

namespace stepwell::tracking::search {
namespace {

enum class Entity { kMetric, kParam, kTag, kAttribute, kDataset };

struct EntityName {
  std::string_view name;
  Entity entity;
};
constexpr EntityName kRunEntities[] = {{"metric", Entity::kMetric},
                                       {"metrics", Entity::kMetric},
                                       {"parameter", Entity::kParam},
                                       {"parameters", Entity::kParam},
                                       {"param", Entity::kParam},
                                       {"params", Entity::kParam},
                                       {"tag", Entity::kTag},
                                       {"tags", Entity::kTag},
                                       {"attribute", Entity::kAttribute},
                                       {"attributes", Entity::kAttribute},
                                       {"attr", Entity::kAttribute},
                                       {"run", Entity::kAttribute},
                                       {"dataset", Entity::kDataset},
                                       {"datasets", Entity::kDataset}};
constexpr EntityName kExperimentEntities[] = {{"attribute", Entity::kAttribute},
                                              {"attributes", Entity::kAttribute},
                                              {"tag", Entity::kTag},
                                              {"tags", Entity::kTag}};

struct Attribute {
  std::string_view name;
  Field field;
  bool in_filters = true;
  bool in_orders = true;
};
// In the order of their names, as errors list them.
constexpr Attribute kRunAttributes[] = {{"Created", Field::kStartTime},
                                        {"Run Name", Field::kRunName, true, false},
                                        {"Run name", Field::kRunName, true, false},
                                        {"artifact_uri", Field::kArtifactUri},
                                        {"created", Field::kStartTime},
                                        {"end_time", Field::kEndTime},
                                        {"run name", Field::kRunName, true, false},
                                        {"run_id", Field::kRunId},
                                        {"run_name", Field::kRunName},
                                        {"start_time", Field::kStartTime},
                                        {"status", Field::kStatus},
                                        {"user_id", Field::kUser}};
constexpr Attribute kExperimentAttributes[] = {{"creation_time", Field::kCreationTime},
                                               {"experiment_id", Field::kExperimentId},
                                               {"last_update_time", Field::kLastUpdateTime},
                                               {"name", Field::kName}};

constexpr std::string_view kDatasetKeys[] = {"context", "digest", "name"};

struct AggregateName {
  std::string_view name;
  Aggregate aggregate;
};
constexpr AggregateName kAggregates[] = {{"min", Aggregate::kMin},
                                         {"max", Aggregate::kMax},
                                         {"first", Aggregate::kFirst},
                                         {"count", Aggregate::kCount}};

Result<Entity> read_entity(Kind kind, std::string_view written) {
  const std::string_view name = unquoted(written, '`');
  const std::span<const EntityName> names = kind == Kind::kRuns
                                                ? std::span<const EntityName>(kRunEntities)
                                                : std::span<const EntityName>(kExperimentEntities);
  for (const EntityName& known : names) {
    if (known.name == name) return known.entity;
  }
  if (kind == Kind::kRuns) {
    return fail(ErrorKind::kInvalid,
                "Invalid entity type '{}'. Valid values are ['metric', 'parameter', 'tag', "
                "'attribute', 'dataset']",
                name);
  }
  return fail(ErrorKind::kInvalid,
              "Invalid entity type '{}'. Valid entity types are ('attribute', 'attributes', 'tag', "
              "'tags')",
              written);
}

std::string listed(const std::vector<std::string_view>& names) {
  return fmt::format("{{'{}'}}", fmt::join(names, "', '"));
}

Result<Field> read_attribute(Kind kind, Use use, std::string_view key) {
  const std::span<const Attribute> attributes =
      kind == Kind::kRuns ? std::span<const Attribute>(kRunAttributes)
                          : std::span<const Attribute>(kExperimentAttributes);
  std::vector<std::string_view> valid;
  for (const Attribute& attribute : attributes) {
    if (!(use == Use::kFilter ? attribute.in_filters : attribute.in_orders)) continue;
    if (attribute.name == key) return attribute.field;
    valid.push_back(attribute.name);
  }
  return fail(ErrorKind::kInvalid, "Invalid attribute key '{}' specified. Valid keys are '{}'", key,
              listed(valid));
}

// Min, max, first or count, in either case; kLatest where no function is written.
Result<Aggregate> read_aggregate(std::string_view text, const Word& function) {
  if (function.text.empty()) return Aggregate::kLatest;
  std::string lower = function.text;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const AggregateName& known : kAggregates) {
    if (known.name == lower) return known.aggregate;
  }
  return fail(ErrorKind::kInvalid,
              "Invalid function {}, expected min, max, first or count of a metric",
              pointed_at(text, function.at));
}

}  // namespace

std::string_view unquoted(std::string_view text, char quote) {
  const bool is_quoted = text.size() >= 2 && text.front() == quote && text.back() == quote;
  return is_quoted ? text.substr(1, text.size() - 2) : text;
}

Result<Subject> read_subject(Kind kind, Use use, std::string_view text, const Word& function,
                             const Word& name) {
  const std::string_view written = name.text;
  const std::size_t dot = written.find('.');
  Entity entity = Entity::kAttribute;
  std::string_view key = written;
  if (dot != std::string_view::npos) {
    TRY(entity, read_entity(kind, written.substr(0, dot)));
    key = written.substr(dot + 1);
  }
  // MLflow strips one pair of ' or ", and then one of backticks.
  const std::string_view bare = unquoted(key, '\'');
  key = unquoted(bare.size() < key.size() ? bare : unquoted(key, '"'), '`');
  Subject subject;
  TRY(subject.aggregate, read_aggregate(text, function));
  if (subject.aggregate != Aggregate::kLatest && entity != Entity::kMetric) {
    return fail(ErrorKind::kInvalid, "{}() takes a metric, found {}", function.text,
                pointed_at(text, name.at));
  }
  subject.key = key;
  switch (entity) {
    case Entity::kMetric:
      subject.field = Field::kMetric;
      return subject;
    case Entity::kParam:
      subject.field = Field::kParam;
      return subject;
    case Entity::kTag:
      subject.field = Field::kTag;
      return subject;
    case Entity::kDataset:
      subject.field = Field::kDataset;
      if (std::find(std::begin(kDatasetKeys), std::end(kDatasetKeys), key) !=
          std::end(kDatasetKeys)) {
        return subject;
      }
      return fail(ErrorKind::kInvalid, "Invalid dataset key '{}' specified. Valid keys are '{}'",
                  key, listed({std::begin(kDatasetKeys), std::end(kDatasetKeys)}));
    case Entity::kAttribute:
      break;
  }
  TRY(subject.field, read_attribute(kind, use, key));
  subject.key.clear();
  return subject;
}

std::string_view entity_name(const Subject& subject) {
  switch (subject.field) {
    case Field::kMetric:
      return "metric";
    case Field::kParam:
      return "parameter";
    case Field::kTag:
      return "tag";
    case Field::kDataset:
      return "dataset";
    default:
      return "attribute";
  }
}

}  // namespace stepwell::tracking::search
