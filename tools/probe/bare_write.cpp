#include "tools/probe/bare_write.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <future>
#include <memory>
#include <thread>

#include "engine/io/durable_queue.hpp"
#include "engine/io/net/asio_executor.hpp"
#include "engine/io/posix.hpp"
#include "tools/probe/sink.hpp"

namespace stepwell::tools {

Result<BareWrites> measure_bare_writes(const std::string& directory, std::uint64_t bytes,
                                       double per_second, double seconds) {
  constexpr std::uint64_t kFileBytes = 64 << 20;
  const std::string path = directory + "/probe-bare";
  TRY(make_zeroed_file(path, kFileBytes));
  io::PosixFileSystem files;
  net::AsioExecutor executor;
  TRY(const auto queue, files.durable_queue(executor, 4));
  TRY(const auto file, queue->open(path));
  const std::unique_ptr<std::byte, void (*)(void*)> memory(
      static_cast<std::byte*>(std::aligned_alloc(io::kBlockBytes, bytes)), std::free);
  std::memset(memory.get(), 0x5a, bytes);
  executor.start("bare");

  BareWrites result;
  result.how = queue->description();
  Result<void> failed = ok();
  std::uint64_t offset = 0;
  const Instant start = executor.now();
  for (std::uint64_t n = 0; failed; ++n) {
    const std::chrono::duration<double> passed = executor.now() - start;
    if (passed.count() >= seconds) break;
    const double due = per_second > 0 ? static_cast<double>(n) / per_second : 0;
    if (due > passed.count())
      std::this_thread::sleep_for(std::chrono::duration<double>(due - passed.count()));
    std::promise<Result<void>> done;
    const Instant began = executor.now();
    executor.post([&] {
      queue->write(*file, Bytes(memory.get(), bytes), offset,
                   [&](Result<void> written) { done.set_value(std::move(written)); });
    });
    failed = done.get_future().get();
    result.latency.add(executor.now() - began);
    offset = offset + 2 * bytes <= kFileBytes ? offset + bytes : 0;
  }
  executor.stop();
  executor.join();
  TRY(files.remove(path));
  if (!failed) return failed.error();
  return result;
}

}  // namespace stepwell::tools
