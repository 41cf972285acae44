// Finding and reading what other processes have spooled.

#include <algorithm>
#include <map>
#include <tuple>

#include "protocol/client/replay.hpp"

namespace stepwell::client {
namespace {

constexpr std::string_view kSuffix = ".seg";
constexpr int kDepthMax = 4;  // spool / run / segment, and a level for whoever collects spools.

// Files of other kinds may lie about; a directory that cannot be listed now must not be passed
// over.
bool is_other_file(io::FileSystem& files, const std::string& path) {
  const auto file = files.open(path, io::OpenMode::kRead);
  std::byte byte;
  return file && file.value()->read_at({&byte, 1}, 0);
}

// Adds every segment below `path`. Directories are told by whether they can be listed.
Result<void> collect(io::FileSystem& files, const std::string& path, int depth,
                     std::vector<std::string>& found) {
  if (path.ends_with(kSuffix)) {
    found.push_back(path);
    return ok();
  }
  auto names = files.list(path);
  if (!names && depth > 0) {
    const bool is_gone = names.error().kind == ErrorKind::kNotFound;
    if (is_gone || is_other_file(files, path)) return ok();
  }
  if (!names) return names.error();
  if (depth >= kDepthMax) return ok();
  for (const std::string& name : names.value()) {
    const bool is_hidden = name.empty() || name.front() == '.';
    if (is_hidden || name == "rejected" || name == "lost") continue;
    // Files of other kinds have an extension; runs' directories have none.
    if (!name.ends_with(kSuffix) && name.find('.') != std::string::npos) continue;
    TRY(collect(files, path + "/" + name, depth + 1, found));
  }
  return ok();
}

Result<SegmentHeader> header_of(io::FileSystem& files, const std::string& path,
                                std::uint64_t& size) {
  TRY(const auto file, files.open(path, io::OpenMode::kRead));
  TRY(size, file->size());
  std::byte start[sizeof(SegmentHeader)];
  TRY(const std::size_t got, file->read_at(start, 0));
  return read_segment_header(Bytes(start).first(got));
}

}  // namespace

Result<SpoolListing> list_spool(io::FileSystem& files, const std::vector<std::string>& paths) {
  std::vector<std::string> found;
  for (const std::string& path : paths) {
    TRY(collect(files, path, 0, found));
  }
  std::ranges::sort(found);
  found.erase(std::unique(found.begin(), found.end()), found.end());

  SpoolListing listing;
  struct Part {
    std::uint64_t first;
    std::string path;
  };
  std::map<std::pair<RunId, WriterId>, std::vector<Part>> parts;
  std::map<std::pair<RunId, WriterId>, std::uint64_t> sizes;
  for (const std::string& path : found) {
    std::uint64_t size = 0;
    const auto header = header_of(files, path, size);
    // What cannot be read now is not damaged: its frames must not be declared as lost.
    if (!header && header.error().kind != ErrorKind::kCorrupt) {
      return in_context(path, header.error());
    }
    if (!header) {
      listing.unreadable.push_back({path, 0, size, false, header.error().text});
      continue;
    }
    const auto key = std::pair(header.value().run, header.value().writer);
    parts[key].push_back({header.value().first_sequence, path});
    sizes[key] += size;
  }
  for (auto& [key, segments] : parts) {
    // By path where two claim the same place.
    std::ranges::sort(segments, {},
                      [](const Part& part) { return std::tie(part.first, part.path); });
    SpooledWriter writer{key.first, key.second, {}, {}, sizes[key]};
    for (Part& part : segments) writer.paths.push_back(std::move(part.path));
    const std::string& path = writer.paths.front();
    const std::size_t slash = path.rfind('/');
    writer.directory = slash == std::string::npos ? "." : path.substr(0, slash);
    listing.writers.push_back(std::move(writer));
  }
  return listing;
}

Result<std::unique_ptr<SpooledSource>> SpooledSource::open(io::FileSystem& files,
                                                           const SpooledWriter& writer,
                                                           std::vector<FileDamage>& damages) {
  std::unique_ptr<SpooledSource> source(new SpooledSource(files));
  source->run_ = writer.run;
  source->writer_ = writer.writer;
  for (const std::string& path : writer.paths) {
    auto added = source->add(path, damages);
    if (!added && added.error().kind != ErrorKind::kCorrupt) return added.error();
    if (!added) {
      damages.push_back({path, 0, 0, false, added.error().text});
      source->damaged_ = true;
    }
  }
  return source;
}

Result<void> SpooledSource::add(const std::string& path, std::vector<FileDamage>& damages) {
  TRY(const auto segment, LoadedSegment::load(files_, path));
  const SegmentContent& content = segment.content();
  for (const SegmentDamage& damage : content.damages) {
    damages.push_back({path, damage.offset, damage.bytes, damage.tail, damage.reason});
    damaged_ = damaged_ || !damage.tail;
  }
  if (open_frame_.empty() && content.open.bytes > 0) {
    open_frame_ = segment.bytes_of(content.open);
  }
  bytes_ += segment.bytes().size();
  // Even where its frames are lost: the writer had come so far.
  last_ = std::max(last_, content.header.first_sequence - 1);
  if (content.frames.empty()) return ok();
  frames_ += content.frames.size();
  last_ = std::max(last_, content.frames.back().last);
  entries_.push_back({path, content.frames.front().first, content.frames.back().last});
  return ok();
}

std::string SpooledSource::missing_reason() const {
  return damaged_ ? "damaged in the spool" : "not in the spool";
}

Result<void> SpooledSource::load(std::size_t entry) {
  if (loaded_at_ == entry) return ok();
  loaded_.reset();
  loaded_at_ = SIZE_MAX;
  TRY(LoadedSegment loading, LoadedSegment::load(files_, entries_[entry].path));
  loaded_.emplace(std::move(loading));
  loaded_at_ = entry;
  return ok();
}

// Several segments may hold the same sequences: copies of a spool, sound or not.
Result<std::optional<SourceFrame>> SpooledSource::from(std::uint64_t sequence) {
  const auto in_loaded = [&] { return loaded_ ? loaded_->from(sequence) : std::nullopt; };
  if (const auto frame = in_loaded(); frame && frame->first <= sequence) return frame;
  std::optional<std::size_t> nearest;
  std::uint64_t nearest_first = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].last < sequence) continue;
    std::uint64_t first = entries_[i].first;
    if (first <= sequence) {
      TRY(load(i));
      const auto frame = in_loaded();
      if (!frame) continue;
      if (frame->first <= sequence) return frame;
      first = frame->first;
    }
    if (!nearest || first < nearest_first) {
      nearest = i;
      nearest_first = first;
    }
  }
  if (!nearest) return std::optional<SourceFrame>();
  TRY(load(*nearest));
  return in_loaded();
}

}  // namespace stepwell::client
