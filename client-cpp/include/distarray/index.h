#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace distarray::inline client {

/// Lengths of the dimensions.
using Shape = std::vector<std::int64_t>;

/// Python's start:stop:step. An absent bound is open; negative bounds count from the end; bounds past the end are cut.
struct Range {
  Range(std::optional<std::int64_t> first, std::optional<std::int64_t> end, std::int64_t stride = 1)
      : start(first), stop(end), step(stride) {}

  std::optional<std::int64_t> start;
  std::optional<std::int64_t> stop;
  std::int64_t step;  // not 0
};
/// ':', all of one dimension.
struct All {};
/// '...', all of the dimensions that no other entry names; at most one.
struct Ellipsis {};
/// numpy.newaxis: a new dimension of length 1.
struct NewAxis {};

/// One entry of an index expression: an integer removes its dimension (negative: from the end), the others keep or add
/// one.
class IndexEntry {
 public:
  using Value = std::variant<std::int64_t, Range, All, Ellipsis, NewAxis>;

  template <std::integral T>
  IndexEntry(T index) : value_(static_cast<std::int64_t>(index)) {}  // NOLINT(google-explicit-constructor)
  IndexEntry(Range range) : value_(range) {}                         // NOLINT(google-explicit-constructor)
  IndexEntry(All all) : value_(all) {}                               // NOLINT(google-explicit-constructor)
  IndexEntry(Ellipsis ellipsis) : value_(ellipsis) {}                // NOLINT(google-explicit-constructor)
  IndexEntry(NewAxis axis) : value_(axis) {}                         // NOLINT(google-explicit-constructor)

  const Value& value() const { return value_; }

 private:
  Value value_;
};

/// NumPy's basic index expression: {Range(1, 5), All(), NewAxis(), 3} is x[1:5, :, None, 3]. Dimensions not named are
/// whole.
using Index = std::vector<IndexEntry>;

/// One axis, or several: 0, {0, -1}. Negative ones count from the end.
class Axes {
 public:
  Axes(int axis) : axes_{axis} {}  // NOLINT(google-explicit-constructor)
  Axes(std::initializer_list<int> axes) : axes_(axes) {}
  Axes(std::vector<int> axes) : axes_(std::move(axes)) {}  // NOLINT(google-explicit-constructor)

  const std::vector<int>& values() const { return axes_; }

 private:
  std::vector<int> axes_;
};

}  // namespace distarray::inline client
