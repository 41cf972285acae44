#include "tools/describe.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/batch.hpp"
#include "protocol/context.hpp"
#include "protocol/messages.hpp"
#include "protocol/text.hpp"

namespace stepwell::tools {
namespace {

using protocol::Kind;

constexpr std::size_t kNamesShown = 3;

std::string describe_batch(Bytes payload) {
  const auto batch = protocol::BatchView::parse(payload);
  if (!batch) return "MALFORMED: " + batch.error().text;
  std::uint64_t keys = 0;
  std::string names;
  std::string steps;
  for (const auto& block : batch.value().blocks) {
    block.keys.for_each([&](std::string_view key, std::string_view context) {
      if (keys++ < kNamesShown)
        names += fmt::format(" {}{}", protocol::quoted(key), protocol::show_context(context));
    });
    if (!steps.empty()) continue;
    steps = block.step_source == protocol::StepSource::kServer
                ? "assigned by the server"
                : fmt::format("{} to {}", block.steps[0], block.steps[block.points - 1]);
  }
  return fmt::format("{} blocks, {} values, {} series:{}{}, first block's steps {}",
                     batch.value().blocks.size(), batch.value().points(), keys, names,
                     keys > kNamesShown ? " …" : "", steps);
}

std::string describe_texts(const std::vector<std::unique_ptr<wire::TextT>>& texts) {
  std::string out;
  for (const auto& text : texts) {
    out += fmt::format(" {}={}", protocol::quoted(text->key), protocol::quoted(text->value));
  }
  return out;
}

template <typename Native, typename Show>
std::string decoded(Bytes payload, const Show& show) {
  const auto message = protocol::decode<Native>(payload);
  return message ? show(message.value()) : "MALFORMED: " + message.error().text;
}

std::string describe_payload(const protocol::FrameView& frame) {
  const Bytes payload = frame.payload();
  switch (frame.header.kind) {
    case Kind::kBatch:
      return describe_batch(payload);
    case Kind::kOpen:
      return decoded<wire::OpenT>(payload, [](const wire::OpenT& open) {
        return fmt::format("experiment {}, name {}, slot {}, tags{}",
                           protocol::quoted(open.experiment), protocol::quoted(open.run_name),
                           protocol::quoted(open.slot), describe_texts(open.tags));
      });
    case Kind::kParams:
      return decoded<wire::ParamsT>(
          payload, [](const auto& p) { return "params" + describe_texts(p.params); });
    case Kind::kTags:
      return decoded<wire::TagsT>(payload,
                                  [](const auto& t) { return "tags" + describe_texts(t.tags); });
    case Kind::kEnd:
      return decoded<wire::EndT>(payload, [](const wire::EndT& end) {
        return fmt::format("status {}, at {}", wire::EnumNameRunStatus(end.status), end.end_ms);
      });
    case Kind::kSkip:
      return decoded<wire::SkipT>(payload, [](const wire::SkipT& skip) {
        return fmt::format("sequences {} to {}, {} points, reason {}", skip.from, skip.to,
                           skip.points, protocol::quoted(skip.reason));
      });
    case Kind::kRefused:
      return decoded<wire::RefusedT>(payload, [](const wire::RefusedT& refused) {
        return fmt::format("verdict {}, reason {}",
                           protocol::to_string(static_cast<protocol::VerdictCode>(refused.verdict)),
                           protocol::quoted(refused.reason));
      });
    default:
      return "";
  }
}

}  // namespace

std::string describe(const protocol::FrameView& frame) {
  const auto& header = frame.header;
  std::string line =
      fmt::format("{} run={} writer={} seq={} {} B", protocol::to_string(header.kind),
                  header.run.hex(), header.writer.hex(), header.sequence, frame.bytes.size());
  const std::string what = describe_payload(frame);
  return what.empty() ? line : line + ": " + what;
}

}  // namespace stepwell::tools
