#include "engine/codec/stream.hpp"

#include <algorithm>
#include <limits>

#include "engine/base/assert.hpp"
#include "engine/codec/bit_packing.hpp"
#include "engine/codec/lanes.hpp"

namespace stepwell::codec {
namespace {

constexpr unsigned kNarrowMax = 32;  // Widths up to this are packed as words of 32 bits.

// What an item of the plan's level lacks over its base.
std::uint64_t over_base(const Plan& plan, const Levels& levels) {
  return (level_of(plan.form) == 0 ? levels.origin : 0) - plan.base;
}

// Packs the low bits of a level's items over the base. Those before the level's first are 0.
template <typename Word, typename T>
std::byte* write_packed(const Plan& plan, const Levels& levels, std::byte* out) {
  const unsigned level = level_of(plan.form);
  const T* const items = levels.level<T>(level);
  const auto add = static_cast<Word>(over_base(plan, levels));
  Word words[kBlockPointsMax];
  for (std::size_t i = 0; i < levels.count; ++i) words[i] = static_cast<Word>(items[i]) + add;
  for (unsigned i = 0; i < level; ++i) words[i] = 0;
  pack(words, levels.count, plan.width, out);
  return out + packed_bytes(levels.count, plan.width);
}

template <typename T>
std::byte* write_patches(const Plan& plan, const Levels& levels, std::byte* out) {
  constexpr std::size_t kStep = 16;
  const unsigned level = level_of(plan.form);
  const T* const items = levels.level<T>(level);
  const std::uint64_t add = over_base(plan, levels);
  // Items without a patch are these and between.
  const auto least = static_cast<T>(0 - add);
  const auto room = as_unsigned(std::numeric_limits<T>::max()) - as_unsigned(least);
  const auto greatest = static_cast<T>(as_unsigned(least) + std::min(room, low_bits(plan.width)));
  const auto is_patched = [&](T item) { return (item < least) | (item > greatest); };
  std::uint32_t positions[kBlockPointsMax + kStep];
  std::size_t n = 0;
  const auto take = [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      positions[n] = static_cast<std::uint32_t>(i);
      n += is_patched(items[i]) ? 1 : 0;
    }
  };
  std::size_t at = std::min(kStep, levels.count);
  take(level, at);
  for (; at + kStep <= levels.count; at += kStep) {
    // Most steps hold no patch.
    if (any_outside<kStep>(items + at, least, greatest)) take(at, at + kStep);
  }
  take(at, levels.count);
  std::uint64_t patches[kBlockPointsMax];
  for (std::size_t i = 0; i < n; ++i)
    patches[i] = (as_unsigned(items[positions[i]]) + add) >> plan.width;
  STEPWELL_ASSERT(n == plan.patches);
  out = write_positions(positions, n, levels.count, out);
  pack_sequential(patches, n, plan.patch_width, out);
  return out + packed_bytes(n, plan.patch_width);
}

template <typename T>
std::byte* write_items(const Plan& plan, const Levels& levels, std::byte* out) {
  out = plan.width <= kNarrowMax ? write_packed<std::uint32_t, T>(plan, levels, out)
                                 : write_packed<std::uint64_t, T>(plan, levels, out);
  return is_patched(plan.form) ? write_patches<T>(plan, levels, out) : out;
}

// The fixed fields of a packed form, as read.
struct Header {
  unsigned width = 0;
  unsigned patch_width = 0;
  std::size_t patches = 0;
  std::uint64_t first = 0;
  std::uint64_t delta = 0;
  std::uint64_t base = 0;
};

Result<Header> read_header(Form form, Reader& in, std::size_t count) {
  Header header;
  TRY(header.width, in.byte("width"));
  if (header.width > 64)
    return fail(ErrorKind::kCorrupt, "column: expected a width of at most 64, found {}",
                header.width);
  const unsigned level = level_of(form);
  if (count <= level)
    return fail(ErrorKind::kCorrupt, "column: expected more than {} items for form {}, found {}",
                level, static_cast<unsigned>(form), count);
  if (level > 0) {
    TRY(header.first, in.signed_varint("first item"));
  }
  if (level > 1) {
    TRY(header.delta, in.signed_varint("first difference"));
  }
  TRY(header.base, in.signed_varint("base"));
  if (!is_patched(form)) return header;
  TRY(header.patches, in.varint("number of patches"));
  TRY(header.patch_width, in.byte("patch width"));
  if (header.patches == 0 || header.patches > count)
    return fail(ErrorKind::kCorrupt, "column: expected 1 to {} patches, found {}", count,
                header.patches);
  if (header.patch_width == 0 || header.width + header.patch_width > 64)
    return fail(ErrorKind::kCorrupt, "column: expected a patch width of 1 to {}, found {}",
                64 - header.width, header.patch_width);
  return header;
}

// Packed words behind which the last byte is zero.
Result<const std::byte*> take_packed(Reader& in, std::size_t count, unsigned width,
                                     std::size_t sequential, const char* what) {
  TRY(const std::byte* const bytes, in.take(packed_bytes(count, width), what));
  const std::size_t before = packed_bytes(count - sequential, width);
  if (!padding_is_zero(bytes + before, sequential, width))
    return fail(ErrorKind::kCorrupt, "column: expected zero bits behind {}, found others", what);
  return bytes;
}

// Words of 64 bits also of widths that are packed as words of 32.
void unpack_words(const std::byte* bytes, std::size_t count, unsigned width, std::uint32_t* words) {
  unpack(bytes, count, width, words);
}
void unpack_words(const std::byte* bytes, std::size_t count, unsigned width, std::uint64_t* words) {
  if (width > kNarrowMax) return unpack(bytes, count, width, words);
  std::uint32_t narrow[kBlockPointsMax];
  unpack(bytes, count, width, narrow);
  std::copy(narrow, narrow + count, words);
}

template <typename Word>
Result<void> read_patches(Reader& in, const Header& header, std::size_t count, Word* words) {
  std::uint32_t positions[kBlockPointsMax];
  std::uint64_t patches[kBlockPointsMax];
  const std::size_t n = header.patches;
  TRY(read_positions(in, n, count, positions));
  TRY(const std::byte* const bytes, take_packed(in, n, header.patch_width, n, "patches"));
  unpack_sequential(bytes, n, header.patch_width, patches);
  for (std::size_t i = 0; i < n; ++i) {
    if (patches[i] == 0)
      return fail(ErrorKind::kCorrupt,
                  "column: expected bits in each patch, found patch 0 as number {}", i);
    words[positions[i]] |= static_cast<Word>(patches[i] << header.width);
  }
  return ok();
}

// Undoes the differences.
template <typename Word>
void sum_up(unsigned level, const Header& header, const Word* words,
            std::span<std::int64_t> items) {
  if (level == 0) {
    for (std::size_t i = 0; i < items.size(); ++i) items[i] = as_signed(header.base + words[i]);
    return;
  }
  std::uint64_t item = header.first, delta = header.delta;
  items[0] = as_signed(item);
  if (level == 1) {
    for (std::size_t i = 1; i < items.size(); ++i) {
      item += header.base + words[i];
      items[i] = as_signed(item);
    }
    return;
  }
  item += delta;
  items[1] = as_signed(item);
  for (std::size_t i = 2; i < items.size(); ++i) {
    delta += header.base + words[i];
    item += delta;
    items[i] = as_signed(item);
  }
}

template <typename Word>
Result<void> read_items(Form form, const Header& header, Reader& in,
                        std::span<std::int64_t> items) {
  const std::size_t count = items.size();
  TRY(const std::byte* const bytes,
      take_packed(in, count, header.width, count % kPackBlock, "packed items"));
  Word words[kBlockPointsMax];
  unpack_words(bytes, count, header.width, words);
  if (is_patched(form)) {
    TRY(read_patches(in, header, count, words));
  }
  const unsigned level = level_of(form);
  for (unsigned i = 0; i < level; ++i) {
    if (words[i] != 0)
      return fail(ErrorKind::kCorrupt, "column: expected 0 as packed item {}, found {}", i,
                  words[i]);
  }
  sum_up(level, header, words, items);
  return ok();
}

Result<void> read_packed_form(Form form, Reader& in, std::span<std::int64_t> items) {
  TRY(const Header header, read_header(form, in, items.size()));
  return header.width + header.patch_width <= kNarrowMax
             ? read_items<std::uint32_t>(form, header, in, items)
             : read_items<std::uint64_t>(form, header, in, items);
}

}  // namespace

