#include "protocol/client/unanswered.hpp"

#include <algorithm>

namespace stepwell::client {

void Unanswered::add(RunId run, WriterId writer, std::uint64_t last, std::size_t bytes) {
  streams_[{run, writer}].push_back({last, bytes});
  bytes_ += bytes;
  ++frames_;
}

void Unanswered::drop(const Frame& frame) {
  bytes_ -= frame.bytes;
  --frames_;
}

Unanswered::Frames* Unanswered::find(const wire::Position& position) {
  const auto it = streams_.find({protocol::from_wire<RunId>(position.run()),
                                 protocol::from_wire<WriterId>(position.writer())});
  return it == streams_.end() ? nullptr : &it->second;
}

void Unanswered::decided(const wire::Position& up_to) {
  Frames* frames = find(up_to);
  if (!frames) return;
  // A frame that was sent again may stand behind higher ones.
  std::erase_if(*frames, [&](const Frame& frame) {
    if (frame.last > up_to.sequence()) return false;
    drop(frame);
    return true;
  });
}

void Unanswered::gap(const wire::Position& position, std::uint64_t expected) {
  answered(position);
  Frames* frames = find(position);
  if (!frames) return;
  std::erase_if(*frames, [&](const Frame& frame) {
    if (frame.last < expected || frame.last >= position.sequence()) return false;
    drop(frame);
    return true;
  });
}

void Unanswered::answered(const wire::Position& position) {
  Frames* frames = find(position);
  if (!frames || frames->empty()) return;
  auto it = std::ranges::find(*frames, position.sequence(), &Frame::last);
  if (position.sequence() == 0) it = frames->begin();
  if (it == frames->end()) return;
  drop(*it);
  frames->erase(it);
}

}  // namespace stepwell::client
