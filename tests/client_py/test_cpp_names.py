"""The C++ client has what the Python client has: names of the chapters, held against the public headers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from distarray.globalapi import (
    creation,
    cumulative,
    functions,
    indexing,
    linear_algebra,
    manipulation,
    quantiles,
    random,
    searching,
    sets,
    sorting,
    statistics,
    utility,
)

HEADERS = Path(__file__).parents[2] / "client-cpp" / "include" / "distarray"

CHAPTERS = (
    creation,
    cumulative,
    functions,
    indexing,
    linear_algebra,
    manipulation,
    quantiles,
    searching,
    sets,
    sorting,
    statistics,
    utility,
)

SAID_OTHERWISE = {
    # Methods of the Context, and of arrays.
    "array": "FromSpan",
    "asarray": "FromSpan",
    "fromarray": "FromSpan",
    "identity": "Eye",
    # C++ has `any` and `all` as other things.
    "any": "AnyOf",
    "all": "AllOf",
    # Second names.
    "abs": "Absolute",
    "acos": "Arccos",
    "acosh": "Arccosh",
    "amax": "Max",
    "amin": "Min",
    "around": "Round",
    "asin": "Arcsin",
    "asinh": "Arcsinh",
    "atan": "Arctan",
    "atan2": "Arctan2",
    "atanh": "Arctanh",
    "bitwise_invert": "Invert",
    "bitwise_left_shift": "LeftShift",
    "bitwise_not": "Invert",
    "bitwise_right_shift": "RightShift",
    "concatenate": "Concat",
    "conj": "Conjugate",
    "degrees": "Rad2deg",
    "mod": "Remainder",
    "pow": "Power",
    "radians": "Deg2rad",
    "true_divide": "Divide",
}
"""Python's name: C++'s."""

PYTHON_ALONE = {
    "from_dlpack": "memory of other Python libraries",
    "fromfunction": "a function of the user's, in Python; Context::Call is for those",
}
"""Why C++ has nothing of the kind."""


def declared() -> set[str]:
    """Functions that the public headers declare."""
    names = set()
    for header in HEADERS.glob("*.h"):
        code = re.sub(r"//.*|\b(explicit|return)\b", "", header.read_text())
        names |= set(re.findall(r"[\w>]\s+([A-Z]\w*)\(", code))
    return names


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda chapter: chapter.__name__.rpartition(".")[2])
def test_every_function_of_a_chapter_is_there_in_cpp(chapter: object) -> None:
    there = declared()
    plain = {name.lower() for name in there}
    missing = []
    for name in chapter.__all__:  # type: ignore[attr-defined]
        if name in SAID_OTHERWISE:
            if SAID_OTHERWISE[name] not in there:
                missing.append(f"{name}: {SAID_OTHERWISE[name]}")
        elif name not in PYTHON_ALONE and name.replace("_", "") not in plain:
            missing.append(name)
    assert missing == []


RANDOM = {"random": "Uniform", "standard_exponential": "Exponential", "standard_normal": "Normal"}
"""Methods of random.Generator: C++'s with the parameters that they are for."""


def test_random_numbers_are_there_in_cpp() -> None:
    there = declared()
    methods = {name for name, value in vars(random.Generator).items() if callable(value) and name[0] != "_"}
    assert methods >= {"choice", "integers", *RANDOM}
    assert {name for name in methods if RANDOM.get(name, name.capitalize()) not in there} == set()


def test_the_exceptions_are_needed() -> None:
    """None is left over from names that are gone, or have come to C++ under their own."""
    all_names = {name for chapter in CHAPTERS for name in chapter.__all__}
    plain = {name.lower() for name in declared()}
    exceptions = {*SAID_OTHERWISE, *PYTHON_ALONE}
    assert exceptions - all_names == set()
    assert {name for name in exceptions if name.replace("_", "") in plain} == set()
