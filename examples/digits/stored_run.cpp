#include "examples/digits/stored_run.hpp"

#include <stdexcept>

#include "protocol/batch.hpp"
#include "protocol/client/reader.hpp"
#include "protocol/context.hpp"

namespace digits {
namespace {

using stepwell::protocol::BatchView;
using stepwell::protocol::BlockView;

[[noreturn]] void give_up(const stepwell::Error& error) {
  throw std::runtime_error(error.text);
}

// "rank=1", as journals name it.
std::string plain_context(std::string_view canonical) {
  auto labels = stepwell::protocol::decode_context(canonical);
  if (!labels) give_up(labels.error());
  std::string plain;
  for (const auto& [key, value] : labels.value())
    plain += (plain.empty() ? "" : ",") + key + "=" + value;
  return plain;
}

void add_block(const BlockView& block, AllPoints& to) {
  std::size_t first = 0;
  block.keys.for_each([&](std::string_view key, std::string_view context) {
    Points& points = to[{std::string(key), plain_context(context)}];
    const auto values = block.values.from(first);
    for (std::size_t i = 0; i < block.points; ++i)
      points.push_back({block.steps[i], block.times[i], values[i]});
    first += block.points;
  });
}

}  // namespace

StoredRun read_run(const std::string& address, const std::string& run_id,
                   const std::function<void(std::uint64_t)>& on_progress) {
  const auto run = stepwell::RunId::parse(run_id);
  if (!run) throw std::runtime_error("not a run id: " + run_id);
  auto reader = stepwell::client::BlockingReader::open(address);
  if (!reader) give_up(reader.error());
  auto about = reader.value()->get_run(*run);
  if (!about) give_up(about.error());

  StoredRun stored{std::move(about.value()), {}};
  stepwell::wire::HistoryT question;
  question.run = std::make_unique<stepwell::wire::Id>(stepwell::protocol::to_wire(*run));
  question.all_contexts = true;
  std::uint64_t points = 0;
  std::string fault;
  auto told = reader.value()->history(question, [&](stepwell::Bytes payload) {
    auto batch = BatchView::parse(payload);
    if (!batch) {
      fault = batch.error().text;
      return false;
    }
    for (const BlockView& block : batch.value().blocks) add_block(block, stored.points);
    on_progress(points += batch.value().points());
    return true;
  });
  if (!told) give_up(told.error());
  if (!fault.empty()) throw std::runtime_error("history: " + fault);
  if (told.value() != points)
    throw std::runtime_error("the server says " + std::to_string(told.value()) + " points, " +
                             std::to_string(points) + " came");
  return stored;
}

}  // namespace digits
