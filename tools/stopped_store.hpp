#pragma once

// A store that no server has open, opened to be looked at. A directory that a server has open is
// refused with the holder's pid and what to do instead.

#include <memory>
#include <string>

#include "engine/io/net/asio_executor.hpp"
#include "engine/io/posix.hpp"
#include "engine/store/store.hpp"
#include "engine/tracking/fold.hpp"
#include "engine/tracking/view.hpp"

namespace stepwell::tools {

class StoppedStore {
 public:
  // kDenied: a server has it. kNotFound: no store is there. kCorrupt: named with file and offset.
  static Result<std::unique_ptr<StoppedStore>> open(const std::string& directory);
  ~StoppedStore();

  Result<tracking::View> view() const;
  store::Store& store() { return *store_; }
  const store::OpenReport& report() const { return report_; }

 private:
  StoppedStore() = default;
  io::PosixFileSystem files_;
  SystemRandom random_;
  net::AsioExecutor sequencer_;
  net::AsioExecutor compactor_;
  tracking::Fold fold_;
  store::OpenReport report_;
  std::unique_ptr<store::Store> store_;
};

// A directory's lock told that a server, or another tool, has it open.
bool is_in_use(const Error& error);
// Such an error with what to do instead, for commands that have --to and for those that do not.
// Others are left as they are.
Error with_pointer_to_server(Error error);
Error with_advice_to_stop(Error error);

// Takes the lock of the store that `path` belongs to: its directory, one of its files, or its log's
// directory or segment. Nothing where there is no store around it, or none that can be locked, such
// as a copy that may only be read. kDenied: in use.
Result<std::unique_ptr<io::DirectoryLock>> lock_store_around(io::FileSystem& files,
                                                             const std::string& path);

}  // namespace stepwell::tools
