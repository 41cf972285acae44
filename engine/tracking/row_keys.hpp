#pragma once

// Keys of rows, and the lists that rows with hashed keys hold.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/ids.hpp"

namespace stepwell::tracking {

// Big-endian, so that rows of one owner lie together in the order of their numbers.
std::string key_of(std::uint64_t number);
std::string key_of(std::uint64_t number, std::uint64_t second);
std::string key_of(const RunId& run);
std::string key_of(RunNumber run, KeyId key);
std::string key_of(RunNumber run, KeyId key, ContextId context);
std::string key_of(RunNumber run, const WriterId& writer);
// A name of any length as a key of fixed length. Names that share one are told apart by NameList.
std::string key_of_name(std::string_view name);
std::string key_of_slot(RunNumber run, std::string_view slot);

// (number, name) pairs whose names have the same hash: nearly always one.
std::optional<std::uint64_t> find_name(std::string_view list, std::string_view name);
std::string add_name(std::string_view list, std::string_view name, std::uint64_t number);
std::string remove_name(std::string_view list, std::string_view name);

}  // namespace stepwell::tracking
