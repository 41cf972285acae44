#include "protocol/log_batch.hpp"

#include "protocol/limits.hpp"
#include "protocol/schema/commands_generated.h"

namespace stepwell::protocol {
namespace {

using Texts = flatbuffers::Vector<flatbuffers::Offset<wire::Text>>;

Result<std::vector<TextView>> texts_of(std::string_view what, const Texts* list) {
  std::vector<TextView> texts;
  if (!list) return texts;
  if (list->size() > kEntriesMax) {
    return fail(ErrorKind::kInvalid, "{} {}s in a frame, at most {}", list->size(), what,
                kEntriesMax);
  }
  texts.reserve(list->size());
  for (const wire::Text* text : *list) {
    texts.push_back({{text->key()->c_str(), text->key()->size()},
                     {text->value()->c_str(), text->value()->size()}});
  }
  return texts;
}

}  // namespace

Result<LogBatchView> LogBatchView::parse(Bytes payload) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(payload.data());
  flatbuffers::Verifier verifier(data, payload.size(), 3, kBlocksMax + 2 * kEntriesMax + 1);
  if (!verifier.VerifyBuffer<wire::LogBatch>(nullptr)) {
    return fail(ErrorKind::kInvalid, "log_batch payload of {} bytes is not well-formed",
                payload.size());
  }
  const auto* message = flatbuffers::GetRoot<wire::LogBatch>(data);
  LogBatchView view;
  view.single = message->single();
  TRY(view.params, texts_of("param", message->params()));
  TRY(view.tags, texts_of("tag", message->tags()));
  if (message->blocks() && message->blocks()->size() > 0) {
    // A LogBatch begins as a Batch does, and a reader ignores fields that it does not know.
    TRY(view.metrics, BatchView::parse(payload));
  }
  return view;
}

}  // namespace stepwell::protocol
