#pragma once

// What the demo prints of a run, and its verdict.

#include <string>
#include <vector>

#include "examples/digits/account.hpp"
#include "examples/digits/stored_run.hpp"

namespace digits {

void print_params_and_tags(const StoredRun& run);
// One line a metric over all contexts, with rank 0's curve; larger charts of a few.
void print_metrics(const AllPoints& points);

// What a worker says that it sent, and what the store says that it applied.
struct WriterCount {
  std::string worker;             // The slot that it opened.
  std::uint64_t frames_sent = 0;  // Batches, and what opens, describes and ends.
  std::uint64_t frames_applied = 0;
  std::uint64_t batches_sent = 0;
  std::uint64_t batches_applied = 0;
  std::uint64_t duplicates = 0;  // Frames that came again, and were not applied again.
};

// One for each journal, in their order, and one for each slot in the store that has no journal.
std::vector<WriterCount> count_writers(const std::vector<Journal>& journals, const StoredRun& run);

// Prints both accounts. True if every distinct point sent is stored once and every batch applied
// once.
bool print_verdict(const Account& account, const std::vector<WriterCount>& writers,
                   const StoredRun& run);

}  // namespace digits
