// Profiles of one frame shape: f1 to f6. The frame is built once; for each batch only its steps,
// its place in the stream and its hashes are patched, so that the client costs little of what it
// measures.

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <map>

#include "engine/base/assert.hpp"
#include "protocol/batch.hpp"
#include "protocol/batch_builder.hpp"
#include "protocol/schema/batch_generated.h"
#include "tools/load/profile.hpp"

namespace stepwell::tools {
namespace {

using protocol::FrameHeader;
using protocol::Kind;

struct Shape {
  unsigned blocks;  // Each with its own step and time column.
  unsigned keys;    // A block.
  unsigned points;  // A series.
  bool wide;        // Step and time columns of 8 bytes a point.
  bool f32;         // Values that survive as float32.
  unsigned key_bytes;
  std::uint64_t batches;  // A stream: about 8 million points, which `verify --journal` can hold.
};

const Shape& shape_of(std::string_view name) {
  static const std::map<std::string_view, Shape> shapes = {
      {"f1", {10, 1, 1000, true, false, 12, 800}},   {"f2", {10, 1, 100, true, false, 12, 8000}},
      {"f3", {1, 100, 1, false, false, 30, 80'000}}, {"f4", {10, 1, 1000, true, false, 12, 800}},
      {"f5", {10, 1, 1000, false, true, 12, 800}},   {"f6", {1, 10, 1, false, false, 12, 800'000}},
  };
  return shapes.at(name);
}

class FixedProfile final : public Profile {
 public:
  FixedProfile(const ProfileInfo& info, std::uint64_t seed)
      : Profile(info, seed), shape_(shape_of(info.name)) {
    build();
  }

  std::uint64_t length(std::uint64_t) const override { return 1 + shape_.batches; }
  Kind kind(std::uint64_t, std::uint64_t sequence) const override {
    return sequence == 1 ? Kind::kOpen : Kind::kBatch;
  }

  std::string_view frame(std::uint64_t stream, std::uint64_t sequence) override {
    if (sequence == 1) return open_ = open_frame(stream);
    const auto base = static_cast<std::int64_t>((sequence - 1) * shape_.points);
    for (std::int64_t* column : columns_) {
      for (unsigned i = 0; i < shape_.points; ++i) column[i] = base + i;
    }
    for (std::uint8_t* field : bases_) store_le(field, base);
    auto header = load_le<FrameHeader>(buffer_.data());
    if (stream != stream_) {
      stream_ = stream;
      header.run = run(stream);
      header.writer = writer(stream);
    }
    header.sequence = sequence;
    header.payload_hash = XXH3_64bits(bytes() + sizeof header, header.payload_bytes);
    header.header_hash = 0;
    header.header_hash = static_cast<std::uint32_t>(XXH3_64bits(&header, sizeof header));
    store_le(buffer_.data(), header);
    return {reinterpret_cast<const char*>(bytes()), header.frame_bytes()};
  }

 private:
  const std::uint8_t* bytes() const {
    return reinterpret_cast<const std::uint8_t*>(buffer_.data());
  }

  void build() {
    protocol::BatchBuilder batch;
    if (shape_.wide) batch.use_wide_columns();
    SeededRandom chance = random(0, 0);
    std::vector<std::int64_t> steps(shape_.points), times(shape_.points);
    std::vector<double> values(std::size_t{shape_.points} * shape_.keys);
    for (unsigned block = 0; block < shape_.blocks; ++block) {
      protocol::KeyListBuilder keys;
      for (unsigned key = 0; key < shape_.keys; ++key) {
        std::string name = fmt::format("train/metric_{:02}", block * shape_.keys + key);
        name.resize(shape_.key_bytes < name.size() ? name.size() : shape_.key_bytes, 'x');
        STEPWELL_ASSERT(keys.add(name).has_value());
      }
      for (unsigned i = 0; i < shape_.points; ++i) {
        steps[i] = 1 + i;  // Not 0: a default is not stored, and could not be patched.
        times[i] = kProfileEpochMs + i * 10 + static_cast<std::int64_t>(chance.below(7));
      }
      for (double& value : values) {
        value = static_cast<double>(chance.below(1u << 30)) / (1 << 30);
        if (shape_.f32) value = static_cast<double>(static_cast<float>(value));
      }
      batch.add_block(keys, shape_.points, {steps, times, values, {}});
    }
    const std::string made = protocol::make_frame(header(0, 2), batch.finish());
    buffer_.resize(made.size() / 8);
    std::memcpy(buffer_.data(), made.data(), made.size());
    auto* payload = reinterpret_cast<std::uint8_t*>(buffer_.data()) + sizeof(FrameHeader);
    for (const wire::Block* block : *flatbuffers::GetRoot<wire::Batch>(payload)->blocks()) {
      const auto at = [&](const void* place) {
        return payload + (static_cast<const std::uint8_t*>(place) - payload);
      };
      if (block->steps()) {
        columns_.push_back(reinterpret_cast<std::int64_t*>(at(block->steps()->data())));
      } else {
        const auto* table = reinterpret_cast<const flatbuffers::Table*>(block);
        bases_.push_back(at(table->GetAddressOf(wire::Block::VT_STEP_BASE)));
      }
    }
  }

  const Shape& shape_;
  std::vector<std::uint64_t> buffer_;   // The frame; u64s for the alignment.
  std::vector<std::int64_t*> columns_;  // In it: step columns,
  std::vector<std::uint8_t*> bases_;    // and step bases.
  std::uint64_t stream_ = 0;
  std::string open_;
};

}  // namespace

std::unique_ptr<Profile> make_fixed_profile(const ProfileInfo& info, std::uint64_t seed) {
  return std::make_unique<FixedProfile>(info, seed);
}

}  // namespace stepwell::tools
