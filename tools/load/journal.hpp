#pragma once

// What a load says it did, in a file outside the server's directory: a JSON line (profile, seed,
// connections), durable before anything is sent, then one short line per event:
//   s STREAM SEQUENCE           about to be sent
//   a STREAM SEQUENCE           everything of the stream up to here was acknowledged
//   f STREAM SEQUENCE STEP      …and the server assigned this first step to it
//   x STREAM SEQUENCE VERDICT   …with a verdict other than applied (the number of VerdictCode)
// A last line without its newline is a load that was killed, and is ignored.

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "engine/base/result.hpp"
#include "protocol/kinds.hpp"

namespace stepwell::tools {

struct JournalStart {
  std::string profile;
  std::uint64_t seed = 0;
  unsigned connections = 0;
};

class JournalWriter {
 public:
  // kExists: the file is there already. kIo, kDenied: it cannot be made.
  static Result<std::unique_ptr<JournalWriter>> create(const std::string& path,
                                                       const JournalStart& start);
  ~JournalWriter();
  JournalWriter(const JournalWriter&) = delete;
  JournalWriter& operator=(const JournalWriter&) = delete;

  void sent(std::uint64_t stream, std::uint64_t sequence);
  void acknowledged(std::uint64_t stream, std::uint64_t sequence);
  void first_step(std::uint64_t stream, std::uint64_t sequence, std::int64_t step);
  void verdict(std::uint64_t stream, std::uint64_t sequence, protocol::VerdictCode code);
  // Hands everything to the operating system: it survives this process.
  Result<void> flush();

 private:
  JournalWriter(std::string path, int descriptor)
      : path_(std::move(path)), descriptor_(descriptor) {}
  std::string path_;
  int descriptor_;
  std::string waiting_;
};

struct StreamJournal {
  std::uint64_t sent = 0;          // Greatest sequence.
  std::uint64_t acknowledged = 0;  // Greatest sequence.
  std::map<std::uint64_t, std::int64_t> first_steps;
  std::map<std::uint64_t, protocol::VerdictCode> verdicts;
};

struct Journal {
  JournalStart start;
  std::map<std::uint64_t, StreamJournal> streams;
  std::uint64_t batches_sent = 0;
  std::uint64_t acks = 0;

  // kInvalid names the line that is not a journal's.
  static Result<Journal> read(const std::string& path);
};

}  // namespace stepwell::tools
