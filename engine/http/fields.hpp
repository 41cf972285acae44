#pragma once

// Reads one message from its arguments as MLflow does: conversions, defaults and errors. Names in
// errors are paths: `metrics[3].timestamp`. A view; the document outlives it.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.hpp"
#include "engine/http/json_value.hpp"

namespace stepwell::http {

class Fields {
 public:
  // Nothing counts as an object without members.
  explicit Fields(const Value& object, std::string path = {});

  // Nothing: absent or null. kInvalid: of another type. Numbers may be given as texts.
  Result<std::optional<std::string_view>> text(std::string_view name) const;
  Result<std::optional<std::int64_t>> integer(std::string_view name) const;
  Result<std::optional<double>> number(std::string_view name) const;

  // kInvalid where it is absent, null or empty.
  Result<std::string_view> need_text(std::string_view name) const;
  Result<std::int64_t> need_integer(std::string_view name) const;
  Result<double> need_number(std::string_view name) const;

  // Absent: none. A single text counts as a list of one: that is what a query has.
  Result<std::vector<std::string_view>> texts(std::string_view name) const;
  Result<std::vector<Fields>> messages(std::string_view name) const;

  // The run that a call is about: by `run_id`, or by its older name.
  Result<std::string_view> need_run_id() const;

  // `name` with the path to it.
  std::string path_of(std::string_view name) const;
  const Value* find(std::string_view name) const;

 private:
  Error wrong_type(std::string_view name, const Value& value) const;
  Error missing(std::string_view name) const;

  const Members* members_ = nullptr;
  std::string path_;
};

}  // namespace stepwell::http
