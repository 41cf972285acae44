#pragma once

// How many bytes of text and numbers a verified message's lists would take once they are unpacked:
// several entries may share one. What lies beside lists is bounded by the payload and left out.

#include <concepts>
#include <cstddef>

#include "protocol/schema/commands_generated.h"
#include "protocol/schema/reads_generated.h"
#include "protocol/schema/session_generated.h"

namespace stepwell::protocol {

inline std::size_t text_bytes(const flatbuffers::String* text) {
  return text ? text->size() : 0;
}

template <typename Table>
std::size_t unpacked_bytes(const Table& table);

inline std::size_t bytes_of_list(
    const flatbuffers::Vector<flatbuffers::Offset<flatbuffers::String>>* list) {
  std::size_t bytes = 0;
  for (flatbuffers::uoffset_t i = 0; list && i < list->size(); ++i)
    bytes += text_bytes(list->Get(i));
  return bytes;
}
template <typename Table>
std::size_t bytes_of_list(const flatbuffers::Vector<flatbuffers::Offset<Table>>* list) {
  std::size_t bytes = 0;
  for (flatbuffers::uoffset_t i = 0; list && i < list->size(); ++i)
    bytes += unpacked_bytes(*list->Get(i));
  return bytes;
}

template <typename Number>
  requires std::integral<Number> || std::floating_point<Number>
std::size_t bytes_of_list(const flatbuffers::Vector<Number>* list) {
  return list ? list->size() * sizeof(Number) : 0;
}

// What a field of this name adds, where the table has one.
#define STEPWELL_ADD_TEXT(name) \
  if constexpr (requires { text_bytes(table.name()); }) bytes += text_bytes(table.name())
#define STEPWELL_ADD_LIST(name) \
  if constexpr (requires { bytes_of_list(table.name()); }) bytes += bytes_of_list(table.name())

template <typename Table>
std::size_t unpacked_bytes(const Table& table) {
  std::size_t bytes = 0;
  STEPWELL_ADD_TEXT(key);
  STEPWELL_ADD_TEXT(value);
  STEPWELL_ADD_TEXT(text);
  STEPWELL_ADD_TEXT(name);
  STEPWELL_ADD_TEXT(user);
  STEPWELL_ADD_TEXT(context);
  STEPWELL_ADD_TEXT(reason);
  STEPWELL_ADD_TEXT(slot);
  STEPWELL_ADD_TEXT(experiment_name);
  STEPWELL_ADD_TEXT(artifact_location);
  STEPWELL_ADD_LIST(keys);
  STEPWELL_ADD_LIST(tags);
  STEPWELL_ADD_LIST(params);
  STEPWELL_ADD_LIST(series);
  STEPWELL_ADD_LIST(exceptions);
  STEPWELL_ADD_LIST(experiments);
  STEPWELL_ADD_LIST(runs);
  STEPWELL_ADD_LIST(metrics);
  STEPWELL_ADD_LIST(losses);
  STEPWELL_ADD_LIST(writers);
  STEPWELL_ADD_LIST(bucket);
  STEPWELL_ADD_LIST(count);
  STEPWELL_ADD_LIST(nan_count);
  STEPWELL_ADD_LIST(min);
  STEPWELL_ADD_LIST(max);
  STEPWELL_ADD_LIST(first_value);
  STEPWELL_ADD_LIST(last_value);
  return bytes;
}

#undef STEPWELL_ADD_TEXT
#undef STEPWELL_ADD_LIST

}  // namespace stepwell::protocol
