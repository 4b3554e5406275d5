#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "distarray/array.h"

namespace distarray::inline client {

// Products of matrices, vectors and tensors: floating numbers by OpenBLAS on the engines' blocks; integers, which wrap,
// and bools (`and`, summed by `or`) by loops. New arrays, unless said otherwise: dealt out as the first operand of
// their shape, else in blocks of rows. Operands in blocks of rows are not moved, but passed round panel by panel;
// transposed views of them are used where they lie. Failed: INVALID_ARGUMENT/kInvalidValue shapes that do not fit,
// arrays of several contexts; OUT_OF_RANGE/kAxisOutOfRange.

/// The product of matrices. Dimensions before the last two are a batch, and broadcast. One dimension is a row (x1) or a
/// column (x2), and is not in the result.
Array Matmul(const Array& x1, const Array& x2);
/// The last two dimensions exchanged: a view.
Array MatrixTranspose(const Array& x);
/// Sums of conj(x1) * x2 over an axis that both have; the others broadcast. One pass over the operands.
Array Vecdot(const Array& x1, const Array& x2, int axis = -1);
/// Sums of products over the last `axes` dimensions of x1 with the first of x2.
Array Tensordot(const Array& x1, const Array& x2, int axes = 2);
/// Sums of products over axes1[i] of x1 with axes2[i] of x2.
Array Tensordot(const Array& x1, const Array& x2, const std::vector<int>& axes1, const std::vector<int>& axes2);
/// Of numbers, vectors or matrices their product; of more dimensions, sums over the last of x1 and the last but one of
/// x2.
Array Dot(const Array& x1, const Array& x2);
/// Sums of products over the last axes of both; of 0-d arrays their product.
Array Inner(const Array& x1, const Array& x2);
/// Every element of x1 times every element of x2, each in C order.
Array Outer(const Array& x1, const Array& x2);
/// The sum of conj(x1) * x2 over all elements, in C order; 0-d.
Array Vdot(const Array& x1, const Array& x2);
/// Blocks of x2, scaled by the elements of x1.
Array Kron(const Array& x1, const Array& x2);
/// The elements (i, i + offset) of two axes, as a last dimension. A copy.
Array Diagonal(const Array& x, std::int64_t offset = 0, int axis1 = 0, int axis2 = 1);
/// The sums of Diagonal.
Array Trace(const Array& x, std::int64_t offset = 0, int axis1 = 0, int axis2 = 1);

/// Sums of products by Einstein's notation, of one or two operands: Einsum("ij,jk->ik", a, b). Labels are letters;
/// "..." stands for dimensions that broadcast; without "->" the labels that occur once are the result's, in
/// alphabetical order. A view where dimensions are only put in another order.
Array Einsum(std::string_view subscripts, const Array& x);
Array Einsum(std::string_view subscripts, const Array& x1, const Array& x2);

}  // namespace distarray::inline client
