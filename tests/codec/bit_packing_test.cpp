#include "engine/codec/bit_packing.hpp"

#include "tests/codec/columns.hpp"

namespace stepwell::codec {
namespace {

// The layout of the format, one bit at a time.
class Reference {
 public:
  Reference(std::size_t count, unsigned width) : bits_((count * width + 7) / 8 * 8), width_(width) {
    const std::size_t whole = count / kPackBlock * kPackBlock;
    const std::size_t word_bits = width <= 32 ? 32 : 64, lanes = 256 / word_bits;
    for (std::size_t i = 0; i < count; ++i) {
      for (unsigned b = 0; b < width; ++b) {
        if (i >= whole) {
          place_.push_back(i * width + b);
          continue;
        }
        const std::size_t lane = i % lanes, at = i % kPackBlock / lanes * width + b;
        const std::size_t word = at / word_bits * lanes + lane;
        place_.push_back(i / kPackBlock * kPackBlock * width + word * word_bits + at % word_bits);
      }
    }
  }
  std::vector<std::byte> pack(const std::vector<std::uint64_t>& words) {
    std::vector<std::byte> out(bits_ / 8);
    for (std::size_t i = 0; i < words.size() * width_; ++i) {
      if ((words[i / width_] >> i % width_ & 1) != 0)
        out[place_[i] / 8] |= static_cast<std::byte>(1u << place_[i] % 8);
    }
    return out;
  }

 private:
  std::size_t bits_;
  unsigned width_;
  std::vector<std::size_t> place_;
};

template <typename Word>
void check(std::size_t count, unsigned width) {
  Random random(count * 65 + width);
  std::vector<Word> words(count);
  std::vector<std::uint64_t> expected(count);
  for (std::size_t i = 0; i < count; ++i) {
    words[i] = static_cast<Word>(random());  // Bits above the width are to be ignored.
    expected[i] = words[i] & low_bits(width);
  }
  std::vector<std::byte> out(packed_bytes(count, width));
  pack(words.data(), count, width, out.data());
  ASSERT_EQ(out, Reference(count, width).pack(expected)) << count << " words of " << width;
  std::vector<Word> back(count);
  unpack(out.data(), count, width, back.data());
  ASSERT_TRUE(std::equal(back.begin(), back.end(), expected.begin())) << count << " of " << width;
}

TEST(BitPacking, EveryWidthLiesAsTheFormatSays) {
  for (unsigned width = 0; width <= 64; ++width) {
    for (const std::size_t count : {1u, 7u, 64u, 255u, 256u, 300u, 512u, 1000u, 1024u}) {
      if (width <= 32) check<std::uint32_t>(count, width);
      if (width > 32) check<std::uint64_t>(count, width);
    }
  }
}

TEST(BitPacking, SequentialWordsOfEveryWidth) {
  for (unsigned width = 0; width <= 64; ++width) {
    for (const std::size_t count : {0u, 1u, 2u, 9u, 63u, 64u, 200u, 1024u}) {
      Random random(count + width);
      std::vector<std::uint64_t> words(count);
      for (auto& word : words) word = random() & low_bits(width);
      std::vector<std::byte> out(packed_bytes(count, width));
      pack_sequential(words.data(), count, width, out.data());
      for (std::size_t i = 0; i < count * width; ++i)
        ASSERT_EQ(std::to_integer<unsigned>(out[i / 8]) >> i % 8 & 1,
                  words[i / width] >> i % width & 1);
      ASSERT_TRUE(padding_is_zero(out.data(), count, width));
      std::vector<std::uint64_t> back(count);
      unpack_sequential(out.data(), count, width, back.data());
      ASSERT_EQ(back, words);
      if (count * width % 8 == 0) continue;
      out.back() |= std::byte{0x80};
      ASSERT_FALSE(padding_is_zero(out.data(), count, width));
    }
  }
}

}  // namespace
}  // namespace stepwell::codec