std::byte* write_positions(const std::uint32_t* positions, std::size_t n, std::size_t count,
                           std::byte* out) {
  const unsigned width = position_width(count);
  pack_sequential(positions, n, width, out);
  return out + packed_bytes(n, width);
}

Result<void> read_positions(Reader& in, std::size_t n, std::size_t count,
                            std::uint32_t* positions) {
  const unsigned width = position_width(count);
  TRY(const std::byte* const bytes, take_packed(in, n, width, n, "positions"));
  unpack_sequential(bytes, n, width, positions);
  for (std::size_t i = 0; i < n; ++i) {
    if (positions[i] >= count || (i > 0 && positions[i] <= positions[i - 1]))
      return fail(ErrorKind::kCorrupt,
                  "column: expected ascending positions below {}, found {} as number {}", count,
                  positions[i], i);
  }
  return ok();
}

std::byte* write_stream(const Plan& plan, const Levels& levels, std::byte* out) {
  if (plan.form == Form::kConstant) return put_varint(out, zigzag(plan.base));
  if (plan.form == Form::kStride)
    return put_varint(put_varint(out, zigzag(plan.base)), zigzag(plan.delta));
  const unsigned level = level_of(plan.form);
  *out++ = static_cast<std::byte>(plan.width);
  if (level > 0) out = put_varint(out, zigzag(plan.first));
  if (level > 1) out = put_varint(out, zigzag(plan.delta));
  out = put_varint(out, zigzag(plan.base));
  if (is_patched(plan.form)) {
    out = put_varint(out, plan.patches);
    *out++ = static_cast<std::byte>(plan.patch_width);
  }
  return levels.narrow ? write_items<std::int32_t>(plan, levels, out)
                       : write_items<std::int64_t>(plan, levels, out);
}

Result<void> read_stream(Form form, Reader& in, std::span<std::int64_t> items) {
  if (form == Form::kRaw) {
    TRY(const std::byte* const bytes, in.take(8 * items.size(), "raw items"));
    std::memcpy(items.data(), bytes, 8 * items.size());
    return ok();
  }
  if (form != Form::kConstant && form != Form::kStride) return read_packed_form(form, in, items);
  TRY(std::uint64_t item, in.signed_varint("base"));
  std::uint64_t stride = 0;
  if (form == Form::kStride) {
    TRY(stride, in.signed_varint("stride"));
  }
  for (std::int64_t& to : items) {
    to = as_signed(item);
    item += stride;
  }
  return ok();
}

}  // namespace stepwell::codec
