// The writing half of a session: answers with head and body in one write, and long ones in pieces,
// each worked out when the one before is on its way.

#include "engine/base/logging.hpp"
#include "engine/http/heads.hpp"
#include "engine/http/session.hpp"

namespace stepwell::http {
namespace {

Encoding encoding_for(const Request& request, const Options& options, std::size_t bytes) {
  if (options.compress_bytes_min == 0 || bytes < options.compress_bytes_min) {
    return Encoding::kIdentity;
  }
  return choose_encoding(request.header("Accept-Encoding"));
}

// No body goes with the answer to a HEAD, nor with one that says so itself.
bool has_body(const Request& request, const Response& response) {
  return request.method != Method::kHead && response.status != 204;
}

}  // namespace

bool Session::wants_keep_alive(const Request& request) const {
  return request.keep_alive && !draining_ && !closed_;
}

Task<bool> Session::write(Response response, const Request& request) {
  const std::size_t compress_min = shared_.options.compress_bytes_min;
  Piece first{std::move(response.body), true};
  const bool is_large = compress_min > 0 && first.bytes.size() >= compress_min;
  if (response.source || is_large) {
    co_await resume_on(query_);
    if (response.source) {
      auto worked_out = response.source->next();
      if (worked_out) {
        first = std::move(worked_out.value());
      } else {
        // Nothing was written yet: the error is the answer.
        response = error_response(worked_out.error(), shared_.options.retry_after_s);
        first = {std::move(response.body), true};
      }
    }
    Encoding encoding = encoding_for(request, shared_.options, first.bytes.size());
    if (first.last && encoding != Encoding::kIdentity) {
      auto compressor = Compressor::open(encoding);
      if (compressor) {
        first.bytes = compressor.value().add(first.bytes, true);
        response.headers.push_back({"Content-Encoding", std::string(to_string(encoding))});
        response.headers.push_back({"Vary", "Accept-Encoding"});
      }
    }
    co_await resume_on(home_);
  }
  if (!first.last) {
    auto writing = write_pieces(std::move(response), request, std::move(first));
    co_return co_await std::move(writing);
  }
  Framing framing;
  framing.keep_alive = wants_keep_alive(request);
  last_ = !framing.keep_alive;
  if (response.status != 204) framing.length = first.bytes.size();
  framing.request_id = request.id;
  std::string bytes = make_head(response, framing);
  if (has_body(request, response)) bytes += first.bytes;
  auto writing = write_all(std::move(bytes));
  co_return co_await std::move(writing);
}

Task<bool> Session::write_pieces(Response response, const Request& request, Piece piece) {
  Framing framing;
  framing.chunked = !request.is_http_1_0;
  framing.keep_alive = framing.chunked && wants_keep_alive(request);
  last_ = !framing.keep_alive;
  framing.encoding = encoding_for(request, shared_.options, piece.bytes.size());
  framing.request_id = request.id;
  std::optional<Compressor> compressor;
  if (framing.encoding != Encoding::kIdentity) {
    auto opened = Compressor::open(framing.encoding);
    if (opened) compressor.emplace(std::move(opened.value()));
    if (!compressor) framing.encoding = Encoding::kIdentity;
  }
  std::string bytes = make_head(response, framing);
  if (!has_body(request, response)) {
    auto writing = write_all(std::move(bytes));
    co_return co_await std::move(writing);
  }
  while (true) {
    if (compressor) {
      co_await resume_on(query_);
      piece.bytes = compressor->add(piece.bytes, piece.last);
      co_await resume_on(home_);
    }
    bytes += framing.chunked ? make_chunk(piece.bytes) : piece.bytes;
    if (piece.last && framing.chunked) bytes += kLastChunk;
    auto writing = write_all(std::exchange(bytes, {}));
    if (!co_await std::move(writing)) co_return false;
    if (piece.last) co_return true;
    co_await resume_on(query_);
    auto next = response.source->next();
    co_await resume_on(home_);
    if (!next) {
      log().warn("{}: answer cut off ({}): {}", stream_->peer(), request.id, next.error().text);
      co_return false;
    }
    piece = std::move(next.value());
  }
}

Task<bool> Session::write_all(std::string bytes) {
  if (closed_) co_return false;
  written_bytes_ += bytes.size();
  set_deadline(shared_.options.write_timeout);
  auto writing = stream_->write_all(as_bytes(bytes));
  const auto written = co_await std::move(writing);
  clear_deadline();
  co_return written.has_value();
}

}  // namespace stepwell::http
