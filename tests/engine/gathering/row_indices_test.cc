#include "engine/gathering/row_indices.h"

#include "engine/base/error.h"
#include "tests/support/catch.h"

namespace distarray {
namespace {

using Numbers = std::vector<std::int64_t>;

TEST_CASE("index arrays name rows in C order, negative ones from the end") {
  const Numbers first{0, 2, -1, -3};
  const Numbers second{1, 1, -4, 3};
  const RowIndices indices{{first.data(), second.data()}, {3, 4}};
  Numbers rows(4);
  indices.Rows(0, rows);
  CHECK(rows == Numbers{1, 9, 8, 3});
  rows.resize(2);
  indices.Rows(2, rows);
  CHECK(rows == Numbers{8, 3});
  const RowIndices one{{second.data()}, {4}};
  one.Rows(1, rows);
  CHECK(rows == Numbers{1, 0});
}

TEST_CASE("the first index out of range is named") {
  const Numbers first{0, 2, -1};
  const Numbers second{1, 4, -5};
  const RowIndices indices{{first.data(), second.data()}, {3, 4}};
  const std::vector<int> axes{0, 7};
  CHECK(indices.Check(0, 1, axes).ok());
  const absl::Status wrong = indices.Check(0, 3, axes);
  CHECK(ReasonOf(wrong) == Reason::kIndexOutOfRange);
  CHECK(wrong.message() == "index 4 is out of bounds for axis 7 with size 4");
  CHECK(indices.Check(2, 1, axes).message() == "index -5 is out of bounds for axis 7 with size 4");
  const RowIndices none{{first.data()}, {0}};
  CHECK(none.Check(0, 0, axes).ok());
  CHECK(none.Check(0, 1, axes).message() == "index 0 is out of bounds for axis 0 with size 0");
}

}  // namespace
}  // namespace distarray
