#pragma once

// A fresh directory on the real disk, gone with all its contents at the end.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace stepwell::io {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "stepwell-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace stepwell::io
