// What file_system.hpp promises, on the real disk and on the one in RAM.
#include "engine/io/file_system.hpp"

#include "engine/io/memory.hpp"
#include "engine/io/posix.hpp"
#include "tests/io/temporary_directory.hpp"

namespace stepwell::io {
namespace {

enum class Kind { kPosix, kMemory };

class FileSystemTest : public ::testing::TestWithParam<Kind> {
 protected:
  FileSystem& files() {
    return GetParam() == Kind::kPosix ? static_cast<FileSystem&>(posix_) : memory_;
  }
  std::string directory() {
    const std::string path = GetParam() == Kind::kPosix ? temporary_.path() + "/a/b" : "a/b";
    EXPECT_TRUE(files().make_directories(path).has_value());
    return path;
  }

  TemporaryDirectory temporary_;
  World world_{1};
  PosixFileSystem posix_;
  MemoryFileSystem memory_{world_};
};

TEST_P(FileSystemTest, WritesAreReadBack) {
  const std::string path = directory() + "/file";
  auto file = files().open(path, OpenMode::kCreate);
  ASSERT_TRUE(file.has_value()) << file.error().text;
  EXPECT_EQ(file.value()->path(), path);
  ASSERT_TRUE(file.value()->write_at(as_bytes("hello"), 0).has_value());
  ASSERT_TRUE(file.value()->write_at(as_bytes("far"), 10000).has_value());
  ASSERT_TRUE(file.value()->sync().has_value());
  EXPECT_EQ(file.value()->size().value(), 10003u);
  std::byte buffer[32];
  EXPECT_EQ(file.value()->read_at({buffer, 5}, 0).value(), 5u);
  EXPECT_EQ(as_text({buffer, 5}), "hello");
  EXPECT_EQ(file.value()->read_at({buffer, 32}, 10001).value(), 2u);
  EXPECT_EQ(as_text({buffer, 2}), "ar");
  EXPECT_EQ(file.value()->read_at({buffer, 1}, 20000).value(), 0u);
  EXPECT_EQ(file.value()->read_at({buffer, 1}, 5000).value(), 1u);
  EXPECT_EQ(buffer[0], std::byte{0});
  ASSERT_TRUE(file.value()->truncate(3).has_value());
  EXPECT_EQ(file.value()->size().value(), 3u);
  ASSERT_TRUE(file.value()->truncate(8).has_value());
  EXPECT_EQ(file.value()->read_at({buffer, 8}, 0).value(), 8u);
  EXPECT_EQ(buffer[3], std::byte{0});
}

TEST_P(FileSystemTest, ErrorsNameTheirKind) {
  const std::string path = directory() + "/file";
  EXPECT_EQ(files().open(path, OpenMode::kRead).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(files().open(path, OpenMode::kReadWrite).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(files().remove(path).error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(files().rename(path, path + "2").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(files().list(directory() + "/none").error().kind, ErrorKind::kNotFound);
  EXPECT_EQ(files().open(directory() + "/no/file", OpenMode::kCreate).error().kind,
            ErrorKind::kNotFound);
  ASSERT_TRUE(files().open(path, OpenMode::kCreate).has_value());
  EXPECT_EQ(files().open(path, OpenMode::kCreate).error().kind, ErrorKind::kExists);
  auto reader = files().open(path, OpenMode::kRead);
  ASSERT_TRUE(reader.has_value());
  EXPECT_TRUE(reader.value()->write_at(as_bytes("x"), 0).has_error());
}

TEST_P(FileSystemTest, DirectoriesListRenameAndRemove) {
  const std::string dir = directory();
  for (const char* name : {"c", "a", "b"}) {
    ASSERT_TRUE(files().open(dir + "/" + name, OpenMode::kCreate).has_value());
  }
  EXPECT_EQ(files().list(dir).value(), (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_TRUE(files().rename(dir + "/a", dir + "/b").has_value());
  ASSERT_TRUE(files().remove(dir + "/c").has_value());
  ASSERT_TRUE(files().sync_directory(dir).has_value());
  EXPECT_EQ(files().list(dir).value(), std::vector<std::string>{"b"});
  EXPECT_TRUE(files().exists(dir + "/b").value());
  EXPECT_FALSE(files().exists(dir + "/a").value());
  EXPECT_TRUE(files().make_directories(dir).has_value());  // Again is fine.
  EXPECT_TRUE(files().make_directories(dir + "/b").has_error());
  EXPECT_GT(files().free_bytes(dir).value(), 0u);
}

TEST_P(FileSystemTest, ALockHasOneHolder) {
  const std::string dir = directory();
  auto lock = files().lock_directory(dir);
  ASSERT_TRUE(lock.has_value()) << lock.error().text;
  const auto second = files().lock_directory(dir);
  ASSERT_TRUE(second.has_error());
  EXPECT_EQ(second.error().kind, ErrorKind::kDenied);
  const std::string pid =
      GetParam() == Kind::kPosix ? std::to_string(::getpid()) : std::string("0");
  EXPECT_NE(second.error().text.find("process " + pid), std::string::npos) << second.error().text;
  lock.value().reset();
  EXPECT_TRUE(files().lock_directory(dir).has_value());
}

TEST_P(FileSystemTest, DirectReadsSeeWhatWasWritten) {
  const std::string path = directory() + "/file";
  auto file = files().open(path, OpenMode::kCreate);
  const std::string text(10000, 'x');
  ASSERT_TRUE(file.value()->write_at(as_bytes(text), 0).has_value());
  auto direct = files().open(path, OpenMode::kReadDirect);
  ASSERT_TRUE(direct.has_value()) << direct.error().text;
  alignas(4096) static std::byte buffer[16384];
  EXPECT_EQ(direct.value()->read_at(buffer, 0).value(), 10000u);
  EXPECT_EQ(as_text({buffer, 10000}), text);
  EXPECT_EQ(direct.value()->read_at({buffer, 4096}, 8192).value(), 10000u - 8192);
}

INSTANTIATE_TEST_SUITE_P(Each, FileSystemTest, ::testing::Values(Kind::kPosix, Kind::kMemory),
                         [](const auto& chosen) {
                           return chosen.param == Kind::kPosix ? "posix" : "memory";
                         });

}  // namespace
}  // namespace stepwell::io
