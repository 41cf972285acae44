#include <cmath>

#include "protocol/client/client.hpp"

int main() {
  stepwell::client::ClientOptions options;
  options.server = "127.0.0.1:5000";  // Empty: offline, for `stepwell replay` later.
  options.experiment = "quickstart";
  stepwell::client::Client client(options);
  client.params({{"learning_rate", "0.1"}});
  for (int step = 0; step < 1000; ++step) {
    const double loss = std::exp(-step / 300.0);
    client.log(step, {{"loss", loss}, {"accuracy", 1 - loss}});  // Never blocks, never throws.
  }
  client.end();
  return client.flush(std::chrono::seconds(10)) ? 0 : 1;  // True: it is on the server's disk.
}
