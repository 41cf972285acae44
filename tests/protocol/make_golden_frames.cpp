// Writes tests/data/frames/: one file a golden frame, and manifest.json that tells what they hold.
//     make_golden_frames DIRECTORY
// Run it only when a new kind or form is added: bytes that exist are a promise and never change.

#include <fstream>
#include <iostream>

#include "tests/protocol/golden.hpp"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: make_golden_frames DIRECTORY\n";
    return 2;
  }
  const std::string directory = argv[1];
  std::ofstream manifest(directory + "/manifest.json");
  manifest << "{\n";
  std::string comma;
  for (const auto& frame : stepwell::protocol::golden_frames()) {
    std::ofstream(directory + "/" + frame.name + ".frame", std::ios::binary) << frame.bytes;
    manifest << comma << "  \"" << frame.name
             << "\": " << stepwell::protocol::describe(frame.bytes);
    comma = ",\n";
  }
  manifest << "\n}\n";
  return manifest.good() ? 0 : 1;
}
