#pragma once

// Keeps web pages of others out: a browser on the same machine or network reaches this server too.

#include <optional>

#include "engine/http/options.hpp"
#include "engine/http/request.hpp"
#include "engine/http/response.hpp"

namespace stepwell::http {

// The answer to a request that a foreign page may have made: by a name that leads here although it
// is not ours (DNS rebinding), or from an origin that is not ours. Nothing: it may pass.
std::optional<Response> refuse_foreign(const Request& request, const Options& options);

// localhost, loopback or private addresses, or one of `allowed`. With or without a port.
bool is_our_host(std::string_view host, const std::vector<std::string>& allowed);

}  // namespace stepwell::http
