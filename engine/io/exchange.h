#pragma once

#include <mpi.h>

#include <cstddef>
#include <vector>

#include "engine/io/transfer.h"

namespace distarray::io {

/// Writes blocks whose elements lie scattered in the file: in rounds, every rank gets the elements of one contiguous
/// window from all, and writes that. (MPI-IO's own collective buffering takes a hundred times as long for single
/// elements.)
class Exchange {
 public:
  /// Whether a save is better done so. Collective over comm.
  static bool Pays(MPI_Comm comm, const Transfer& direct);

  Exchange(MPI_Comm comm, const Distribution& distribution, DType dtype);

  std::int64_t rounds() const { return rounds_; }
  /// One round; collective over comm. False if the library fails on this rank.
  bool Write(hid_t dataset, hid_t properties, std::int64_t round, const std::byte* block) const;

 private:
  MPI_Comm comm_;
  std::size_t element_size_;
  int rank_;
  std::vector<std::vector<AxisSelection>> axes_;  // of each rank
  std::vector<Transfer> windows_;                 // of each rank; a box is a round's window
  std::int64_t rounds_ = 0;
};

/// As Transfer::Read of all boxes, for elements scattered too finely to be selected: reads contiguous windows and picks
/// from them. False if the library fails.
bool ReadScattered(hid_t dataset, const Distribution& distribution, int rank, DType dtype, std::byte* block);

}  // namespace distarray::io
