#pragma once

// The golden frames: one of every kind and of every column form, with what they hold in words that
// another language's decoder can compare with. make_golden_frames writes them; golden_test holds
// the encoder and the decoder to the bytes in tests/data/frames/.

#include <string>
#include <vector>

namespace stepwell::protocol {

struct GoldenFrame {
  std::string name;
  std::string bytes;
};

std::vector<GoldenFrame> golden_frames();
// Those about removing for good.
void add_deletion(std::vector<GoldenFrame>& all);
// Those of the REST door alone.
void add_rest(std::vector<GoldenFrame>& all);
// Those about charts.
void add_chart(std::vector<GoldenFrame>& all);

// What decoding a frame yields, as a JSON object: header fields, then the message or the points.
// Values are given as their 64 bits in hex, so that NaN payloads and -0.0 can be compared.
std::string describe(const std::string& frame);

}  // namespace stepwell::protocol
