# One target per folder of DESIGN's table. stepwell_library() gives each the same language level,
# warnings and sanitizers, an alias stepwell::NAME, and verified headers.

option(STEPWELL_TESTS "Build the tests" ON)
option(STEPWELL_BENCH "Build the benchmarks" OFF)
option(STEPWELL_FUZZ "Build the fuzz targets (clang only)" OFF)
set(STEPWELL_SANITIZE "" CACHE STRING "Value of -fsanitize= for every target of ours, or empty")

find_program(STEPWELL_CCACHE ccache)
if(STEPWELL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${STEPWELL_CCACHE}")
endif()

# The version that `--version`, welcome and the startup line report.
add_library(stepwell_flags INTERFACE)
target_compile_features(stepwell_flags INTERFACE cxx_std_20)
target_compile_options(stepwell_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wconversion -Wimplicit-fallthrough
  $<$<CXX_COMPILER_ID:GNU>:-fcoroutines -Wno-maybe-uninitialized>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>)
target_include_directories(stepwell_flags INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_definitions(stepwell_flags INTERFACE STEPWELL_VERSION="${PROJECT_VERSION}")
if(STEPWELL_SANITIZE)
  target_compile_options(stepwell_flags INTERFACE
    -fsanitize=${STEPWELL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(stepwell_flags INTERFACE -fsanitize=${STEPWELL_SANITIZE})
endif()

# stepwell_library(NAME SOURCES a.cpp... HEADERS a.hpp... [PUBLIC dep...] [PRIVATE dep...])
function(stepwell_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;HEADERS;PUBLIC;PRIVATE" ${ARGN})
  add_library(stepwell_${name} STATIC ${ARG_SOURCES})
  add_library(stepwell::${name} ALIAS stepwell_${name})
  target_sources(stepwell_${name} PUBLIC FILE_SET HEADERS
    BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${ARG_HEADERS})
  set_target_properties(stepwell_${name} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  target_link_libraries(stepwell_${name} PUBLIC stepwell_flags ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()
