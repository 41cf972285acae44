// Two stores are equal when their digests are: whatever the interleaving of writers, the groups of
// the log and the repeats; and different for anything that a reader could tell.

#include "engine/tracking/digest.hpp"

#include <fmt/format.h>

#include <map>

#include "protocol/context.hpp"
#include "tests/tracking/tracking_fixture.hpp"

namespace stepwell::tracking {
namespace {

using Stream = std::vector<std::string>;  // One writer's frames, in order.

// Writers that agree with one another: what they say of one thing is the same, or an order decides.
std::vector<Stream> agreeing_writers(SeededRandom& random) {
  std::vector<Stream> streams;
  for (std::uint64_t run = 1; run <= 2; ++run) {
    for (std::uint64_t writer = 1; writer <= 3; ++writer) {
      Stream stream;
      At at{run, writer, 1};
      OpenSpec open{.experiment = "e" + std::to_string(run),
                    .start_ms = 1000 - std::int64_t(writer)};
      if (writer == 2) open.run_name = "named by one of them";
      open.slot = fmt::format("rank-{}", writer);
      stream.push_back(open_frame(at, open));
      const std::string context =
          protocol::encode_context({{"rank", std::to_string(writer)}}).value();
      for (int i = 0; i < 12; ++i) {
        ++at.sequence;
        std::vector<Point> points;
        for (std::uint64_t n = random.below(5) + 1; n > 0; --n) {
          points.push_back({std::int64_t(random.below(8)), std::int64_t(random.below(2)),
                            double(random.below(3))});
        }
        switch (random.below(7)) {
          case 0:
            stream.push_back(
                params_frame(at, {{"shared", "1"}, {fmt::format("p{}", writer), "x"}}));
            break;
          case 1:
            stream.push_back(tags_frame(at, {{fmt::format("t{}", writer), std::to_string(i)}}));
            break;
          case 2:
            stream.push_back(poison_frame(at));
            break;
          case 3:
            stream.push_back(refused_frame(at, VerdictCode::kDamaged, "cut"));
            break;
          case 4:
            stream.push_back(skip_frame(at, at.sequence, at.sequence + 1, 5));
            ++at.sequence;
            break;
          case 5:
            stream.push_back(batch_frame(at, "mine", points, context));
            break;
          default:
            stream.push_back(batch_frame(at, "shared", points));
            break;
        }
      }
      ++at.sequence;
      stream.push_back(end_frame(at,
                                 writer == 1 ? wire::RunStatus::Failed : wire::RunStatus::Finished,
                                 5000 + std::int64_t(random.below(100))));
      streams.push_back(std::move(stream));
    }
  }
  return streams;
}

// Sends all streams in some interleaving, with frames repeated and stores interrupted in between.
std::string digest_of_some_order(const std::vector<Stream>& streams, SeededRandom& random,
                                 bool calm) {
  TrackingOnWorld it;
  std::vector<std::size_t> at(streams.size(), 0);
  std::size_t left = 0;
  for (const Stream& stream : streams) left += stream.size();
  std::vector<std::string> group;
  std::size_t calm_stream = 0;
  while (left > 0) {
    std::size_t which = random.below(streams.size());
    if (calm) {
      while (at[calm_stream] == streams[calm_stream].size()) ++calm_stream;
      which = calm_stream;
    }
    if (at[which] < streams[which].size()) {
      group.push_back(streams[which][at[which]++]);
      --left;
    }
    if (!calm && at[which] > 0 && random.one_in(3)) {
      // Again from somewhere before, as after a reconnect.
      for (std::size_t i = random.below(at[which]); i < at[which]; ++i)
        group.push_back(streams[which][i]);
    }
    if (left == 0 || random.one_in(4)) it.send_all(std::exchange(group, {}));
    if (!calm && random.one_in(25)) it.kill_and_open();
    if (!calm && random.one_in(40)) it.close_and_open();
  }
  if (!group.empty()) it.send_all(group);
  return it.digest();
}

TEST(DigestTest, IsTheSameForEveryInterleavingAndAnyRepeats) {
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE(fmt::format("seed {}", seed));
    SeededRandom random(seed);
    const auto streams = agreeing_writers(random);
    const std::string calm = digest_of_some_order(streams, random, true);
    for (int order = 0; order < 4; ++order) {
      EXPECT_EQ(digest_of_some_order(streams, random, false), calm) << "order " << order;
    }
  }
}

// A small store, with one thing in it done otherwise.
std::string digest_with(const std::string& what) {
  const auto is = [&](std::string_view it) { return what == it; };
  TrackingOnWorld it;
  it.send(open_frame({1, 1, 1}, {.experiment = is("experiment") ? "f" : "e",
                                 .run_name = is("name") ? "m" : "n",
                                 .user = is("user") ? "eve" : "ann",
                                 .start_ms = is("start") ? 1 : 2,
                                 .slot = is("slot") ? "s" : ""}));
  it.send(open_frame({1, is("writer") ? 3u : 2u, 1}));
  it.send(params_frame({1, 1, 2}, {{is("param key") ? "q" : "p", is("param") ? "2" : "1"}}));
  it.send(tags_frame({1, 1, 3}, {{is("tag key") ? "u" : "t", is("tag") ? "2" : "1"}}));
  const double value = is("nan bits") ? std::bit_cast<double>(0x7ff8'0000'0000'0001ULL)
                                      : std::bit_cast<double>(0x7ff8'0000'0000'0000ULL);
  it.send(batch_frame(
      {1, 1, 4}, is("metric key") ? "n" : "m",
      {{is("step") ? 6 : 5, is("time") ? 8 : 7, value}, {9, 9, is("zero's sign") ? -0.0 : 0.0}},
      is("context") ? protocol::encode_context({{"a", "b"}}).value() : ""));
  it.send(is("hole's kind") ? poison_frame({1, 1, 5}) : skip_frame({1, 1}, 5, is("hole") ? 6 : 5));
  if (is("hole"))
    it.send(tags_frame({1, 1, 7}, {}));
  else
    it.send(tags_frame({1, 1, 6}, {}));
  if (is("watermark")) it.send(tags_frame({1, 1, 7}, {}));
  if (is("point")) it.send(batch_frame({1, 1, 7}, "m", {{100, 1, 1}}));
  if (is("repeat")) it.send(tags_frame({1, 1, 3}, {{"t", "1"}}));
  if (is("gap")) it.send(tags_frame({1, 1, 30}, {{"t", "2"}}));
  if (is("verdict")) it.send(refused_frame({1, 1, 7}, VerdictCode::kDamaged, "x"));
  if (is("other verdict")) it.send(refused_frame({1, 1, 7}, VerdictCode::kLimit, "x"));
  if (is("end")) it.send(end_frame({1, 1, 7}));
  if (is("status")) it.send(end_frame({1, 1, 7}, wire::RunStatus::Failed));
  if (is("end time")) it.send(end_frame({1, 1, 7}, wire::RunStatus::Finished, 9001));
  if (is("run")) it.send(open_frame({2, 1, 1}));
  if (is("arrival")) it.clock.now += 5;
  if (is("kill")) it.kill_and_open();
  if (is("checkpoint")) it.close_and_open();
  wire::RunStageT stage;
  stage.deleted = true;
  if (is("deleted")) it.send(command_frame(Kind::kRunStage, stage, 1));
  wire::CreateExperimentT create;
  create.name = "more";
  if (is("empty experiment")) it.send(command_frame(Kind::kCreateExperiment, create));
  wire::ExperimentTagT tag;
  tag.id = 1;
  tag.tag = std::move(to_wire_texts({{"k", "v"}})[0]);
  if (is("experiment tag")) it.send(command_frame(Kind::kExperimentTag, tag));
  return it.digest();
}

TEST(DigestTest, DiffersForEverythingThatAReaderCouldTell) {
  const char* const changes[] = {"nothing",
                                 "experiment",
                                 "name",
                                 "user",
                                 "start",
                                 "slot",
                                 "writer",
                                 "param key",
                                 "param",
                                 "tag key",
                                 "tag",
                                 "nan bits",
                                 "metric key",
                                 "step",
                                 "time",
                                 "zero's sign",
                                 "context",
                                 "hole's kind",
                                 "hole",
                                 "watermark",
                                 "point",
                                 "verdict",
                                 "other verdict",
                                 "end",
                                 "status",
                                 "end time",
                                 "run",
                                 "deleted",
                                 "empty experiment",
                                 "experiment tag"};
  std::map<std::string, std::string> seen;
  for (const char* const change : changes) {
    const std::string digest = digest_with(change);
    EXPECT_EQ(digest.size(), 32u);
    const auto [known, added] = seen.emplace(digest, change);
    EXPECT_TRUE(added) << change << " looks like " << known->second;
  }
}

TEST(DigestTest, IsTheSameForWhatIsNoDifference) {
  const std::string plain = digest_with("nothing");
  for (const char* const same : {"repeat", "gap", "arrival", "kill", "checkpoint"}) {
    EXPECT_EQ(digest_with(same), plain) << same;
  }
}

TEST(DigestTest, DoesNotDependOnNumbers) {
  TrackingOnWorld one, other;
  one.send_all(
      {open_frame({1, 1, 1}, {.experiment = "a"}), open_frame({2, 1, 1}, {.experiment = "b"}),
       batch_frame({1, 1, 2}, "x", {{1, 1, 1}}), batch_frame({2, 1, 2}, "y", {{1, 1, 1}})});
  other.send_all(
      {open_frame({2, 1, 1}, {.experiment = "b"}), batch_frame({2, 1, 2}, "y", {{1, 1, 1}}),
       open_frame({1, 1, 1}, {.experiment = "a"}), batch_frame({1, 1, 2}, "x", {{1, 1, 1}})});
  EXPECT_NE(one.run(1).info->experiment, other.run(1).info->experiment);
  EXPECT_EQ(one.digest(), other.digest());
}

}  // namespace
}  // namespace stepwell::tracking
