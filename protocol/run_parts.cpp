#include "protocol/run_parts.hpp"

#include <iterator>
#include <utility>

namespace stepwell::protocol {
namespace {

// About what an entry takes in a frame beside its text.
constexpr std::size_t kEntryBytes = 64;

std::size_t bytes_of(const wire::TextT& text) {
  return kEntryBytes + text.key.size() + text.value.size();
}
std::size_t bytes_of(const wire::LatestMetricT& metric) {
  return kEntryBytes + metric.key.size() + metric.context.size();
}
std::size_t bytes_of(const wire::LossT& loss) {
  std::size_t bytes = kEntryBytes + loss.reason.size();
  for (const auto& series : loss.series) bytes += kEntryBytes + series->key.size();
  return bytes;
}
std::size_t bytes_of(const wire::WriterInfoT& writer) {
  return kEntryBytes + writer.slot.size();
}

class Splitter {
 public:
  explicit Splitter(std::unique_ptr<wire::RunInfoT> info) { part_.info = std::move(info); }

  template <typename Entry>
  void add(std::vector<Entry>& whole, std::vector<Entry> wire::RunDataT::* list) {
    for (Entry& entry : whole) {
      if (bytes_ >= kRunPartBytes) flush();
      bytes_ += bytes_of(*entry);
      (part_.*list).push_back(std::move(entry));
    }
  }

  std::vector<std::string> finish() {
    flush();
    return std::move(payloads_);
  }

 private:
  void flush() {
    payloads_.push_back(encode(part_));
    part_ = {};
    bytes_ = 0;
  }

  wire::RunDataT part_;
  std::size_t bytes_ = 0;
  std::vector<std::string> payloads_;
};

template <typename Entry>
void append(std::vector<Entry>& whole, std::vector<Entry>& part) {
  whole.insert(whole.end(), std::make_move_iterator(part.begin()),
               std::make_move_iterator(part.end()));
}

}  // namespace

std::vector<std::string> split_run(wire::RunDataT whole) {
  Splitter parts(std::move(whole.info));
  parts.add(whole.params, &wire::RunDataT::params);
  parts.add(whole.tags, &wire::RunDataT::tags);
  parts.add(whole.metrics, &wire::RunDataT::metrics);
  parts.add(whole.losses, &wire::RunDataT::losses);
  parts.add(whole.writers, &wire::RunDataT::writers);
  return parts.finish();
}

void join_run(wire::RunDataT& whole, wire::RunDataT part) {
  if (part.info) whole.info = std::move(part.info);
  append(whole.params, part.params);
  append(whole.tags, part.tags);
  append(whole.metrics, part.metrics);
  append(whole.losses, part.losses);
  append(whole.writers, part.writers);
}

}  // namespace stepwell::protocol
