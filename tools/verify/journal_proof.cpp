#include "tools/verify/journal_proof.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "engine/tracking/history.hpp"
#include "protocol/context.hpp"
#include "protocol/text.hpp"
#include "tools/load/profile.hpp"
#include "tools/verify/expected_run.hpp"
#include "tools/verify/steps_proof.hpp"

namespace stepwell::tools {
namespace {

using protocol::Kind;
using protocol::VerdictCode;

struct WriterPart {
  std::uint64_t stream = 0;
  std::uint64_t next = 1;  // In the store.
  const StreamJournal* journal = nullptr;
};

std::string show(const Point& point) {
  return fmt::format("(step {}, time {}, value {} = {:016x})", point.step, point.timestamp_ms,
                     point.value, point.bits());
}

class RunProof {
 public:
  RunProof(const tracking::View& view, Profile& profile, RunId run, JournalProof& proof)
      : view_(view), profile_(profile), run_(run), proof_(proof) {}

  void add(std::uint64_t stream, const StreamJournal& journal) {
    writers_[profile_.writer(stream)] = {stream, 1, &journal};
    proof_.acknowledged += journal.acknowledged;
  }

  Result<void> prove() {
    ++proof_.runs;
    TRY(const auto data, view_.run(run_));
    if (!data) {
      for (const auto& [id, writer] : writers_) {
        if (writer.journal->acknowledged > 0)
          fault("is missing, but writer {} was acknowledged", id.hex());
      }
      return ok();
    }
    check_positions(*data);
    check_losses(*data);
    ExpectedRun expected;
    TRY(make(expected));
    if (data->info->batches != expected.batches) {
      fault("counts {} batches applied, its writers' positions say {}", data->info->batches,
            expected.batches);
    }
    check_texts("param", data->params, expected.params);
    check_texts("tag", data->tags, expected.tags);
    check_ends(*data);
    return profile_.info().server_steps ? prove_steps() : prove_points(expected);
  }

 private:
  template <typename... Args>
  void fault(fmt::format_string<Args...> format, Args&&... args) {
    proof_.add_fault(
        fmt::format("run {} {}", run_.hex(), fmt::format(format, std::forward<Args>(args)...)));
  }

  void check_positions(const wire::RunDataT& data) {
    for (const auto& info : data.writers) {
      const auto id = protocol::from_wire<WriterId>(*info->writer);
      const auto it = writers_.find(id);
      if (it == writers_.end()) {
        fault("has writer {} that was never sent", id.hex());
        continue;
      }
      it->second.next = info->next;
      batches_[id] = info->batches;
    }
    for (const auto& [id, writer] : writers_) {
      ++proof_.writers;
      if (writer.journal->acknowledged >= writer.next) {
        fault("writer {}: acknowledged up to {}, the store holds up to {}", id.hex(),
              writer.journal->acknowledged, writer.next - 1);
      }
      if (writer.next - 1 > writer.journal->sent) {
        fault("writer {}: the store holds up to {}, sent was up to {}", id.hex(), writer.next - 1,
              writer.journal->sent);
      }
    }
  }

  // Only the contested param may have been rejected, and nothing may have been skipped.
  void check_losses(const wire::RunDataT& data) {
    for (const auto& loss : data.losses) {
      const auto id = protocol::from_wire<WriterId>(*loss->writer);
      const bool contested = loss->rejected && loss->from == kContestedSequence &&
                             loss->to == loss->from && profile_.info().name == "mixed";
      if (contested)
        losers_.push_back(id);
      else
        fault("writer {}: sequences {} to {} are lost: {}", id.hex(), loss->from, loss->to,
              loss->reason);
    }
    for (const auto& [id, writer] : writers_) {
      const bool lost = std::ranges::count(losers_, id) > 0;
      const auto verdict = writer.journal->verdicts.find(kContestedSequence);
      const bool told_lost = verdict != writer.journal->verdicts.end();
      if (told_lost && !lost)
        fault("writer {}: was told that its param lost, the store says it won", id.hex());
      for (const auto& [sequence, code] : writer.journal->verdicts) {
        if (sequence == kContestedSequence && code == VerdictCode::kConflict) continue;
        fault("writer {}: sequence {} was rejected: {}", id.hex(), sequence,
              protocol::to_string(code));
      }
    }
  }

  Result<void> make(ExpectedRun& expected) {
    std::uint64_t winners = 0, contestants = 0;
    for (const auto& [id, writer] : writers_) {
      const std::uint64_t before = expected.batches;
      const std::uint64_t last = std::min(writer.next - 1, profile_.length(writer.stream));
      for (std::uint64_t sequence = 1; sequence <= last; ++sequence) {
        if (sequence == kContestedSequence && profile_.info().name == "mixed") {
          ++contestants;
          if (std::ranges::count(losers_, id) > 0) continue;
          ++winners;
        }
        const auto frame = protocol::read_frame(as_bytes(profile_.frame(writer.stream, sequence)));
        if (!frame) return frame.error();
        TRY(expected.apply(frame.value()));
      }
      const auto stored = batches_.find(id);
      if (stored != batches_.end() && stored->second != expected.batches - before) {
        fault("writer {}: counts {} batches applied, its position says {}", id.hex(),
              stored->second, expected.batches - before);
      }
    }
    if (contestants > 0 && winners != 1) fault("has {} winners of the contested param", winners);
    proof_.batches += expected.batches;
    expected.finish();
    return ok();
  }

