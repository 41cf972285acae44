#include <algorithm>

#include "engine/tracking/fold.hpp"
#include "protocol/limits.hpp"
#include "tests/fuzz/targets.hpp"
#include "tests/tracking/frames.hpp"
#include "tests/tracking/map_rows.hpp"

namespace stepwell::fuzz {
namespace {

using tracking::MapRows;

// One step of a script: {u8 kind, u8 run and writer, u8 sequence, u8 door and group end, u16
// length}, then the payload.
std::string next_frame(Decoder& in, wal::Envelope& envelope, bool& ends_group) {
  protocol::FrameHeader header;
  header.kind = static_cast<protocol::Kind>(in.get<std::uint8_t>());
  const auto who = in.get<std::uint8_t>();
  header.run = who & 0x80 ? RunId{} : tracking::run_id(who & 3);
  header.writer = who & 0x40 ? WriterId{} : tracking::writer_id(1 + (who >> 2 & 3));
  header.sequence = in.get<std::uint8_t>();
  const auto how = in.get<std::uint8_t>();
  envelope.door = static_cast<wal::Door>(1 + how % 3);
  envelope.kind = static_cast<std::uint16_t>(header.kind);
  envelope.arrival_ms = 1000 + how;
  ends_group = how & 0x80;
  const std::size_t length = in.get<std::uint16_t>();
  return protocol::make_frame(header, in.take(std::min(length, in.rest().size())));
}

bool same(const store::Verdict& a, const store::Verdict& b) {
  return a.code == b.code && a.expected == b.expected && a.first_step == b.first_step &&
         a.text == b.text;
}

void check_blocks(const MapRows& rows) {
  for (const store::PointBlock& block : rows.blocks) {
    STEPWELL_ASSERT(!block.series->empty());
    for (std::size_t i = 0; i < block.points; ++i) {
      (void)(block.steps[i] ^ block.times[i]);
      STEPWELL_ASSERT(block.key_index.empty() || block.key_index[i] < block.series->size());
    }
  }
}

void check_rows(const MapRows& rows) {
  for (const auto& [key, value] : rows.rows()) {
    STEPWELL_ASSERT(!key.second.empty() && key.second.size() <= store::kRowKeyBytesMax);
    if (key.first == tracking::table::kWriters.value) {
      const auto writer = tracking::WriterRow::decode(value);
      STEPWELL_ASSERT(writer.has_value() && writer.value().holes.size() <= protocol::kHolesMax);
      std::uint64_t after = 0;
      for (const tracking::Hole& hole : writer.value().holes) {
        STEPWELL_ASSERT(hole.from > after && hole.from <= hole.to);
        after = hole.to;
      }
      STEPWELL_ASSERT(after < writer.value().next);
    }
    if (key.first == tracking::table::kRuns.value) {
      const auto run = tracking::RunRow::decode(value);
      STEPWELL_ASSERT(run.has_value() && run.value().open_writers <= run.value().writers);
    }
  }
}

}  // namespace

void apply(Bytes input) {
  std::vector<std::string> frames;
  MapRows rows, forgetful_rows;
  tracking::Fold fold;
  wal::RecordView record;
  Decoder in(as_text(input));
  while (!in.done() && in.ok() && frames.size() < 200) {
    bool ends_group = false;
    frames.push_back(next_frame(in, record.envelope, ends_group));
    record.lsn = Lsn{frames.size()};
    record.payload = as_bytes(frames.back());
    const auto verdict = fold.apply(rows, record);
    STEPWELL_ASSERT(verdict.has_value());
    if (ends_group) STEPWELL_ASSERT(fold.end_group(rows).has_value());

    // A fold that remembers nothing reads everything from the rows, and says the same.
    tracking::Fold young;
    const auto again = young.apply(forgetful_rows, record);
    STEPWELL_ASSERT(again.has_value() && same(verdict.value(), again.value()));
    STEPWELL_ASSERT(young.end_group(forgetful_rows).has_value());
    check_blocks(rows);
    rows.blocks.clear();
    forgetful_rows.blocks.clear();
  }
  STEPWELL_ASSERT(fold.end_group(rows).has_value());
  STEPWELL_ASSERT(rows.rows() == forgetful_rows.rows());
  check_rows(rows);
}

}  // namespace stepwell::fuzz
