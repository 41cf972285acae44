// The corpus in tests/data/frames/ is what other languages are tested against: our encoder gives
// exactly these bytes, our decoder exactly that content.

#include "tests/protocol/golden.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "protocol/batch.hpp"
#include "protocol/messages.hpp"

namespace stepwell::protocol {
namespace {

const std::string kDirectory = STEPWELL_TEST_DATA "/frames";

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Golden, TheEncoderGivesTheseBytes) {
  for (const GoldenFrame& frame : golden_frames()) {
    EXPECT_EQ(read_file(kDirectory + "/" + frame.name + ".frame"), frame.bytes) << frame.name;
  }
}

TEST(Golden, TheDecoderGivesThatContent) {
  const std::string manifest = read_file(kDirectory + "/manifest.json");
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kDirectory)) {
    if (entry.path().extension() != ".frame") continue;
    ++files;
    const std::string line =
        "\"" + entry.path().stem().string() + "\": " + describe(read_file(entry.path().string()));
    EXPECT_NE(manifest.find(line), std::string::npos) << line;
  }
  EXPECT_EQ(files, golden_frames().size());
}

TEST(Golden, EveryKindAndFormIsThere) {
  std::set<int> kinds;
  std::set<std::string> forms;
  for (const GoldenFrame& golden : golden_frames()) {
    const auto frame = read_frame(as_bytes(golden.bytes)).value();
    kinds.insert(static_cast<int>(frame.header.kind));
    if (frame.header.kind != Kind::kBatch) continue;
    const auto batch = BatchView::parse(frame.payload()).value();
    const BlockView& block = batch.blocks.at(0);
    forms.insert(block.is_rows() ? "rows" : "matrix");
    forms.insert(block.values.f64 ? "f64" : "f32");
    forms.insert(block.step_source == StepSource::kServer ? "server"
                 : block.steps.column                     ? "step column"
                                                          : "stride");
    forms.insert(block.time_source == TimeSource::kArrival ? "arrival"
                 : block.times.column                      ? "time column"
                                                           : "deltas");
  }
  for (int kind = 0; kind < 256; ++kind) {
    const bool known = to_string(static_cast<Kind>(kind)) != "unknown";
    EXPECT_EQ(kinds.contains(kind), known) << kind;
  }
  EXPECT_EQ(forms.size(), 10u);
}

TEST(Golden, EveryMutationIsRefused) {
  for (const GoldenFrame& frame : golden_frames()) {
    for (std::size_t at = 0; at < frame.bytes.size(); ++at) {
      std::string mutated = frame.bytes;
      mutated[at] = static_cast<char>(mutated[at] ^ 4);
      EXPECT_FALSE(read_frame(as_bytes(mutated))) << frame.name << " byte " << at;
    }
    for (std::size_t size = 0; size < frame.bytes.size(); ++size) {
      EXPECT_FALSE(read_frame(as_bytes(frame.bytes).first(size))) << frame.name;
    }
  }
}

}  // namespace
}  // namespace stepwell::protocol
