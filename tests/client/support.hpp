#pragma once

// What tests of the client share: points out of frames, and a writer's world.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "engine/base/hand_executor.hpp"
#include "protocol/batch.hpp"
#include "protocol/batch_builder.hpp"
#include "protocol/context.hpp"
#include "protocol/frame.hpp"
#include "protocol/messages.hpp"

namespace stepwell::client {

struct FixedClock final : Clock {
  std::int64_t time = 1'700'000'000'000;
  std::int64_t now_ms() const override { return time; }
};

// Every point of a batch payload, by series ("key" or "key{rank=1}").
using PointsBySeries = std::map<std::string, std::vector<Point>>;

inline void add_points(PointsBySeries& points, Bytes payload) {
  const auto parsed = protocol::BatchView::parse(payload);
  ASSERT_TRUE(parsed) << parsed.error().text;
  for (const protocol::BlockView& block : parsed.value().blocks) {
    std::vector<std::string> names;
    block.keys.for_each([&](std::string_view key, std::string_view context) {
      names.push_back(std::string(key) + protocol::show_context(context));
    });
    for (std::size_t i = 0; i < block.values_count(); ++i) {
      const std::size_t row = block.is_rows() ? i : i % block.points;
      const std::string& name = names[block.is_rows() ? block.key_index[i] : i / block.points];
      points[name].push_back({block.steps[row], block.times[row], block.values[i]});
    }
  }
}

inline PointsBySeries points_of(Bytes payload) {
  PointsBySeries points;
  add_points(points, payload);
  return points;
}

inline std::uint64_t count(const PointsBySeries& points) {
  std::uint64_t n = 0;
  for (const auto& [series, list] : points) n += list.size();
  return n;
}

// Points of applied frames, as a peer keeps them.
template <typename Frames>
PointsBySeries points_of_frames(const Frames& frames) {
  PointsBySeries points;
  for (const auto& [sequence, frame] : frames) {
    const auto read = protocol::read_frame(as_bytes(frame));
    EXPECT_TRUE(read) << sequence;
    if (read && read.value().header.kind == protocol::Kind::kBatch) {
      add_points(points, read.value().payload());
    }
  }
  return points;
}

inline std::string batch_frame(RunId run, WriterId writer, std::uint64_t sequence,
                               std::size_t points = 3) {
  protocol::KeyListBuilder keys;
  (void)keys.add("loss").value();
  std::vector<std::int64_t> steps, times;
  std::vector<double> values;
  for (std::size_t i = 0; i < points; ++i) {
    steps.push_back(static_cast<std::int64_t>(sequence * 100 + i));
    times.push_back(1'700'000'000'000);
    values.push_back(static_cast<double>(sequence) + static_cast<double>(i) / 10);
  }
  protocol::BatchBuilder builder;
  builder.add_block(keys, points, {steps, times, values, {}});
  protocol::FrameHeader header;
  header.kind = protocol::Kind::kBatch;
  header.run = run;
  header.writer = writer;
  header.sequence = sequence;
  return protocol::make_frame(header, builder.finish());
}

inline std::string open_frame(RunId run, WriterId writer) {
  wire::OpenT open;
  open.experiment = "test";
  return protocol::make_frame_of(protocol::Kind::kOpen, open, run, writer, 1);
}

inline RunId run_id(std::uint8_t n) {
  return RunId{{n, 1, 2, 3}};
}
inline WriterId writer_id(std::uint8_t n) {
  return WriterId{{n, 9, 8, 7}};
}

}  // namespace stepwell::client
