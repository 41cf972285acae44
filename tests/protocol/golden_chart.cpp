#include <bit>
#include <limits>

#include "protocol/messages.hpp"
#include "tests/protocol/golden.hpp"

namespace stepwell::protocol {

void add_chart(std::vector<GoldenFrame>& all) {
  const wire::Id run = to_wire(*RunId::parse("0123456789abcdef0123456789abcdef"));
  wire::BucketsT buckets;
  buckets.runs = {run};
  buckets.keys = {"loss"};
  buckets.axis = wire::Axis::Time;
  buckets.buckets_max = 500;
  all.push_back({"buckets", make_frame_of(Kind::kBuckets, buckets, {}, {}, 5)});
  wire::BucketColumnsT columns;
  columns.log2_width = 10;
  columns.first_bucket = -3;
  columns.series.push_back(std::make_unique<wire::SeriesBucketsT>());
  wire::SeriesBucketsT& series = *columns.series[0];
  series.run = std::make_unique<wire::Id>(run);
  series.key = "loss";
  series.bucket = {0, 499};
  series.count = {1024, 3};
  series.nan_count = {0, 3};
  series.min = {-0.5, std::numeric_limits<double>::infinity()};
  series.max = {2, -std::numeric_limits<double>::infinity()};
  series.first_value = {-0.0, std::bit_cast<double>(0x7ff8000000000001)};
  series.last_value = {1, std::bit_cast<double>(0xfff8000000000002)};
  all.push_back({"bucket_columns", make_frame_of(Kind::kBucketColumns, columns, {}, {}, 5)});
  wire::ReadDoneT done;
  done.points = 3;
  all.push_back({"read_done", make_frame_of(Kind::kReadDone, done, {}, {}, 4)});
}

}  // namespace stepwell::protocol
