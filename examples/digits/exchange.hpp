#pragma once

// Gradients between the workers of one machine: every rank gives an array, every rank gets the
// arrays' mean. Rank 0 gathers over Unix sockets, adds in the order of ranks, so that the result
// does not depend on who is faster, and sends the mean back. Failures throw std::runtime_error.

#include <span>
#include <string>
#include <vector>

namespace digits {

class Exchange {
 public:
  // Waits until all `ranks` have met at the socket `path`; 1 rank needs none.
  Exchange(int rank, int ranks, const std::string& path);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  // Replaces `values` by the mean over all ranks. All ranks call it with equal sizes.
  void average(std::span<float> values);

 private:
  void gather_workers(const std::string& path);
  void join_rank_0(const std::string& path);

  int rank_;
  int ranks_;
  std::vector<int> peers_;  // Rank 0: by rank - 1. Others: rank 0 alone.
  std::vector<float> received_;
};

}  // namespace digits
