# Debian 12 packages. Boost is 1.81 because Debian's default (1.74) has no Boost.URL and an older Asio.
find_package(Threads REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(LMDB REQUIRED IMPORTED_TARGET lmdb)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(URING REQUIRED IMPORTED_TARGET liburing)
pkg_check_modules(SIMDJSON REQUIRED IMPORTED_TARGET simdjson)
find_package(ZLIB REQUIRED)
find_package(CLI11 REQUIRED)
find_path(TOMLPLUSPLUS_INCLUDE toml++/toml.h REQUIRED)
find_program(FLATC flatc REQUIRED)
find_path(FLATBUFFERS_INCLUDE flatbuffers/flatbuffers.h REQUIRED)
find_library(FLATBUFFERS_LIBRARY flatbuffers REQUIRED)

find_package(pegtl 3.2 REQUIRED)

# System headers: their warnings are not ours.
add_library(stepwell_boost INTERFACE)
target_include_directories(stepwell_boost SYSTEM INTERFACE ${Boost_INCLUDE_DIRS})
target_compile_definitions(stepwell_boost INTERFACE BOOST_ASIO_NO_DEPRECATED)
target_link_libraries(stepwell_boost INTERFACE Threads::Threads)
