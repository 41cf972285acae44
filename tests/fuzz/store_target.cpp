#include "engine/store/chunk.hpp"
#include "engine/store/directory.hpp"
#include "engine/store/tail.hpp"
#include "tests/fuzz/targets.hpp"

namespace stepwell::fuzz {
namespace {

using stepwell::store::Columns;

void expect_named(const Error& error) {
  STEPWELL_ASSERT(error.kind == ErrorKind::kCorrupt && !error.text.empty());
}

// Bits, since a NaN is not equal to itself.
bool same(const Columns& a, const Columns& b) {
  return a.steps == b.steps && a.times == b.times && a.size() == b.size() &&
         std::memcmp(a.values.data(), b.values.data(), 8 * a.size()) == 0;
}

// Foreign bytes are refused by name, or hold exactly `count` points.
void read_chunk(std::string_view input, std::size_t count) {
  std::string_view rest = input;
  Columns points;
  if (auto decoded = stepwell::store::decode_chunk(rest, count, points); !decoded) {
    return expect_named(decoded.error());
  }
  STEPWELL_ASSERT(points.size() == count && rest.size() < input.size());
  std::string again;
  stepwell::store::encode_chunk(points, again);
  std::string_view bytes = again;
  Columns back;
  STEPWELL_ASSERT(stepwell::store::decode_chunk(bytes, count, back) && bytes.empty());
  STEPWELL_ASSERT(same(points, back));
}

void read_row(std::string_view input) {
  const auto entries = stepwell::store::decode_row(input);
  if (!entries) return expect_named(entries.error());
  STEPWELL_ASSERT(!entries.value().empty() && entries.value().size() <= 64);
  for (std::size_t i = 1; i < entries.value().size(); ++i) {
    STEPWELL_ASSERT(entries.value()[i - 1].stats.last < entries.value()[i].stats.first);
  }
  // Flags that nobody knows yet are dropped.
  const auto again = stepwell::store::encode_row(entries.value());
  STEPWELL_ASSERT(again.size() == input.size());
}

void read_tail_list(std::string_view input) {
  const auto blobs = stepwell::store::decode_tail_list(input);
  if (!blobs) return expect_named(blobs.error());
  STEPWELL_ASSERT(blobs.value().size() <= stepwell::store::kTailBlobsMax);
  STEPWELL_ASSERT(stepwell::store::encode_tail_list(blobs.value()) == input);
}

// Each series is refused or has as many points as the part says, in order; all that can be read
// make up a part like any other.
void read_tail(std::string_view input) {
  const auto part = stepwell::store::TailPart::open(input);
  if (!part) return expect_named(part.error());
  const auto& series = part.value().series();
  STEPWELL_ASSERT(!series.empty());
  stepwell::store::TailPartBuilder builder;
  std::vector<Columns> sound;
  for (std::size_t at = 0; at < series.size(); ++at) {
    STEPWELL_ASSERT(at == 0 || series[at - 1].number < series[at].number);
    Columns points;
    if (auto read = part.value().read(at, points); !read) {
      expect_named(read.error());
      continue;
    }
    STEPWELL_ASSERT(points.size() == series[at].count && is_strictly_sorted(points));
    builder.add(series[at].number, points);
    sound.push_back(std::move(points));
  }
  if (sound.empty()) return;
  const std::string again = builder.finish();
  const auto whole = stepwell::store::TailPart::open(again);
  STEPWELL_ASSERT(whole.has_value() && whole.value().series().size() == sound.size());
  for (std::size_t at = 0; at < sound.size(); ++at) {
    Columns points;
    STEPWELL_ASSERT(whole.value().read(at, points).has_value() && same(points, sound[at]));
  }
}

}  // namespace

// {u16 points of a chunk, bytes}
void store(Bytes input) {
  if (input.size() < 2) return;
  const auto head = load_le<std::uint16_t>(input.data());
  // Of its own, so that a byte behind the end is noticed.
  const std::string bytes(as_text(input.subspan(2)));
  read_chunk(bytes, head % 1026);
  read_row(bytes);
  read_tail_list(bytes);
  read_tail(bytes);
}

}  // namespace stepwell::fuzz
