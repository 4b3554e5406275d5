#include "engine/gathering/row_indices.h"

#include <absl/strings/str_cat.h>

#include "engine/base/error.h"

namespace distarray {

absl::Status RowIndices::Check(std::int64_t from, std::int64_t count, std::span<const int> axes) const {
  for (std::size_t d = 0; d < indices.size(); ++d) {
    const std::int64_t* index = indices[d] + from;
    const std::int64_t size = sizes[d];
    bool bad = false;
    for (std::int64_t i = 0; i < count; ++i) {
      bad |= (index[i] >= size) | (index[i] < -size);
    }
    for (std::int64_t i = 0; bad && i < count; ++i) {
      if (index[i] >= size || index[i] < -size) {
        return Error(Reason::kIndexOutOfRange,
                     absl::StrCat("index ", index[i], " is out of bounds for axis ", axes[d], " with size ", size));
      }
    }
  }
  return absl::OkStatus();
}

void RowIndices::Rows(std::int64_t from, std::span<std::int64_t> rows) const {
  for (std::size_t d = 0; d < indices.size(); ++d) {
    const std::int64_t* index = indices[d] + from;
    const std::int64_t size = sizes[d];
    const std::int64_t scale = d == 0 ? 0 : size;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::int64_t wrapped = index[i] + (index[i] < 0 ? size : 0);
      rows[i] = (d == 0 ? 0 : rows[i] * scale) + wrapped;
    }
  }
}

}  // namespace distarray
