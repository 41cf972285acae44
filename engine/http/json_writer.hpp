#pragma once

// JSON as MLflow writes it: int64 as numbers, doubles always with a fraction or an exponent, NaN
// and the infinities as texts. Begins and ends must match; commas are its own business.

#include <cstdint>
#include <string>
#include <string_view>

namespace stepwell::http {

class JsonWriter {
 public:
  void begin_object() { begin('{'); }
  void end_object() { end('}'); }
  void begin_array() { begin('['); }
  void end_array() { end(']'); }
  void key(std::string_view name);

  void text(std::string_view value);  // UTF-8.
  void integer(std::int64_t value);
  void number(double value);
  void flag(bool value);

  void field(std::string_view name, std::string_view value) { key(name), text(value); }
  // A text literal would rather become a bool.
  void field(std::string_view name, const char* value) { key(name), text(value); }
  void field(std::string_view name, std::int64_t value) { key(name), integer(value); }
  void field(std::string_view name, double value) { key(name), number(value); }
  void field(std::string_view name, bool value) { key(name), flag(value); }
  void empty_object(std::string_view name) { key(name), begin_object(), end_object(); }

  std::size_t size() const { return out_.size(); }
  // What was written so far; objects and lists stay open.
  std::string take();

 private:
  void begin(char bracket);
  void end(char bracket);
  void separate();

  std::string out_;
  bool needs_comma_ = false;
};

}  // namespace stepwell::http