  void check_texts(const char* what, const std::vector<std::unique_ptr<wire::TextT>>& stored,
                   std::map<std::string, std::string> expected) {
    for (const auto& text : stored) {
      const auto it = expected.find(text->key);
      if (it == expected.end()) {
        fault("has {} {} that was never sent", what, protocol::quoted(text->key));
        continue;
      }
      if (it->second != text->value) {
        fault("{} {} is {}, expected {}", what, protocol::quoted(text->key),
              protocol::quoted(text->value), protocol::quoted(it->second));
      }
      expected.erase(it);
    }
    for (const auto& [key, value] : expected)
      fault("{} {} is missing", what, protocol::quoted(key));
  }

  void check_ends(const wire::RunDataT& data) {
    bool any_open = false;
    for (const auto& info : data.writers) {
      const auto it = writers_.find(protocol::from_wire<WriterId>(*info->writer));
      if (it == writers_.end()) continue;
      const std::uint64_t length = profile_.length(it->second.stream);
      const bool ended =
          info->next > length && profile_.kind(it->second.stream, length) == Kind::kEnd;
      if (info->open == ended) {
        fault("writer {} is {}, its position says {}", it->first.hex(),
              info->open ? "open" : "ended", ended ? "ended" : "open");
      }
      any_open |= info->open;
    }
    const bool running = data.info->status == wire::RunStatus::Running;
    if (running != any_open) {
      fault("has status {}, but {} of its writers is open",
            wire::EnumNameRunStatus(data.info->status), any_open ? "one" : "none");
    }
  }

  Result<tracking::History> plan() {
    wire::HistoryT question;
    question.run = std::make_unique<wire::Id>(protocol::to_wire(run_));
    question.all_contexts = true;
    return tracking::History::plan(view_, question);
  }

  Result<void> prove_points(const ExpectedRun& expected) {
    TRY(auto history, plan());
    std::map<SeriesKey, std::size_t> found;  // How many points of each series.
    while (true) {
      TRY(const auto page, history.next_page(view_));
      if (!page) break;
      const SeriesKey key{page->series->key, page->series->context};
      const auto wanted = expected.points.find(key);
      std::size_t& at = found[key];
      for (const Point point : page->points) {
        if (wanted == expected.points.end() || at >= wanted->second.size() ||
            !(wanted->second[at] == point)) {
          tell_difference(key,
                          wanted == expected.points.end() || at >= wanted->second.size()
                              ? nullptr
                              : &wanted->second[at],
                          point);
          return ok();  // One place a run says enough.
        }
        ++at;
      }
      proof_.points += page->points.size();
    }
    for (const auto& [key, points] : expected.points) {
      if (found[key] == points.size()) continue;
      fault("series {}{}: {} points, expected {}; the first missing one is {}", key.first,
            protocol::show_context(key.second), found[key], points.size(),
            show(points[found[key]]));
    }
    return ok();
  }

  void tell_difference(const SeriesKey& key, const Point* wanted, const Point& found) {
    fault("series {}{}: found {}, expected {}", key.first, protocol::show_context(key.second),
          show(found), wanted ? show(*wanted) : "no further point");
  }

  Result<void> prove_steps() {
    TRY(auto history, plan());
    std::map<std::string, std::vector<Point>> series;
    while (true) {
      TRY(auto page, history.next_page(view_));
      if (!page) break;
      auto& points = series[page->series->key];
      points.insert(points.end(), page->points.begin(), page->points.end());
      proof_.points += page->points.size();
    }
    std::vector<StepsWriter> writers(profile_.info().writers_per_run);
    for (const auto& [id, writer] : writers_) {
      writers[profile_.writer_index(writer.stream)] = {writer.stream, writer.next, writer.journal};
    }
    for (std::string& text : prove_assigned_steps(profile_, writers, series)) fault("{}", text);
    return ok();
  }

  const tracking::View& view_;
  Profile& profile_;
  const RunId run_;
  JournalProof& proof_;
  std::map<WriterId, WriterPart> writers_;
  std::map<WriterId, std::uint64_t> batches_;  // As the store counts them.
  std::vector<WriterId> losers_;
};

Result<void> prove_no_others(const tracking::View& view, const std::map<RunId, int>& known,
                             JournalProof& proof) {
  wire::ListRunsT question;
  question.stage = wire::ViewStage::All;
  do {
    TRY(const auto page, view.list_runs(question));
    for (const auto& info : page.runs) {
      const auto id = protocol::from_wire<RunId>(*info->run);
      if (!known.contains(id)) proof.add_fault(fmt::format("run {} was never sent", id.hex()));
    }
    question.after = page.next;
  } while (question.after != 0);
  return ok();
}

}  // namespace

Result<JournalProof> prove_journals(const tracking::View& view,
                                    const std::vector<Journal>& journals) {
  JournalProof proof;
  std::map<RunId, int> known;
  for (const Journal& journal : journals) {
    TRY(const auto profile, Profile::make(journal.start.profile, journal.start.seed));
    std::map<std::uint64_t, std::vector<std::uint64_t>> runs;  // Streams of each.
    for (const auto& [stream, said] : journal.streams)
      runs[profile->run_index(stream)].push_back(stream);
    for (const auto& [index, streams] : runs) {
      const RunId id = profile->run(streams.front());
      known[id] = 1;
      RunProof run(view, *profile, id, proof);
      for (const std::uint64_t stream : streams) run.add(stream, journal.streams.at(stream));
      TRY(run.prove());
    }
  }
  TRY(prove_no_others(view, known, proof));
  return proof;
}

}  // namespace stepwell::tools
