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

// "DIR is in use …: pid 123; ask the server instead: --to HOST:PORT", for a kDenied of the lock.
Error with_pointer_to_server(Error error);

}  // namespace stepwell::tools
