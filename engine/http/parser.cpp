#include "engine/http/parser.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace stepwell::http {
namespace {

namespace beast_http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

Method method_of(beast_http::verb verb) {
  switch (verb) {
    case beast_http::verb::get:
      return Method::kGet;
    case beast_http::verb::head:
      return Method::kHead;
    case beast_http::verb::post:
      return Method::kPost;
    case beast_http::verb::put:
      return Method::kPut;
    case beast_http::verb::patch:
      return Method::kPatch;
    case beast_http::verb::delete_:
      return Method::kDelete;
    case beast_http::verb::options:
      return Method::kOptions;
    default:
      return Method::kOther;
  }
}

std::string text_of(string_view view) {
  return {view.data(), view.size()};
}

// A character that may stand in a request's target. Others, such as a bare line end, are how one
// request is smuggled into another.
bool is_target(std::string_view target) {
  return !target.empty() && std::ranges::all_of(target, [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7F;
  });
}

}  // namespace

class Parser::Impl final : public beast_http::basic_parser<true> {
 public:
  explicit Impl(const Options& options) : options_(options) {
    header_limit(static_cast<std::uint32_t>(options.header_bytes_max));
    body_limit(options.body_bytes_max);
    eager(true);
  }

  void refuse(int status, std::string text) {
    if (!refusal) refusal = Refusal{status, std::move(text)};
  }
  void refuse(const error_code& error) {
    if (error == beast_http::error::header_limit) {
      refuse(431,
             fmt::format("The request's head is longer than {} bytes", options_.header_bytes_max));
    } else if (error == beast_http::error::body_limit) {
      refuse(413,
             fmt::format("The request's body is longer than {} bytes", options_.body_bytes_max));
    } else if (error == beast_http::error::bad_version) {
      refuse(505, "Expected HTTP/1.1 or HTTP/1.0");
    } else {
      refuse(400, fmt::format("Not a well-formed HTTP request: {}", error.message()));
    }
  }

  std::size_t header_bytes() const { return options_.header_bytes_max; }

  Request request;
  std::optional<Refusal> refusal;
  bool expects_continue = false;

 private:
  void stop(error_code& error, int status, std::string text) {
    refuse(status, std::move(text));
    error = beast_http::error::bad_field;
  }

  void on_request_impl(beast_http::verb verb, string_view method, string_view target, int version,
                       error_code& error) override {
    request.method = method_of(verb);
    request.method_name = text_of(method);
    const std::string whole = text_of(target);
    if (!is_target(whole)) return stop(error, 400, "The request's target has bytes that none may");
    const std::size_t mark = whole.find('?');
    request.path = whole.substr(0, mark);
    if (mark != std::string::npos) request.query = whole.substr(mark + 1);
    request.is_http_1_0 = version == 10;
    if (version != 10 && version != 11) stop(error, 505, "Expected HTTP/1.1 or HTTP/1.0");
  }

  void on_response_impl(int, string_view, int, error_code&) override {}  // Never called.

  void on_field_impl(beast_http::field field, string_view name, string_view value,
                     error_code& error) override {
    if (request.headers.size() == options_.headers_max) {
      return stop(error, 431,
                  fmt::format("The request has more than {} headers", options_.headers_max));
    }
    request.headers.push_back({text_of(name), text_of(value)});
    const std::string& text = request.headers.back().value;
    // Two readers that disagree about where a request ends see two different requests.
    if (field == beast_http::field::content_length && std::exchange(has_length_, true)) {
      return stop(error, 400, "The request has two lengths");
    }
    if (field == beast_http::field::transfer_encoding &&
        (std::exchange(has_encoding_, true) || !same_ignoring_case(text, "chunked"))) {
      return stop(error, 400, "Transfer-Encoding may only be chunked, once");
    }
    if (has_length_ && has_encoding_) {
      return stop(error, 400, "The request has a length and a Transfer-Encoding");
    }
    if (field == beast_http::field::host && std::exchange(has_host_, true)) {
      return stop(error, 400, "The request has two Host headers");
    }
    if (field == beast_http::field::expect && same_ignoring_case(text, "100-continue")) {
      expects_continue = true;
    }
  }

  void on_header_impl(error_code& error) override {
    if (!request.is_http_1_0 && !has_host_) stop(error, 400, "The request has no Host header");
    if (request.is_http_1_0 && has_encoding_) stop(error, 400, "HTTP/1.0 knows no chunks");
  }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view body, error_code&) override {
    request.body.append(body.data(), body.size());
    return body.size();
  }
  void on_finish_impl(error_code&) override {}

  const Options& options_;
  bool has_length_ = false;
  bool has_encoding_ = false;
  bool has_host_ = false;
};

Parser::Parser(const Options& options) : impl_(std::make_unique<Impl>(options)) {}
Parser::~Parser() = default;
Parser::Parser(Parser&&) noexcept = default;
Parser& Parser::operator=(Parser&&) noexcept = default;

std::size_t Parser::put(std::string_view bytes) {
  if (impl_->refusal || impl_->is_done()) return 0;
  error_code error;
  const std::size_t taken = impl_->put({bytes.data(), bytes.size()}, error);
  if (error == beast_http::error::need_more) {
    // What does not end within the limit is refused before it is all there: a head, or what stands
    // between chunks.
    if (bytes.size() - taken > impl_->header_bytes()) {
      impl_->refuse(impl_->is_header_done()
                        ? make_error_code(beast_http::error::bad_chunk_extension)
                        : make_error_code(beast_http::error::header_limit));
    }
  } else if (error) {
    impl_->refuse(error);
  }
  return taken;
}

const std::optional<Refusal>& Parser::refusal() const {
  return impl_->refusal;
}

bool Parser::head_done() const {
  return impl_->is_header_done();
}

bool Parser::done() const {
  return impl_->is_done();
}

bool Parser::expects_continue() const {
  return impl_->expects_continue && impl_->is_header_done() && !impl_->is_done();
}

std::size_t Parser::body_bytes() const {
  return impl_->request.body.size();
}

Request Parser::take() {
  Request request = std::move(impl_->request);
  request.keep_alive = impl_->is_header_done() && impl_->keep_alive();
  return request;
}

}  // namespace stepwell::http
