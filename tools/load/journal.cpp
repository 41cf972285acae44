#include "tools/load/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "tools/output.hpp"

namespace stepwell::tools {
namespace {

constexpr std::string_view kName = "stepwell-load";

Result<void> write_all(int descriptor, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t done = ::write(descriptor, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) return errno_error(errno, "write", path);
    text.remove_prefix(static_cast<std::size_t>(done));
  }
  return ok();
}

}  // namespace

Result<std::unique_ptr<JournalWriter>> JournalWriter::create(const std::string& path,
                                                             const JournalStart& start) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (descriptor < 0 && errno == EEXIST) {
    return fail(ErrorKind::kExists, "journal {} exists already; a journal tells of one load", path);
  }
  if (descriptor < 0) return errno_error(errno, "create", path);
  std::unique_ptr<JournalWriter> journal(new JournalWriter(path, descriptor));
  JsonObject line;
  line.add("journal", kName)
      .add("version", 1)
      .add("profile", start.profile)
      .add("seed", start.seed);
  line.add("connections", std::uint64_t{start.connections});
  TRY(write_all(descriptor, line.text() + "\n", path));
  if (::fsync(descriptor) != 0) return errno_error(errno, "fsync", path);
  const std::string directory =
      path.find('/') == std::string::npos ? "." : path.substr(0, path.rfind('/') + 1);
  const int parent = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = parent >= 0 && ::fsync(parent) == 0;
  const int error = errno;
  if (parent >= 0) ::close(parent);
  if (!synced) return errno_error(error, "fsync", directory);
  return journal;
}

JournalWriter::~JournalWriter() {
  ::close(descriptor_);
}

void JournalWriter::sent(std::uint64_t stream, std::uint64_t sequence) {
  fmt::format_to(std::back_inserter(waiting_), "s {} {}\n", stream, sequence);
}
void JournalWriter::acknowledged(std::uint64_t stream, std::uint64_t sequence) {
  fmt::format_to(std::back_inserter(waiting_), "a {} {}\n", stream, sequence);
}
void JournalWriter::first_step(std::uint64_t stream, std::uint64_t sequence, std::int64_t step) {
  fmt::format_to(std::back_inserter(waiting_), "f {} {} {}\n", stream, sequence, step);
}
void JournalWriter::verdict(std::uint64_t stream, std::uint64_t sequence,
                            protocol::VerdictCode code) {
  fmt::format_to(std::back_inserter(waiting_), "x {} {} {}\n", stream, sequence,
                 static_cast<int>(code));
}

Result<void> JournalWriter::flush() {
  TRY(write_all(descriptor_, waiting_, path_));
  waiting_.clear();
  return ok();
}

namespace {

Result<JournalStart> read_start(const std::string& line, const std::string& path) {
  JournalStart start;
  char profile[32] = {};
  unsigned long long seed = 0;
  const int fields =
      std::sscanf(line.c_str(),
                  R"({"journal":"stepwell-load","version":1,"profile":"%31[a-z0-9]",)"
                  R"("seed":%llu,"connections":%u})",
                  profile, &seed, &start.connections);
  if (fields != 3) {
    return fail(ErrorKind::kInvalid, "{}:1: not a load's journal of version 1", path);
  }
  start.profile = profile;
  start.seed = seed;
  return start;
}

// "s 12 34": false if the line is none.
bool read_event(std::string_view line, Journal& journal) {
  std::int64_t numbers[3] = {};
  if (line.size() < 2) return false;
  const char what = line[0];
  line.remove_prefix(1);
  int count = 0;
  while (!line.empty()) {
    if (line.front() != ' ' || count == 3) return false;
    line.remove_prefix(1);
    const auto [end, error] =
        std::from_chars(line.data(), line.data() + line.size(), numbers[count++]);
    if (error != std::errc()) return false;
    line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  }
  if (count != (what == 'f' || what == 'x' ? 3 : 2) || numbers[0] < 0 || numbers[1] < 1)
    return false;
  StreamJournal& stream = journal.streams[static_cast<std::uint64_t>(numbers[0])];
  const auto sequence = static_cast<std::uint64_t>(numbers[1]);
  switch (what) {
    case 's':
      stream.sent = std::max(stream.sent, sequence);
      ++journal.batches_sent;
      return true;
    case 'a':
      stream.acknowledged = std::max(stream.acknowledged, sequence);
      ++journal.acks;
      return true;
    case 'f':
      stream.first_steps[sequence] = numbers[2];
      return true;
    case 'x':
      stream.verdicts[sequence] = static_cast<protocol::VerdictCode>(numbers[2]);
      return true;
    default:
      return false;
  }
}

}  // namespace

Result<Journal> Journal::read(const std::string& path) {
  std::ifstream in(path);
  if (!in) return errno_error(errno, "open", path);
  std::string line;
  if (!std::getline(in, line)) return fail(ErrorKind::kInvalid, "{}: empty", path);
  Journal journal;
  TRY(journal.start, read_start(line, path));
  for (std::uint64_t number = 2; std::getline(in, line); ++number) {
    if (in.eof()) break;  // Cut: the load was killed while it wrote.
    if (!read_event(line, journal)) {
      return fail(ErrorKind::kInvalid, "{}:{}: '{}' is no journal line", path, number,
                  line.substr(0, 64));
    }
  }
  return journal;
}

}  // namespace stepwell::tools
