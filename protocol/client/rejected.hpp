#pragma once

// Rejected frames are kept beside the spool, as <run>/rejected/<writer>-<sequence>.frame with a
// .txt that says why, so that nothing a user logged disappears without a trace.

#include "engine/io/file_system.hpp"
#include "protocol/client/account.hpp"
#include "protocol/client/frame_source.hpp"

namespace stepwell::client {

// The entry's path is empty if the copy could not be written. A copy that exists is left as it is.
RejectedFrame keep_rejected(io::FileSystem& files, const std::string& run_directory,
                            const SourceFrame& frame, protocol::VerdictCode code,
                            const std::string& text);

}  // namespace stepwell::client
