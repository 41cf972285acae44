#include <string>

#include "protocol/batch.hpp"
#include "protocol/log_batch.hpp"
#include "protocol/messages.hpp"
#include "tests/fuzz/targets.hpp"

namespace stepwell::fuzz {
namespace {

// What decodes must encode, and decode again to the same bytes.
template <typename Native>
void decode_as(Bytes payload) {
  const auto message = protocol::decode<Native>(payload);
  if (!message) return;
  const std::string once = protocol::encode(message.value());
  const std::string padded = protocol::make_frame({}, once);
  const auto again =
      protocol::decode<Native>(as_bytes(padded).subspan(sizeof(protocol::FrameHeader)));
  // A list may hold more than a payload written anew is allowed to.
  if (again) STEPWELL_ASSERT(protocol::encode(again.value()) == once);
}

void read_batch(Bytes payload) {
  const auto batch = protocol::BatchView::parse(payload);
  if (!batch) return;
  std::uint64_t points = 0;
  for (const protocol::BlockView& block : batch.value().blocks) {
    const bool keys_are_good = protocol::check_keys(block.keys).has_value();
    std::uint32_t keys = 0;
    block.keys.for_each([&](std::string_view key, std::string_view) {
      STEPWELL_ASSERT(!keys_are_good || !key.empty());
      ++keys;
    });
    STEPWELL_ASSERT(keys == block.keys.count);
    STEPWELL_ASSERT(block.keys == block.keys && block.keys.hash() == block.keys.hash());
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < block.points; ++i) {
      if (block.step_source == protocol::StepSource::kWriter) sum ^= block.steps[i];
      if (block.time_source == protocol::TimeSource::kWriter) sum ^= block.times[i];
      if (block.is_rows()) STEPWELL_ASSERT(block.key_index[i] < keys);
    }
    for (std::size_t i = 0; i < block.values_count(); ++i) {
      sum ^= std::bit_cast<std::int64_t>(block.values[i]);
    }
    points += block.values_count() + static_cast<std::uint64_t>(sum & 0);
  }
  STEPWELL_ASSERT(points == batch.value().points());
}

void read_payload(Bytes payload) {
  read_batch(payload);
  if (const auto logged = protocol::LogBatchView::parse(payload)) {
    for (const protocol::TextView& text : logged.value().params) {
      STEPWELL_ASSERT(text.key.size() + text.value.size() <= payload.size());
    }
  }
  decode_as<wire::HelloT>(payload);
  decode_as<wire::WelcomeT>(payload);
  decode_as<wire::PositionsT>(payload);
  decode_as<wire::AckT>(payload);
  decode_as<wire::ErrorT>(payload);
  decode_as<wire::OpenT>(payload);
  decode_as<wire::ParamsT>(payload);
  decode_as<wire::EndT>(payload);
  decode_as<wire::SkipT>(payload);
  decode_as<wire::RefusedT>(payload);
  decode_as<wire::CreateExperimentT>(payload);
  decode_as<wire::UpdateExperimentT>(payload);
  decode_as<wire::ExperimentTagT>(payload);
  decode_as<wire::CreateRunT>(payload);
  decode_as<wire::UpdateRunT>(payload);
  decode_as<wire::DeleteTagT>(payload);
  decode_as<wire::PurgeRunT>(payload);
  decode_as<wire::PurgeExperimentT>(payload);
  decode_as<wire::RunStorageT>(payload);
  decode_as<wire::RunStorageDataT>(payload);
  decode_as<wire::ExperimentsT>(payload);
  decode_as<wire::RunsT>(payload);
  decode_as<wire::RunDataT>(payload);
  decode_as<wire::HistoryT>(payload);
  decode_as<wire::BucketsT>(payload);
  decode_as<wire::BucketColumnsT>(payload);
  decode_as<wire::ReadDoneT>(payload);
}

}  // namespace

void frame(Bytes input) {
  // As it came: the hashes stop nearly everything.
  const std::string raw(as_text(input));  // A string's bytes are 8-aligned.
  if (const auto read = protocol::read_frame(as_bytes(raw))) {
    STEPWELL_ASSERT(read.value().bytes.size() <= raw.size());
    read_payload(read.value().payload());
  }
  if (raw.size() >= sizeof(protocol::FrameHeader)) {
    // The same with its hashes made good, so that what lies behind them is reached too.
    auto header = load_le<protocol::FrameHeader>(raw.data());
    const std::string_view payload = std::string_view(raw).substr(sizeof header);
    const std::string sealed = protocol::make_frame(header, payload);
    const auto read = protocol::read_frame(as_bytes(sealed));
    const bool known =
        header.magic == protocol::kFrameMagic && header.version == 1 && header.flags == 0;
    STEPWELL_ASSERT(read.has_value() == known);
    read_payload(as_bytes(sealed).subspan(sizeof header));
  }
}

}  // namespace stepwell::fuzz
