#include "engine/tracking/digest.hpp"

#include <xxhash.h>

#include <map>
#include <memory>

#include "engine/base/bytes.hpp"
#include "engine/tracking/history.hpp"
#include "engine/tracking/row_keys.hpp"

namespace stepwell::tracking {
namespace {

class Hasher {
 public:
  Hasher() : state_(XXH3_createState(), XXH3_freeState) { XXH3_128bits_reset(state_.get()); }
  template <typename T>
  Hasher& put(T value) {
    XXH3_128bits_update(state_.get(), &value, sizeof value);
    return *this;
  }
  Hasher& text(std::string_view value) {
    put(std::uint64_t{value.size()});
    XXH3_128bits_update(state_.get(), value.data(), value.size());
    return *this;
  }
  std::string hex() const {
    const XXH128_hash_t hash = XXH3_128bits_digest(state_.get());
    return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
  }

 private:
  std::unique_ptr<XXH3_state_t, decltype(&XXH3_freeState)> state_;
};

Result<void> add_texts(Hasher& hash, const View& view, TableNumber table, std::uint64_t owner) {
  TRY(const auto texts, view.texts(table, owner));
  hash.put(std::uint64_t{texts.size()});
  for (const auto& [key, value] : texts) hash.text(key).text(value);
  return ok();
}

Result<void> add_experiments(Hasher& hash, const View& view) {
  std::map<std::string, std::pair<std::uint64_t, bool>> by_name;
  wire::ListExperimentsT question;
  question.stage = wire::ViewStage::All;
  do {
    TRY(const auto page, view.list_experiments(question));
    for (const auto& info : page.experiments) by_name[info->name] = {info->id, info->deleted};
    question.after = page.next;
  } while (question.after != 0);
  for (const auto& [name, experiment] : by_name) {
    hash.text(name).put(experiment.second);
    TRY(add_texts(hash, view, table::kExperimentTags, experiment.first));
  }
  return ok();
}

Result<void> add_writers(Hasher& hash, const View& view, RunNumber number, const RunRow& run) {
  TRY(const auto writers, view.writers_of(number));
  for (const auto& [id, row] : writers) {
    hash.put(id.bytes).put(row.next).put(row.closed_holes).put(row.batches);
    hash.text(row.slot)
        .put(row.is_open_in(run))
        .put(row.status)
        .put(std::uint64_t{row.holes.size()});
    // Not the points that are missing: how they are told apart when a hole is filled in part
    // depends on the order in which that happens.
    for (const Hole& hole : row.holes) {
      hash.put(hole.from).put(hole.to).put(hole.rejected).put(hole.verdict);
    }
  }
  return ok();
}

Result<std::uint64_t> add_points(Hasher& hash, const View& view, const RunId& id) {
  wire::HistoryT question;
  question.run = std::make_unique<wire::Id>(protocol::to_wire(id));
  question.all_contexts = true;
  TRY(auto history, History::plan(view, question));
  while (true) {
    TRY(const auto page, history.next_page(view));
    if (!page) return history.points();
    hash.text(page->series->key).text(page->series->context);
    for (const Point point : page->points) {
      hash.put(point.step).put(point.timestamp_ms).put(point.bits());
    }
  }
}

}  // namespace

Result<Digest> digest_of(const View& view) {
  Digest digest;
  Hasher hash;
  TRY(add_experiments(hash, view));
  std::vector<std::pair<RunId, RunNumber>> runs;
  TRY(view.rows().scan(table::kRunIds, {}, {}, [&](std::string_view key, std::string_view value) {
    RunId id;
    std::memcpy(id.bytes.data(), key.data(), std::min<std::size_t>(16, key.size()));
    runs.emplace_back(id, RunNumber{Decoder(value).big<std::uint64_t>()});
    return true;
  }));
  for (const auto& [id, number] : runs) {
    TRY(const auto row, view.rows().get(table::kRuns, key_of(number.value)));
    if (!row) return fail(ErrorKind::kCorrupt, "index: run {} has an id but no row", id.hex());
    TRY(const auto run, RunRow::decode(*row));
    TRY(const auto experiment, view.experiment(run.experiment));
    if (!experiment) return fail(ErrorKind::kCorrupt, "index: run {} has no experiment", id.hex());
    hash.put(id.bytes).text(experiment->name).text(run.name).text(run.user).put(run.status);
    hash.put(is_deleted(run, *experiment)).put(run.start_ms).put(run.end_ms).put(run.batches);
    TRY(add_texts(hash, view, table::kParams, number.value));
    TRY(add_texts(hash, view, table::kTags, number.value));
    TRY(add_writers(hash, view, number, run));
    TRY(const auto points, add_points(hash, view, id));
    digest.points += points;
    ++digest.runs;
  }
  digest.hex = hash.hex();
  return digest;
}

}  // namespace stepwell::tracking
