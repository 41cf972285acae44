#pragma once

// Proves from a store alone that it holds what journals say was acknowledged, each batch applied
// once, and nothing that was never sent. Each batch is made again from profile and seed; for each
// writer the store's own position N says which are claimed (those below N): none acknowledged may
// lie above, none never sent below, and the points, params, tags, ends and counters must be exactly
// those of them.

#include <cstdint>
#include <string>
#include <vector>

#include "engine/tracking/view.hpp"
#include "tools/load/journal.hpp"

namespace stepwell::tools {

struct JournalProof {
  std::uint64_t runs = 0;
  std::uint64_t writers = 0;
  std::uint64_t batches = 0;       // Claimed by the store.
  std::uint64_t acknowledged = 0;  // Sequences, by the journals.
  std::uint64_t points = 0;        // Distinct ones, found and expected.
  std::vector<std::string> faults;
  std::uint64_t faults_beyond = 0;  // Not listed: there are too many.

  void add_fault(std::string text) {
    if (faults.size() < kFaultsMax)
      faults.push_back(std::move(text));
    else
      ++faults_beyond;
  }
  static constexpr std::size_t kFaultsMax = 100;
};

// An Error is a store or a journal that cannot be read; a fault is what they disagree on.
Result<JournalProof> prove_journals(const tracking::View& view,
                                    const std::vector<Journal>& journals);

}  // namespace stepwell::tools
