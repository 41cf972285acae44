#include <future>

#include "engine/base/spawn.hpp"
#include "engine/io/net/tcp.hpp"
#include "engine/io/posix.hpp"
#include "protocol/client/replay.hpp"

namespace stepwell::client {

Result<ReplayReport> replay_blocking(const std::string& server, std::vector<std::string> paths,
                                     ReplayOptions options,
                                     std::function<void(const ReplayProgress&)> on_progress) {
  TRY(net::Address address, net::parse_address(server));
  io::PosixFileSystem files;
  SystemRandom random;
  net::AsioExecutor executor;
  net::AsioConnector connector(executor, std::move(address));
  executor.start("replay");
  std::promise<Result<ReplayReport>> done;
  const auto drive = [&]() -> Task<void> {
    auto task = replay(executor, files, connector, random, paths, options, on_progress);
    done.set_value(co_await std::move(task));
  };
  spawn(executor, drive());
  auto report = done.get_future().get();
  executor.finish();
  executor.join();
  return report;
}

}  // namespace stepwell::client
