#include "engine/http/compressor.hpp"

#include <zlib.h>

#include "engine/base/assert.hpp"
#include "engine/http/request.hpp"

namespace stepwell::http {
namespace {

// JSON shrinks to a tenth at the fastest level already.
constexpr int kLevel = 1;
constexpr int kMemoryLevel = 8;

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// "q=0", "q=0.0", "q=0.000"
bool is_unwanted(std::string_view parameters) {
  const std::size_t q = parameters.find("q=");
  if (q == std::string_view::npos) return false;
  const std::string_view value = trimmed(parameters.substr(q + 2));
  return value.starts_with('0') && value.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

Encoding choose_encoding(std::string_view accept) {
  Encoding best = Encoding::kIdentity;
  while (!accept.empty()) {
    const std::string_view part = accept.substr(0, accept.find(','));
    accept.remove_prefix(std::min(accept.size(), part.size() + 1));
    const std::size_t semicolon = std::min(part.size(), part.find(';'));
    const std::string_view name = trimmed(part.substr(0, semicolon));
    if (is_unwanted(part.substr(semicolon))) continue;
    if (same_ignoring_case(name, "gzip")) return Encoding::kGzip;
    if (same_ignoring_case(name, "deflate")) best = Encoding::kDeflate;
  }
  return best;
}

std::string_view to_string(Encoding encoding) {
  return encoding == Encoding::kGzip      ? "gzip"
         : encoding == Encoding::kDeflate ? "deflate"
                                          : "identity";
}

struct Compressor::State {
  z_stream stream{};
  ~State() { deflateEnd(&stream); }
};

Compressor::Compressor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Compressor::~Compressor() = default;
Compressor::Compressor(Compressor&&) noexcept = default;
Compressor& Compressor::operator=(Compressor&&) noexcept = default;

Result<Compressor> Compressor::open(Encoding encoding) {
  auto state = std::make_unique<State>();
  // HTTP's deflate is zlib's own format; 16 more asks for gzip's.
  const int window_bits = encoding == Encoding::kGzip ? 15 + 16 : 15;
  if (deflateInit2(&state->stream, kLevel, Z_DEFLATED, window_bits, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return fail(ErrorKind::kOverloaded, "There is no memory to compress the answer");
  }
  return Compressor(std::move(state));
}

std::string Compressor::add(std::string_view bytes, bool last) {
  z_stream& stream = state_->stream;
  std::string out;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  while (true) {
    constexpr std::size_t kRoom = 32 << 10;
    const std::size_t before = out.size();
    out.resize(before + kRoom);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
    stream.avail_out = kRoom;
    const int done = deflate(&stream, last ? Z_FINISH : Z_NO_FLUSH);
    STEPWELL_ASSERT(done != Z_STREAM_ERROR);
    out.resize(out.size() - stream.avail_out);
    if (stream.avail_out > 0 && (!last || done == Z_STREAM_END)) return out;
  }
}

}  // namespace stepwell::http
