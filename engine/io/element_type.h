#pragma once

#include <optional>

#include "engine/dtype/dtype.h"
#include "engine/io/handle.h"

namespace distarray::io {

/// The HDF5 type of elements in memory, which is also how they are written: bool as h5py's enumeration, complex as a
/// compound of r and i.
Handle ElementType(DType dtype);

/// The nearest element type of an HDF5 type (any byte order and width); nullopt for text, references and the like.
std::optional<DType> NearestDType(hid_t type);

/// Short name of an HDF5 type's class, for messages.
const char* ClassName(hid_t type);

}  // namespace distarray::io
