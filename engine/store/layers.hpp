#pragma once

// Who sees what: the published LSN, the active and the frozen generation, and the index below them,
// taken and swapped under one lock. Readers take a snapshot; the sequencer writes the active
// generation and publishes; a checkpoint freezes, and thaws when the index has everything.

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "engine/store/fold.hpp"
#include "engine/store/generation.hpp"
#include "engine/store/layout.hpp"
#include "engine/store/snapshot.hpp"

namespace stepwell::store {

class Layers {
 public:
  // Everything up to `applied` is in the index.
  Layers(index::Environment& environment, const Layout& layout, Lsn applied);

  // Any thread.
  Result<Snapshot> snapshot() const;
  Lsn published() const;
  // Bytes of both generations.
  std::uint64_t bytes() const;

  // Sequencer. What the fold reads and writes while it applies one group: it sees its own writes,
  // and nobody else does before publish(). Short-lived.
  class Transaction final : public ApplyTransaction {
   public:
    Transaction(GenerationPtr active, std::unique_ptr<LayeredReader> reader, Lsn published)
        : active_(std::move(active)), reader_(std::move(reader)), published_(published) {}
    // Writes from now on belong to this record; `memory` keeps its bytes.
    void begin(Lsn lsn, std::shared_ptr<const void> memory);

    Result<std::optional<std::string>> get(TableNumber table, std::string_view key) const override;
    Result<void> scan(TableNumber table, std::string_view prefix, std::string_view from,
                      const RowVisitor& visit) const override;
    void put(TableNumber table, std::string_view key, std::string value) override;
    void erase(TableNumber table, std::string_view key) override;
    void add_points(PointBlock block) override;
    void retire(RunNumber run) override { active_->retire(run); }

   private:
    GenerationPtr active_;
    std::unique_ptr<LayeredReader> reader_;
    Lsn published_;
    Lsn lsn_;
    std::shared_ptr<const void> memory_;
  };
  Result<Transaction> begin();
  void publish(Lsn lsn);

  struct Frozen {
    GenerationPtr generation;
    Lsn up_to;
  };
  // The active generation becomes the frozen one; there is none yet. Everything applied is
  // published.
  Frozen freeze();
  // The index has the frozen generation.
  void thaw();
  bool active_is_empty() const;
  std::uint64_t active_bytes() const;

 private:
  Result<std::unique_ptr<LayeredReader>> reader_locked(Lsn as_of) const;

  index::Environment& environment_;
  const Layout& layout_;
  mutable std::mutex mutex_;
  GenerationPtr active_ = std::make_shared<Generation>();
  GenerationPtr frozen_;
  Lsn published_;
};

}  // namespace stepwell::store
