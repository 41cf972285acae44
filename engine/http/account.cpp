// A run's loss account: what its writers no longer had, or what was refused of them.

#include "engine/http/handlers.hpp"
#include "engine/http/json_writer.hpp"
#include "protocol/messages.hpp"

namespace stepwell::http {
namespace {

std::int64_t number(std::uint64_t value) {
  return static_cast<std::int64_t>(value);
}

template <typename Id>
std::string hex_of(const std::unique_ptr<wire::Id>& id) {
  return id ? protocol::from_wire<Id>(*id).hex() : std::string();
}

void write_loss(JsonWriter& json, const wire::LossT& loss) {
  json.begin_object();
  json.field("writer", hex_of<WriterId>(loss.writer));
  json.field("from", number(loss.from));
  json.field("to", number(loss.to));
  json.field("rejected", loss.rejected);
  if (loss.rejected) {
    json.field("verdict", to_string(static_cast<protocol::VerdictCode>(loss.verdict)));
  }
  json.field("reason", loss.reason);
  json.field("points", number(loss.points));
  json.key("series");
  json.begin_array();
  for (const auto& series : loss.series) {
    json.begin_object();
    json.field("key", series->key);
    json.field("first_step", series->first_step);
    json.field("last_step", series->last_step);
    json.field("points", number(series->points));
    json.end_object();
  }
  json.end_array();
  json.end_object();
}

void write_writer(JsonWriter& json, const wire::WriterInfoT& writer) {
  json.begin_object();
  json.field("writer", hex_of<WriterId>(writer.writer));
  json.field("open", writer.open);
  json.field("next", number(writer.next));
  json.field("batches", number(writer.batches));
  json.field("duplicates", number(writer.duplicates));
  json.field("closed_holes", number(writer.closed_holes));
  if (!writer.slot.empty()) json.field("slot", writer.slot);
  json.end_object();
}

}  // namespace

Result<Response> get_account(Context& context, const Call& call) {
  const std::string& text = call.path_values.at(0);
  TRY(const RunId id, parse_run_id(text));
  TRY(const auto view, context.shared.tracking.snapshot());
  TRY(const auto run, view.run(id));
  if (!run) return fail(ErrorKind::kNotFound, "Run with id={} not found", id.hex());
  JsonWriter json;
  json.begin_object();
  json.field("run_id", id.hex());
  json.field("batches", number(run->info->batches));
  json.field("duplicates", number(run->info->duplicates));
  json.key("writers");
  json.begin_array();
  for (const auto& writer : run->writers) write_writer(json, *writer);
  json.end_array();
  json.key("losses");
  json.begin_array();
  for (const auto& loss : run->losses) write_loss(json, *loss);
  json.end_array();
  json.end_object();
  return json_response(json.take());
}

}  // namespace stepwell::http
