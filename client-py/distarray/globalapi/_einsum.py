"""Einstein's notation: what the labels of einsum's operands are, and how long."""

from __future__ import annotations

from collections.abc import Sequence

from distarray._index import Shape
from distarray.error import InvalidTypeError, InvalidValueError

Labels = list[str]


def parse(subscripts: str, shapes: Sequence[Shape]) -> tuple[list[Labels], Labels, dict[str, int]]:
    """Labels of each operand's dimensions, of the result's, and the size that each label has.

    The dimensions of an ellipsis get labels of two characters: ".0" is the last of them, ".1" the one before.
    """
    if not isinstance(subscripts, str):
        raise InvalidTypeError(f"einsum: subscripts must be a str such as 'ij,jk->ik', {subscripts!r} was given")
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        raise InvalidValueError(f"einsum: {subscripts!r} is for {len(terms)} operands, {len(shapes)} were given")
    inputs = [_labels(term, len(shape), subscripts) for term, shape in zip(terms, shapes, strict=True)]
    ellipsis = max((sum(label[0] == "." for label in labels) for labels in inputs), default=0)
    broadcast = [f".{position}" for position in reversed(range(ellipsis))]
    sizes = _sizes(inputs, shapes)
    once = sorted(label for label in sizes if label[0] != "." and sum(labels.count(label) for labels in inputs) == 1)
    if not arrow:
        return inputs, [*broadcast, *once], sizes
    output = _split(right, subscripts)
    if "..." in output:
        position = output.index("...")
        output = [*output[:position], *broadcast, *output[position + 1 :]]
    for label in output:
        if label not in sizes or output.count(label) > 1:
            raise InvalidValueError(
                f"einsum: the result's label {label!r} in {subscripts!r} must be one of an operand's, and occur once"
            )
    return inputs, output, sizes


def _split(term: str, subscripts: str) -> Labels:
    """Letters, and "..." at most once."""
    front, dots, back = term.partition("...")
    for letter in front + back:
        if not (letter.isascii() and letter.isalpha()):
            raise InvalidValueError(f"einsum: {letter!r} in {subscripts!r} is no label; labels are letters")
    return [*front, "...", *back] if dots else [*front]


def _labels(term: str, ndim: int, subscripts: str) -> Labels:
    labels = _split(term, subscripts)
    if "..." not in labels:
        if len(labels) != ndim:
            raise InvalidValueError(
                f"einsum: {term!r} in {subscripts!r} has {len(labels)} labels for an operand of {ndim} dimensions"
            )
        return labels
    spread = ndim - len(labels) + 1
    if spread < 0:
        raise InvalidValueError(
            f"einsum: {term!r} in {subscripts!r} has {len(labels) - 1} labels for an operand of {ndim} dimensions"
        )
    position = labels.index("...")
    return [*labels[:position], *(f".{one}" for one in reversed(range(spread))), *labels[position + 1 :]]


def _sizes(inputs: Sequence[Labels], shapes: Sequence[Shape]) -> dict[str, int]:
    """The size of each label. Sizes of 1 broadcast against others."""
    sizes: dict[str, int] = {}
    for labels, shape in zip(inputs, shapes, strict=True):
        for label, size in zip(labels, shape, strict=True):
            known = sizes.get(label, 1)
            if known != 1 and size not in (1, known):
                raise InvalidValueError(f"einsum: label {label!r} has sizes {known} and {size}")
            sizes[label] = size if known == 1 else known
    return sizes
