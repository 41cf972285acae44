#include "protocol/client/rejected.hpp"

#include "engine/base/logging.hpp"

namespace stepwell::client {
namespace {

Result<void> write_file(io::FileSystem& files, const std::string& path, std::string_view text) {
  auto file = files.open(path, io::OpenMode::kCreate);
  if (!file) {
    if (file.error().kind == ErrorKind::kExists) return ok();
    return file.error();
  }
  TRY(file.value()->write_at(as_bytes(text), 0));
  return file.value()->sync();
}

Result<std::string> keep(io::FileSystem& files, const std::string& run_directory,
                         const SourceFrame& frame, protocol::VerdictCode code,
                         const std::string& text) {
  const std::string directory = run_directory + "/rejected";
  const auto header = load_le<protocol::FrameHeader>(frame.bytes.data());
  const std::string base = fmt::format("{}/{}-{:012}", directory, header.writer.hex(), frame.first);
  TRY(files.make_directories(directory));
  TRY(write_file(files, base + ".frame", frame.bytes));
  TRY(write_file(files, base + ".txt",
                 fmt::format("{} {} rejected as {}: {}\n", to_string(frame.kind), frame.first,
                             to_string(code), text)));
  TRY(files.sync_directory(directory));
  return base + ".frame";
}

}  // namespace

RejectedFrame keep_rejected(io::FileSystem& files, const std::string& run_directory,
                            const SourceFrame& frame, protocol::VerdictCode code,
                            const std::string& text) {
  const auto header = load_le<protocol::FrameHeader>(frame.bytes.data());
  RejectedFrame entry{
      frame.first, frame.kind, code, text, points_in({header, as_bytes(frame.bytes)}), {}};
  auto path = keep(files, run_directory, frame, code, text);
  if (path) {
    entry.path = path.value();
  } else {
    log().warn("rejected frame {} could not be kept: {}", frame.first, path.error().text);
  }
  return entry;
}

}  // namespace stepwell::client
