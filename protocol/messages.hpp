#pragma once

// Payloads other than metric batches: the schema's native structs to bytes and back. Decoding
// verifies with tight limits before any field is read, so foreign bytes cannot lead outside the
// payload.

#include <bit>
#include <string>

#include "engine/base/bytes.hpp"
#include "engine/base/ids.hpp"
#include "engine/base/result.hpp"
#include "protocol/frame.hpp"
#include "protocol/schema/commands_generated.h"
#include "protocol/schema/reads_generated.h"
#include "protocol/schema/session_generated.h"
#include "protocol/unpacked_bytes.hpp"

namespace stepwell::protocol {

// The deepest message is runs -> info; the widest holds kEntriesMax texts.
inline constexpr std::size_t kTableDepthMax = 8;
inline constexpr std::size_t kTablesMax = 100'000;

// Lists that unpacking may copy. Offsets may share a list, so without a bound a small payload
// could ask for any amount of memory.
inline constexpr std::size_t kUnpackedBytesMax = 32 << 20;

template <typename Native>
std::string encode(const Native& message) {
  flatbuffers::FlatBufferBuilder builder;
  builder.Finish(Native::TableType::Pack(builder, &message));
  return {reinterpret_cast<const char*>(builder.GetBufferPointer()), builder.GetSize()};
}

// encode() as a frame.
template <typename Native>
std::string make_frame_of(Kind kind, const Native& message, RunId run = {}, WriterId writer = {},
                          std::uint64_t sequence = 0) {
  FrameHeader header;
  header.kind = kind;
  header.run = run;
  header.writer = writer;
  header.sequence = sequence;
  return make_frame(header, encode(message));
}

// kInvalid if the payload is not a well-formed message of this type. `payload` is 8-aligned.
template <typename Native>
Result<Native> decode(Bytes payload) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(payload.data());
  flatbuffers::Verifier verifier(data, payload.size(), kTableDepthMax, kTablesMax);
  if (!verifier.VerifyBuffer<typename Native::TableType>(nullptr)) {
    return fail(ErrorKind::kInvalid, "payload of {} bytes is not a well-formed {}", payload.size(),
                Native::TableType::GetFullyQualifiedName());
  }
  const auto* table = flatbuffers::GetRoot<typename Native::TableType>(data);
  if (unpacked_bytes(*table) > kUnpackedBytesMax) {
    return fail(ErrorKind::kInvalid, "payload of {} bytes holds more than {} bytes of lists",
                payload.size(), kUnpackedBytesMax);
  }
  Native message;
  table->UnPackTo(&message);
  return message;
}

inline double value_of(const wire::LatestMetricT& metric) {
  return std::bit_cast<double>(metric.value_bits);
}

template <typename Id>
wire::Id to_wire(const Id& id) {
  return {load_le<std::uint64_t>(id.bytes.data()), load_le<std::uint64_t>(id.bytes.data() + 8)};
}

template <typename Id>
Id from_wire(const wire::Id& wire) {
  Id id;
  store_le(id.bytes.data(), wire.first());
  store_le(id.bytes.data() + 8, wire.second());
  return id;
}

}  // namespace stepwell::protocol
