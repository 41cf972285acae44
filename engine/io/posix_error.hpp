#pragma once

// What the kernel answers, as our errors; and a descriptor that closes itself.

#include <string_view>
#include <utility>

#include "engine/base/result.hpp"

namespace stepwell::io {

// The kinds that file_system.hpp promises.
Error error_of(int error_number, std::string_view operation, std::string_view path);

// "" becomes ".", "/a" becomes "/".
std::string_view parent_of(std::string_view path);

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor();
  int number() const { return number_; }
  bool valid() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

}  // namespace stepwell::io
