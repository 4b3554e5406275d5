// Einstein's notation.
#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <absl/strings/str_split.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "client-cpp/src/computing.h"
#include "client-cpp/src/products.h"
#include "distarray/functions.h"
#include "distarray/linear_algebra.h"
#include "distarray/manipulation.h"

namespace distarray::inline client {
namespace {

/// One a dimension. Those of an ellipsis have two characters: ".0" is the last of them, ".1" the one before.
using Labels = std::vector<std::string>;

bool Holds(const Labels& labels, const std::string& label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

int PlaceOf(const Labels& labels, const std::string& label) {
  return static_cast<int>(std::find(labels.begin(), labels.end(), label) - labels.begin());
}

std::vector<int> PlacesOf(const Labels& labels, const Labels& sought) {
  std::vector<int> places;
  for (const std::string& label : sought) {
    places.push_back(PlaceOf(labels, label));
  }
  return places;
}

void Append(Labels& labels, const Labels& more) { labels.insert(labels.end(), more.begin(), more.end()); }

/// An operand, or what has become of it.
struct Factor {
  Array array;
  Labels labels;
};

struct Notation {
  std::vector<Factor> factors;
  Labels output;
  std::map<std::string, std::int64_t> lengths;  // of labels; 1 broadcasts against others

  std::int64_t Length(const Labels& labels) const {
    std::int64_t length = 1;
    for (const std::string& label : labels) {
      length *= lengths.at(label);
    }
    return length;
  }
};

absl::Status Invalid(const std::string& what) {
  return Error(Reason::kInvalidValue, absl::StrCat("subscripts: ", what));
}

// Letters, and "..." at most once, which becomes labels for `spread` dimensions.
absl::StatusOr<Labels> Split(const std::string& term, int spread) {
  Labels labels;
  const std::size_t dots = term.find("...");
  for (std::size_t i = 0; i < term.size(); ++i) {
    if (i == dots) {
      for (int d = spread - 1; d >= 0; --d) {
        labels.push_back(absl::StrCat(".", d));
      }
      i += 2;
    } else if (absl::ascii_isalpha(static_cast<unsigned char>(term[i]))) {
      labels.emplace_back(1, term[i]);
    } else {
      return Invalid(absl::StrCat("'", std::string(1, term[i]), "' given in '", term, "', letters expected"));
    }
  }
  return labels;
}

absl::StatusOr<Labels> LabelsOf(const std::string& term, int ndim) {
  DA_ASSIGN_OR_RETURN(const Labels letters, Split(term, 0));
  const int spread = ndim - static_cast<int>(letters.size());
  const bool ellipsis = term.find("...") != std::string::npos;
  if (spread < 0 || (spread > 0 && !ellipsis)) {
    return Invalid(
        absl::StrCat("'", term, "' given, with ", letters.size(), " labels for an operand of ", ndim, " dimensions"));
  }
  return Split(term, spread);
}

absl::Status AddLengths(const Factor& factor, std::map<std::string, std::int64_t>& lengths) {
  for (std::size_t d = 0; d < factor.labels.size(); ++d) {
    const std::int64_t length = factor.array.shape()[d];
    std::int64_t& known = lengths.try_emplace(factor.labels[d], 1).first->second;
    if (known != 1 && length != 1 && length != known) {
      return Invalid(absl::StrCat("label ", factor.labels[d], " has lengths ", known, " and ", length));
    }
    known = known == 1 ? length : known;
  }
  return absl::OkStatus();
}

absl::StatusOr<Labels> OutputOf(const Notation& notation, const std::vector<std::string>& sides) {
  int spread = 0;
  std::map<std::string, int> counts;
  for (const Factor& factor : notation.factors) {
    spread = std::max(spread, static_cast<int>(std::count_if(factor.labels.begin(), factor.labels.end(),
                                                             [](const auto& label) { return label[0] == '.'; })));
    for (const std::string& label : factor.labels) {
      ++counts[label];
    }
  }
  if (sides.size() > 1) {
    DA_ASSIGN_OR_RETURN(Labels output, Split(sides[1], spread));
    for (const std::string& label : output) {
      if (!counts.contains(label) || std::count(output.begin(), output.end(), label) > 1) {
        return Invalid(absl::StrCat("the result's label ", label, " must be an operand's, and occur once"));
      }
    }
    return output;
  }
  DA_ASSIGN_OR_RETURN(Labels output, Split("...", spread));
  for (const auto& [label, count] : counts) {  // in alphabetical order
    if (label[0] != '.' && count == 1) {
      output.push_back(label);
    }
  }
  return output;
}

absl::StatusOr<Notation> Parse(std::string_view subscripts, const std::vector<Array>& arrays) {
  const std::string text = absl::StrReplaceAll(std::string(subscripts), {{" ", ""}});
  const std::vector<std::string> sides = absl::StrSplit(text, absl::MaxSplits("->", 1));
  const std::vector<std::string> terms = absl::StrSplit(sides[0], ',');
  if (terms.size() != arrays.size()) {
    return Invalid(
        absl::StrCat("'", text, "' given, which is for ", terms.size(), " operands, for ", arrays.size(), " expected"));
  }
  Notation notation;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    DA_ASSIGN_OR_RETURN(Labels labels, LabelsOf(terms[i], arrays[i].ndim()));
    notation.factors.push_back({arrays[i], std::move(labels)});
    DA_RETURN_IF_ERROR(AddLengths(notation.factors.back(), notation.lengths));
  }
  DA_ASSIGN_OR_RETURN(notation.output, OutputOf(notation, sides));
  return notation;
}

// Repeated labels become the diagonal of their dimensions.
absl::Status MakeDistinct(Factor& factor) {
  for (std::size_t i = 0; i < factor.labels.size();) {
    const std::string label = factor.labels[i];
    const auto second =
        std::find(factor.labels.begin() + static_cast<std::ptrdiff_t>(i) + 1, factor.labels.end(), label);
    if (second == factor.labels.end()) {
      ++i;
      continue;
    }
    const auto j = static_cast<std::size_t>(second - factor.labels.begin());
    if (factor.array.shape()[i] != factor.array.shape()[j]) {
      return Invalid(absl::StrCat("label ", label, " has lengths ", factor.array.shape()[i], " and ",
                                  factor.array.shape()[j], " in one operand"));
    }
    factor.array = Diagonal(factor.array, 0, static_cast<int>(i), static_cast<int>(j));
    DA_RETURN_IF_ERROR(factor.array.status());
    factor.labels.erase(second);
    factor.labels.erase(factor.labels.begin() + static_cast<std::ptrdiff_t>(i));
    factor.labels.push_back(label);
    i = 0;
  }
  return absl::OkStatus();
}

// Sums over what neither of two groups of labels has.
void SumOut(Factor& factor, const Labels& output, const Labels& other) {
  std::vector<int> axes;
  Labels left;
  for (const std::string& label : factor.labels) {
    if (Holds(output, label) || Holds(other, label)) {
      left.push_back(label);
    } else {
      axes.push_back(PlaceOf(factor.labels, label));
    }
  }
  if (!axes.empty()) {
    factor = {SummedOver(factor.array, axes), std::move(left)};
  }
}

Array Ordered(const Factor& factor, const Labels& output) {
  return PermuteDims(factor.array, PlacesOf(factor.labels, output));
}

// A view with a dimension for each label, of length 1 where the factor has none.
Array Spread(const Factor& factor, const Labels& labels) {
  Labels own;
  std::vector<int> absent;
  for (const std::string& label : labels) {
    if (Holds(factor.labels, label)) {
      own.push_back(label);
    } else {
      absent.push_back(PlaceOf(labels, label));
    }
  }
  return Expanded(Ordered(factor, own), absent);
}

// A product of matrices, or a batch of such.
Array MatrixProduct(const Notation& notation, const Labels& batch, const Labels& free1, const Labels& summed,
                    const Labels& free2) {
  const auto& [a, b] = std::tie(notation.factors[0], notation.factors[1]);
  const auto matrices = [&](const Factor& factor, const Labels& rows, const Labels& columns) {
    if (batch.empty()) {
      return AsMatrix(factor.array, PlacesOf(factor.labels, rows), PlacesOf(factor.labels, columns));
    }
    Labels all = batch;
    Append(all, rows);
    Append(all, columns);
    return Reshape(Ordered(factor, all), {notation.Length(batch), notation.Length(rows), notation.Length(columns)});
  };
  Labels labels = batch;
  Append(labels, free1);
  Append(labels, free2);
  Shape shape;
  for (const std::string& label : labels) {
    shape.push_back(notation.lengths.at(label));
  }
  return Ordered({Reshape(Matmul(matrices(a, free1, summed), matrices(b, summed, free2)), shape), labels},
                 notation.output);
}

Array Product(const Notation& notation) {
  const Factor& a = notation.factors[0];
  const Factor& b = notation.factors[1];
  Labels batch;
  Labels free1;
  Labels summed;
  Labels free2;
  for (const std::string& label : a.labels) {
    const bool wanted = Holds(notation.output, label);
    (!wanted ? summed : Holds(b.labels, label) ? batch : free1).push_back(label);
  }
  for (const std::string& label : b.labels) {
    if (Holds(notation.output, label) && !Holds(a.labels, label)) {
      free2.push_back(label);
    }
  }
  const auto broadcasts = [&](const Factor& factor) {
    return std::any_of(factor.labels.begin(), factor.labels.end(), [&](const std::string& label) {
      const auto place = static_cast<std::size_t>(PlaceOf(factor.labels, label));
      return factor.array.shape()[place] != notation.lengths.at(label);
    });
  };
  if (!summed.empty() && !(free1.empty() && free2.empty()) && !broadcasts(a) && !broadcasts(b)) {
    return MatrixProduct(notation, batch, free1, summed, free2);
  }
  Labels kept = batch;
  Append(kept, free1);
  Append(kept, free2);
  Labels labels = kept;
  Append(labels, summed);
  const Array product = Multiply(Spread(a, labels), Spread(b, labels));
  if (summed.empty()) {
    return Ordered({product, kept}, notation.output);
  }
  return Ordered({SummedOver(product, PlacesOf(labels, summed)), kept}, notation.output);
}

absl::StatusOr<Array> Summed(std::string_view subscripts, const std::vector<Array>& arrays) {
  DA_RETURN_IF_ERROR(CheckArrays("einsum", arrays));
  DA_ASSIGN_OR_RETURN(Notation notation, Parse(subscripts, arrays));
  std::vector<Factor>& factors = notation.factors;
  for (Factor& factor : factors) {
    DA_RETURN_IF_ERROR(MakeDistinct(factor));
  }
  if (factors.size() == 1) {
    SumOut(factors[0], notation.output, {});
    return Ordered(factors[0], notation.output);
  }
  SumOut(factors[0], notation.output, factors[1].labels);
  SumOut(factors[1], notation.output, factors[0].labels);
  return Product(notation);
}

}  // namespace

Array Einsum(std::string_view subscripts, const Array& x) {
  return Made([&] { return Summed(subscripts, {x}); });
}

Array Einsum(std::string_view subscripts, const Array& x1, const Array& x2) {
  return Made([&] { return Summed(subscripts, {x1, x2}); });
}

}  // namespace distarray::inline client
