"""Docstrings say what one gets: a view or a new array, and how that is dealt out."""

import inspect
import re

import pytest
from distarray import globalapi as da
from distarray.globalapi import random
from distarray.globalapi._making import Making
from distarray.globalapi._operators import Operators

WHAT = re.compile(
    r"\bviews?\b|\bnew(, uninitialised|( \w+)?) arrays?\b|\bthe arrays?( itself|s themselves)\b|\basarray\b"
)
WHERE = re.compile(r"\bdealt out\b|\bl(ie|ies|ay)\b|\bdistribution\b|\bin (such )?blocks\b|\bfirst of\b|\bstays? on\b")

RETURNS_NONE_OF_THEM = {
    "__array_namespace_info__",
    "allclose",
    "array_equal",
    "array_equiv",
    "broadcast_shapes",
    "can_cast",
    "default_context",
    "finfo",
    "iinfo",
    "isdtype",
    "result_type",
}


def functions():
    names = [name for name in da.__all__ if inspect.isfunction(getattr(da, name))]
    return [pytest.param(getattr(da, name), id=name) for name in names if name not in RETURNS_NONE_OF_THEM]


def methods(owner):
    """Those that give arrays."""
    for name in dir(owner):
        found = inspect.getattr_static(owner, name)
        found = found.fget if isinstance(found, property) else found
        if inspect.isfunction(found) and not name.startswith("_"):
            if "DistArray" in str(inspect.get_annotations(found)["return"]):
                yield pytest.param(found, id=f"{owner.__name__}.{name}")


def says(function, pattern):
    return pattern.search(" ".join((inspect.getdoc(function) or "").split()))


@pytest.mark.parametrize("function", functions())
def test_functions(function):
    if inspect.get_annotations(function)["return"] == "None":
        assert says(function, re.compile("in place"))
        return
    assert says(function, WHAT), "view or new array?"
    assert says(function, WHERE), "how is it dealt out?"


@pytest.mark.parametrize("method", [*methods(da.DistArray)])
def test_methods(method):
    assert says(method, WHAT), "view or new array?"
    assert says(method, WHERE) or re.search(r"\(see distarray\.\w+\)", method.__doc__), "how is it dealt out?"


def test_what_methods_refer_to_is_there():
    texts = [inspect.getdoc(each.values[0]) for each in [*functions(), *methods(da.DistArray)]]
    named = {name for text in texts for name in re.findall(r"[sS]ee distarray\.(\w+)", text)}
    assert len(named) > 5 and not [name for name in named if name not in da.__all__]


@pytest.mark.parametrize(
    "chapter", [da.creation, da.cumulative, da.linear_algebra, da.quantiles, da.sets, da.statistics]
)
def test_chapters_that_functions_refer_to(chapter):
    assert re.search("new\\s+arrays?", chapter.__doc__) and WHERE.search(chapter.__doc__)


@pytest.mark.parametrize("owner", [Making, Operators, random.Generator, random.Random])
def test_classes_whose_methods_are_alike(owner):
    text = " ".join(owner.__doc__.split())
    assert re.search("new (arrays|ones)", text) and WHERE.search(text)
