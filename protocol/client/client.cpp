#include "protocol/client/client.hpp"

#include "engine/base/logging.hpp"
#include "protocol/client/life.hpp"
#include "protocol/context.hpp"
#include "protocol/limits.hpp"
#include "protocol/text.hpp"

namespace stepwell::client {

using protocol::Kind;

namespace {

constexpr std::size_t kTextFrameBytes = 1 << 20;

// Calls `send` with message after message; entries that break a rule are left out, with a warning.
template <typename Message, typename Send>
void in_frames(std::span<const Client::Text> texts,
               std::vector<std::unique_ptr<wire::TextT>> Message::* list, std::string_view what,
               const Send& send) {
  Message message;
  std::size_t bytes = 0;
  const auto flush = [&] {
    if (!(message.*list).empty()) send(protocol::encode(message));
    (message.*list).clear();
    bytes = 0;
  };
  for (const auto& [key, value] : texts) {
    auto rule = protocol::check_key(what, key);
    if (rule) rule = protocol::check_value(what, value);
    if (!rule) {
      log().warn("not logged: {}", rule.error().text);
      continue;
    }
    if (bytes + value.size() > kTextFrameBytes || (message.*list).size() >= protocol::kEntriesMax) {
      flush();
    }
    auto text = std::make_unique<wire::TextT>();
    text->key = key;
    text->value = value;
    bytes += key.size() + value.size() + 32;
    (message.*list).push_back(std::move(text));
  }
  flush();
}

// Training goes on whatever happens in here.
template <typename Act>
void never_throw(const Act& act) noexcept {
  try {
    act();
  } catch (const std::exception& error) {
    log().warn("not logged: {}", error.what());
  }
}

}  // namespace

Client::Client(ClientOptions options) : lives_(std::make_unique<ClientLives>(std::move(options))) {}
Client::~Client() = default;

RunId Client::run() const {
  return lives_->run();
}

void Client::log(std::int64_t step, std::span<const Value> values) noexcept {
  never_throw([&] { lives_->current().recorder().log(0, step, std::nullopt, values); });
}

void Client::log(std::int64_t step, std::initializer_list<Value> values) noexcept {
  log(step, std::span(values.begin(), values.size()));
}

void Client::log(std::string_view key, double value, std::int64_t step) noexcept {
  const Value one(key, value);
  log(step, std::span(&one, 1));
}

void Client::log_at(Context context, std::int64_t step, std::int64_t time_ms,
                    std::span<const Value> values) noexcept {
  never_throw([&] {
    lives_->current().recorder().log(static_cast<std::uint32_t>(context), step, time_ms, values);
  });
}

void Client::log_next(std::span<const Value> values, Context context) noexcept {
  never_throw([&] {
    lives_->current().recorder().log(static_cast<std::uint32_t>(context), std::nullopt,
                                     std::nullopt, values);
  });
}

Client::Context Client::context(const Labels& labels) noexcept {
  Context made = Context::kDefault;
  never_throw([&] {
    auto canonical = protocol::encode_context(labels);
    if (!canonical) {
      stepwell::log().warn("labels left out: {}", canonical.error().text);
      return;
    }
    made = static_cast<Context>(lives_->add_context(std::move(canonical.value())));
  });
  return made;
}

void Client::params(std::span<const Text> params) noexcept {
  never_throw([&] {
    in_frames<wire::ParamsT>(params, &wire::ParamsT::params, "param", [&](std::string payload) {
      lives_->current().recorder().command(Kind::kParams, std::move(payload));
    });
  });
}

void Client::params(std::initializer_list<Text> texts) noexcept {
  params(std::span(texts.begin(), texts.size()));
}

void Client::tags(std::span<const Text> tags) noexcept {
  never_throw([&] {
    in_frames<wire::TagsT>(tags, &wire::TagsT::tags, "tag", [&](std::string payload) {
      lives_->current().recorder().command(Kind::kTags, std::move(payload));
    });
  });
}

void Client::tags(std::initializer_list<Text> texts) noexcept {
  tags(std::span(texts.begin(), texts.size()));
}

void Client::end(EndStatus status) noexcept {
  never_throw([&] {
    wire::EndT end;
    end.status = static_cast<wire::RunStatus>(status);
    end.end_ms = SystemClock().now_ms();
    lives_->current().recorder().command(Kind::kEnd, protocol::encode(end));
  });
}

bool Client::flush(std::chrono::nanoseconds deadline) noexcept {
  bool done = false;
  never_throw([&] { done = lives_->current().flush(deadline); });
  return done;
}

Account Client::account() const {
  return lives_->current().core().account();
}

std::vector<RejectedFrame> Client::rejected() const {
  return lives_->current().core().rejected();
}

}  // namespace stepwell::client
