// What a run takes: View's answer to those who want to know what a purge would free.

#include "engine/tracking/row_keys.hpp"
#include "engine/tracking/view.hpp"

namespace stepwell::tracking {

Result<wire::RunStorageDataT> View::run_storage(const RunId& id) const {
  TRY(const auto number, find_run(id));
  if (!number) return fail(ErrorKind::kNotFound, "run {} does not exist", id.hex());
  TRY(const auto row, rows().get(table::kRuns, key_of(number->value)));
  if (!row) return fail(ErrorKind::kCorrupt, "index: run {} has an id but no row", id.hex());
  TRY(const auto run, RunRow::decode(*row));
  TRY(const store::RunStorage storage, snapshot_.storage(*number));
  wire::RunStorageDataT data;
  data.series = run.series;
  data.points = storage.points;
  data.chunk_bytes = storage.chunk_bytes;
  data.tail_bytes = storage.tail_bytes;
  data.row_bytes = storage.row_bytes;
  return data;
}

}  // namespace stepwell::tracking
