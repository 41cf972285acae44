#pragma once

// Walks an index piece by piece, while another process may be writing it: row sums by table and by
// run, chunks against their directory entries, parts of tail blobs. A piece is read in one
// transaction, so that a caller may wait between two of them: the rows of a table or of a run, or
// some rows of a run's directory with their chunks. What was rewritten meanwhile is not looked at
// twice; what a walk passed over is the next one's.
//
// A flipped page header can crash LMDB itself: do it in a process of its own.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "engine/store/directory.hpp"
#include "engine/store/layout.hpp"

namespace stepwell::store {

struct Scrubbed {
  std::uint64_t runs = 0;
  std::uint64_t rows = 0;  // Of all summed tables.
  std::uint64_t chunks = 0;
  std::uint64_t bytes = 0;  // Of rows, chunk values and parts.
  std::uint64_t problems = 0;
};

class Scrub {
 public:
  using Visit = std::function<void(const std::string& problem)>;
  // `layout` is that of `environment`; `visit` gets a line for every problem.
  Scrub(index::Environment& environment, const Layout& layout, Visit visit);

  // The next piece; false: the walk is over. An Error: nothing can be read any more.
  Result<bool> step();
  const Scrubbed& scrubbed() const { return scrubbed_; }

 private:
  Result<void> check_table(index::Table table);
  Result<bool> next_run();
  // The first run from `from` on that any row or any sum names.
  Result<std::optional<RunNumber>> find_run(const index::ReadTransaction& transaction,
                                            RunNumber from) const;
  Result<void> check_rows(const index::ReadTransaction& transaction, RunNumber run);
  Result<void> compare(const index::ReadTransaction& transaction, const std::string& group,
                       const index::RowSum& found);
  Result<void> add_rows(const index::ReadTransaction& transaction, index::Table table,
                        std::string_view prefix, index::RowSum& sum);
  Result<void> check_chunks(RunNumber run);
  Result<void> check_tails(const index::ReadTransaction& transaction, RunNumber run);
  // Damage is told and passed over; anything else is an error.
  Result<void> tell(const std::string& where, const Result<void>& result);

  index::Environment& environment_;
  const Layout& layout_;
  const Visit visit_;
  Scrubbed scrubbed_;
  std::size_t table_ = 0;  // Next to be looked at, of those without runs.
  std::size_t unreadable_ = 0;
  RunNumber next_{0};             // Runs before it were looked at.
  std::optional<RunNumber> run_;  // Whose chunks are next.
  std::string row_after_;         // Of its directory.
};

}  // namespace stepwell::store
