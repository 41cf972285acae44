#include "engine/http/guard.hpp"

#include <array>
#include <charconv>

namespace stepwell::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Without the port; an address in brackets keeps them.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) return host.substr(0, std::min(host.size(), host.find(']') + 1));
  return host.substr(0, host.find(':'));
}

std::optional<std::array<unsigned, 4>> parse_ipv4(std::string_view text) {
  std::array<unsigned, 4> parts{};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const std::size_t dot = text.find('.');
    const std::string_view part = text.substr(0, dot);
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), parts[i]);
    const bool whole = error == std::errc() && end == part.data() + part.size() && parts[i] < 256;
    if (!whole || part.size() > 3 || (dot == std::string_view::npos) != (i == 3)) {
      return std::nullopt;
    }
    text.remove_prefix(std::min(text.size(), part.size() + 1));
  }
  return parts;
}

bool is_private(std::string_view host) {
  const auto ip = parse_ipv4(host);
  if (!ip) return false;
  const auto [a, b, c, d] = *ip;
  return a == 127 || a == 10 || (a == 192 && b == 168) || (a == 172 && b >= 16 && b < 32);
}

bool is_local(std::string_view host) {
  const auto ip = parse_ipv4(host);
  return host == "localhost" || host == "[::1]" || (ip && (*ip)[0] == 127);
}

// A host as `allowed` names it: in full with or without its port, `*`, or `*.suffix`.
bool is_allowed(std::string_view host, std::string_view name, std::string_view pattern) {
  if (pattern == "*" || pattern == host || pattern == name) return true;
  return pattern.starts_with("*.") && name.size() > pattern.size() - 1 &&
         name.ends_with(pattern.substr(1));
}

bool changes_state(Method method) {
  return method == Method::kPost || method == Method::kPut || method == Method::kPatch ||
         method == Method::kDelete;
}

bool is_api(std::string_view path) {
  return path.starts_with("/api/") || path.starts_with("/ajax-api/");
}

// Of a page on this server, of one on this machine, or of one from an allowed host.
bool is_our_origin(std::string_view origin, std::string_view host, const Options& options) {
  const std::size_t scheme = origin.find("://");
  if (scheme == std::string_view::npos) return false;  // "null" too.
  const std::string authority = lower(origin.substr(scheme + 3));
  if (authority == lower(host) || is_local(without_port(authority))) return true;
  return std::ranges::any_of(options.allowed_hosts, [&](const std::string& pattern) {
    return is_allowed(authority, without_port(authority), lower(pattern));
  });
}

}  // namespace

bool is_our_host(std::string_view host, const std::vector<std::string>& allowed) {
  const std::string whole = lower(host);
  const std::string_view name = without_port(whole);
  if (is_local(name) || is_private(name)) return true;
  return std::ranges::any_of(
      allowed, [&](const std::string& pattern) { return is_allowed(whole, name, lower(pattern)); });
}

std::optional<Response> refuse_foreign(const Request& request, const Options& options) {
  const std::string_view host = request.header("Host");
  const bool anyone = request.path == "/health" || request.path == "/version" ||
                      request.path == "/livez" || request.path == "/readyz";
  const bool has_host = !request.is_http_1_0 || !host.empty();
  if (!anyone && has_host && !is_our_host(host, options.allowed_hosts)) {
    return text_response(403, "Invalid Host header - possible DNS rebinding attack detected");
  }
  const std::string_view origin = request.header("Origin");
  if (changes_state(request.method) && is_api(request.path) && !origin.empty() &&
      !is_our_origin(origin, host, options)) {
    return text_response(403, "Cross-origin request blocked");
  }
  return std::nullopt;
}

}  // namespace stepwell::http
