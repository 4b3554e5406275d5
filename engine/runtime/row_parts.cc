#include "engine/runtime/row_parts.h"

#include <algorithm>
#include <functional>
#include <numeric>

#include "engine/runtime/new_buffer.h"

namespace distarray {

StoredPart FindPart(const Services& services, const BufferView& view, absl::Status& status) {
  StoredPart part;
  auto distribution = services.distributions.Find(view.distribution);
  if (!distribution.ok()) {
    status.Update(distribution.status());
    return part;
  }
  part.distribution = *std::move(distribution);
  part.rank = part.distribution->RankOf(services.target);
  if (part.rank >= 0) {
    auto buffer = FindUsable(services, view.buffer, view.dtype);
    status.Update(buffer.status());
    part.buffer = buffer.ok() ? *std::move(buffer) : nullptr;
  }
  return part;
}

ChoicePart FindChoice(const Services& services, const RowChoice& choice, absl::Status& status) {
  ChoicePart part;
  part.rows.sizes = choice.sizes;
  for (const BufferView& index : choice.indices) {
    const StoredPart found = FindPart(services, index, status);
    if (!status.ok()) {
      return part;
    }
    part.distribution = found.distribution;
    part.rank = found.rank;
    part.count = found.count();
    part.rows.indices.push_back(reinterpret_cast<const std::int64_t*>(found.data()));
    part.buffers.push_back(found.buffer);
  }
  return part;
}

Task CheckChoice(Execution& execution, const RowChoice& choice, const ChoicePart& part) {
  constexpr std::int64_t kChecked = std::int64_t{1} << 18;  // between two looks at the clock
  for (std::int64_t from = 0; from < part.count; from += kChecked) {
    const absl::Status status = part.rows.Check(from, std::min(kChecked, part.count - from), choice.axes);
    if (!status.ok()) {
      co_return status;
    }
    if (execution.turn.Over()) {
      co_await execution.turn.Yield();
    }
  }
  co_return absl::OkStatus();
}

Task WalkAlong(Execution& execution, const ChoicePart& choice, const Distribution& array, int axis, int element_size,
               const std::function<void(const RowsAlong&)>& copy) {
  constexpr std::int64_t kRows = std::int64_t{1} << 16;    // of which the numbers are worked out at a time
  constexpr std::int64_t kCopied = std::int64_t{1} << 19;  // bytes copied between two looks at the clock
  const auto product = [](auto begin, auto end) {
    return std::accumulate(begin, end, std::int64_t{1}, std::multiplies<>());
  };
  const Shape shape = array.LocalShape(array.RankOf(execution.services.target));
  const auto first = shape.begin() + axis;
  const auto behind = first + std::ssize(choice.rows.sizes);
  const std::int64_t outer = product(shape.begin(), first);
  const std::int64_t size = product(first, behind);
  RowsAlong along;
  along.stride = product(behind, shape.end()) * element_size;
  if (along.stride == 0 || outer == 0) {
    co_return absl::OkStatus();
  }
  std::vector<std::int64_t> rows(static_cast<std::size_t>(std::min(kRows, choice.count)));
  std::int64_t copied = 0;
  for (std::int64_t from = 0; from < choice.count; from += kRows) {
    rows.resize(static_cast<std::size_t>(std::min(kRows, choice.count - from)));
    choice.rows.Rows(from, rows);
    for (std::int64_t o = 0; o < outer; ++o) {
      along.whole = o * size;
      for (along.begin = 0; along.begin < along.stride; along.begin += along.bytes) {
        along.bytes = std::min(kCopied, along.stride - along.begin);
        const auto step = static_cast<std::size_t>(std::max<std::int64_t>(1, kCopied / along.bytes));
        for (std::size_t i = 0; i < rows.size(); i += step) {
          along.rows = std::span(rows).subspan(i, std::min(step, rows.size() - i));
          along.chosen = o * choice.count + from + static_cast<std::int64_t>(i);
          copy(along);
          copied += std::ssize(along.rows) * along.bytes;
          if (copied >= kCopied) {
            copied = 0;
            if (execution.turn.Over()) {
              co_await execution.turn.Yield();
            }
          }
        }
      }
    }
  }
  co_return absl::OkStatus();
}

std::vector<std::int64_t> RowBounds(const Distribution& distribution, std::int64_t row_elements) {
  std::vector<std::int64_t> bounds{0};
  for (std::size_t rank = 0; rank < distribution.targets.size(); ++rank) {
    bounds.push_back(bounds.back() + distribution.LocalCount(static_cast<int>(rank)) / row_elements);
  }
  return bounds;
}

bool IsEverywhere(const Distribution& distribution) {
  return std::any_of(distribution.dimensions.begin(), distribution.dimensions.end(),
                     [](const DimensionMap& map) { return map.replicated(); });
}

RowChunks RowChunks::Of(std::int64_t row_bytes, std::size_t peers) {
  constexpr std::int64_t kRowsMost = std::int64_t{1} << 19;
  constexpr std::int64_t kPieceMost = std::int64_t{1} << 20;
  constexpr std::int64_t kStaged = std::int64_t{32} << 20;
  constexpr std::int64_t kSingle = std::int64_t{16} << 10;
  constexpr std::int64_t kMessagesMost = 256;
  RowChunks chunks;
  chunks.piece_bytes = std::clamp<std::int64_t>(row_bytes, 1, kPieceMost);
  chunks.single = chunks.piece_bytes >= kSingle;
  const auto number = static_cast<std::int64_t>(sizeof(std::int64_t));
  // No message is longer than what is received without knowing its length.
  const std::int64_t staged =
      std::min(kStaged / static_cast<std::int64_t>(std::max<std::size_t>(peers, 1)), Exchange::kPiece);
  chunks.rows =
      std::clamp<std::int64_t>(staged / (chunks.piece_bytes + number), 1, chunks.single ? kMessagesMost : kRowsMost);
  return chunks;
}

std::int64_t RowChunks::SizeOf(std::int64_t t, std::int64_t elements) const {
  return std::clamp<std::int64_t>(elements - t * rows, 0, rows);
}

}  // namespace distarray
