#pragma once

// A request as it came: whole, checked for form, not for sense. A value; belongs to its session.

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace stepwell::http {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions, kOther };

struct Header {
  std::string name;
  std::string value;
};

inline bool same_ignoring_case(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

struct Request {
  Method method = Method::kOther;
  std::string method_name;
  std::string path;   // As sent: percent-encoded, without the query.
  std::string query;  // Behind the first '?'.
  std::vector<Header> headers;
  std::string body;
  bool is_http_1_0 = false;
  bool keep_alive = true;
  std::string id;  // Comes back in X-Request-Id.

  // The first of this name, in any case; empty if there is none.
  std::string_view header(std::string_view name) const {
    for (const Header& one : headers) {
      if (same_ignoring_case(one.name, name)) return one.value;
    }
    return {};
  }
};

}  // namespace stepwell::http
