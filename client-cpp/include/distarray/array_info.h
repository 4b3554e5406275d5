#pragma once

#include <cstdint>

#include "distarray/distribution.h"
#include "distarray/dtype.h"
#include "distarray/index.h"

namespace distarray::inline client {

/// What the daemon knows of an array.
struct ArrayInfo {
  std::int64_t key = 0;
  Shape shape;
  DType dtype = DType::kFloat64;
  Distribution distribution;
  std::int64_t nbytes = 0;    // bytes of all elements
  bool view = false;          // shares its elements with another array
  bool materialized = false;  // false: recorded, not computed yet
};

/// What SaveHdf5 does with a file that exists.
enum class FileMode : std::uint8_t {
  kWrite,      // replaces it
  kExclusive,  // an error
  kAppend,     // adds the dataset, which must not exist
};

}  // namespace distarray::inline client
