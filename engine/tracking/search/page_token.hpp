#pragma once

// Page tokens: the last row's order key, bound to the question. The next page begins behind that
// key, wherever rows that came, went or changed meanwhile stand: no row that stays is shown twice
// or left out.

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.hpp"
#include "engine/tracking/search/order_key.hpp"

namespace stepwell::tracking::search {

// `question`: a hash of everything that the token must be used with again.
std::string write_token(std::uint64_t question, const OrderKey& last);
// kInvalid: MLflow's text. `terms`: cells of a key.
Result<OrderKey> read_token(std::string_view token, std::uint64_t question, std::size_t terms);

}  // namespace stepwell::tracking::search
