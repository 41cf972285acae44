#include "engine/tracking/row_keys.hpp"

#include <xxhash.h>

#include "engine/base/bytes.hpp"

namespace stepwell::tracking {

std::string key_of(std::uint64_t number) {
  return Encoder().big(number).take();
}

std::string key_of(std::uint64_t number, std::uint64_t second) {
  return Encoder().big(number).big(second).take();
}

std::string key_of(const RunId& run) {
  return std::string(as_text(std::as_bytes(std::span(run.bytes))));
}

std::string key_of(RunNumber run, KeyId key) {
  return Encoder().big(run.value).big(key.value).take();
}

std::string key_of(RunNumber run, KeyId key, ContextId context) {
  return Encoder().big(run.value).big(key.value).big(context.value).take();
}

std::string key_of(RunNumber run, const WriterId& writer) {
  return Encoder().big(run.value).put(writer.bytes).take();
}

std::string key_of_name(std::string_view name) {
  const XXH128_hash_t hash = XXH3_128bits(name.data(), name.size());
  return Encoder().big(hash.high64).big(hash.low64).take();
}

std::string key_of_slot(RunNumber run, std::string_view slot) {
  return Encoder().big(run.value).raw(key_of_name(slot)).take();
}

std::optional<std::uint64_t> find_name(std::string_view list, std::string_view name) {
  Decoder in(list);
  while (!in.done()) {
    const auto number = in.get<std::uint64_t>();
    const std::string_view known = in.text();
    if (!in.ok()) return std::nullopt;
    if (known == name) return number;
  }
  return std::nullopt;
}

std::string add_name(std::string_view list, std::string_view name, std::uint64_t number) {
  return Encoder().raw(list).put(number).text(name).take();
}

std::string remove_name(std::string_view list, std::string_view name) {
  Encoder out;
  Decoder in(list);
  while (!in.done() && in.ok()) {
    const auto number = in.get<std::uint64_t>();
    const std::string_view known = in.text();
    if (in.ok() && known != name) out.put(number).text(known);
  }
  return out.take();
}

}  // namespace stepwell::tracking
