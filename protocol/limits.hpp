#pragma once

// Constants of the protocol's version. Whoever changes one changes the format.

#include <cstddef>
#include <cstdint>

namespace stepwell::protocol {

inline constexpr std::uint8_t kVersion = 1;

inline constexpr std::size_t kFrameBytesMax = 16 << 20;   // Header included.
inline constexpr std::size_t kBlocksMax = 1024;           // A batch.
inline constexpr std::size_t kKeysMax = 65'536;           // A block.
inline constexpr std::size_t kPointsMax = 1 << 20;        // A block's columns.
inline constexpr std::size_t kMetricKeyBytesMax = 1024;   // Also params' and tags' keys.
inline constexpr std::size_t kValueBytesMax = 512 << 10;  // A param's or tag's value.
inline constexpr std::size_t kNameBytesMax = 1024;        // Experiments, runs, users.
inline constexpr std::size_t kLabelsMax = 8;              // A context.
inline constexpr std::size_t kLabelKeyBytesMax = 64;
inline constexpr std::size_t kLabelValueBytesMax = 256;
inline constexpr std::size_t kEntriesMax = 10'000;  // Params or tags a frame.
inline constexpr std::size_t kLostSeriesMax = 16;   // A skip.
inline constexpr std::size_t kReasonBytesMax = 512;
inline constexpr std::size_t kPositionsMax = 4096;    // A positions frame.
inline constexpr std::size_t kWritersMax = 100'000;   // A run.
inline constexpr std::size_t kHolesMax = 64;          // A writer.
inline constexpr std::size_t kSeriesMax = 1'000'000;  // A run.

inline constexpr std::size_t kChartRunsMax = 1000;       // A question for buckets.
inline constexpr std::size_t kChartBucketsMax = 10'000;  // Of each series of its answer.

}  // namespace stepwell::protocol
