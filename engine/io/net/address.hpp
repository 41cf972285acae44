#pragma once

// Addresses as people write them.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"

namespace stepwell::net {

struct Address {
  std::string host;
  std::uint16_t port = 0;

  // "host:port", with brackets around an IPv6 address.
  std::string text() const;
};

// "host:port" or "[v6]:port". kInvalid says what is wrong with it.
Result<Address> parse_address(std::string_view text);

}  // namespace stepwell::net
