// What a log's marks are for: the last group's damage is told from a torn write, and a closed log
// is not read behind its end.
#include <algorithm>

#include "engine/wal/format.hpp"
#include "tests/wal/log_fixture.hpp"

namespace stepwell::wal {
namespace {

using Contents = std::vector<std::byte>;

// Segments sort by position.
std::string segment(io::World& world, std::size_t position) {
  std::vector<std::string> paths;
  for (const std::string& name : world.list("wal")) {
    if (parse_segment_name(name)) paths.push_back("wal/" + name);
  }
  std::ranges::sort(paths);
  return paths.at(position);
}

// The last group is only told from a torn write by the mark behind it.
TEST(LogMarks, TheIdleMarkVouchesForTheLastGroup) {
  for (const bool idle : {true, false}) {
    io::World world(3);
    LogOnWorld log(world);
    ASSERT_TRUE(log.open().has_value());
    ASSERT_TRUE(log.append("precious").has_value());
    idle ? log.idle() : log.settle();
    log.kill();
    const std::string path = segment(world, 0);
    Contents bytes = world.contents(path).value();
    bytes[4096 + 80] ^= std::byte{1};
    ASSERT_TRUE(world.overwrite(path, bytes).has_value());
    const auto opened = log.open();
    EXPECT_EQ(opened.has_error(), idle) << "without a mark it must pass for a torn write";
    EXPECT_EQ(log.report.torn_tail.has_value(), !idle);
    log.kill();
  }
}

// Whoever closed the log says that nothing follows, so that an opening need not read the rest of
// the segment to know it. A sound group is put there, which no log writes, to see what is read.
TEST(LogMarks, AClosedLogIsNotReadBehindItsEnd) {
  for (const bool closed : {true, false}) {
    io::World world(3);
    LogOnWorld log(world);
    ASSERT_TRUE(log.open().has_value());
    ASSERT_TRUE(log.append("precious").has_value());
    log.idle();
    if (closed) {
      ASSERT_TRUE(log.close().has_value());
    }
    log.kill();
    const std::string path = segment(world, 0);
    Contents bytes = world.contents(path).value();
    std::string what;
    const auto segment = decode_segment_header(Bytes(bytes).first(kBlock), what);
    ASSERT_TRUE(segment.has_value()) << what;
    GroupHeader group;
    group.log_id = segment->log_id;
    group.incarnation = segment->incarnation;
    group.length = kGroupHeaderBytes;
    const std::uint64_t offset = 8 * kBlock;
    group.position = segment->first_position + offset;
    group.durable = group.position;
    seal_group(group, MutableBytes(bytes).subspan(offset, kBlock));
    ASSERT_TRUE(world.overwrite(path, bytes).has_value());
    EXPECT_EQ(log.open().has_value(), closed);
    log.kill();
  }
}

// A closed log was opened again, and what that began is lost in part.
TEST(LogMarks, WhatFollowsAClosedLogIsSeenAlsoByALostHeader) {
  for (const bool header_only : {true, false}) {
    io::World world(3);
    LogOnWorld log(world);
    ASSERT_TRUE(log.open().has_value());
    ASSERT_TRUE(log.append("old").has_value());
    ASSERT_TRUE(log.close().has_value());
    ASSERT_TRUE(log.open().has_value());
    const std::string path = segment(world, 1);
    const Contents prepared = world.contents(path).value();
    ASSERT_TRUE(log.append("new").has_value());
    log.idle();
    log.kill();
    Contents bytes = world.contents(path).value();
    const auto lost = header_only ? kBlock : 2 * kBlock;
    std::copy_n(prepared.begin(), lost, bytes.begin());
    ASSERT_TRUE(world.overwrite(path, bytes).has_value());
    const auto opened = log.open(header_only ? Lsn{} : Lsn{log.durable.back().lsn});
    EXPECT_TRUE(opened.has_error());
    log.kill();
  }
}

}  // namespace
}  // namespace stepwell::wal
