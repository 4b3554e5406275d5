"""The notebook's picture of an array."""

import xml.etree.ElementTree as ElementTree

import distarray.globalapi as da
import pytest
from checks import distributions, shapes
from distarray import _html
from hypothesis import given
from hypothesis import strategies as st


def parsed(html):
    return ElementTree.fromstring(f"<html>{html}</html>".replace("<br>", "<br/>"))


def test_what_it_shows(fake, fake_context):
    html = fake_context.zeros((8, 6), dist="bb")._repr_html_()
    text = "".join(parsed(html).itertext())
    for part in ("(8, 6)", "float64", "384 bytes", "bb, grid (2, 2)", "[0, 1, 2, 3]"):
        assert part in text
    assert fake.requests["get"] == 0
    assert html.count("<rect") == 4 and "target 3" in html


@given(st.data())
def test_any_layout(fake_context, data):
    distribution = data.draw(distributions(fake_context, data.draw(shapes)))
    tree = parsed(_html.layout(distribution))
    svg = tree.find("{http://www.w3.org/2000/svg}svg")
    assert float(svg.get("width")) <= 260 and float(svg.get("height")) <= 260
    shown = {title.text for title in tree.iter("{http://www.w3.org/2000/svg}title")}
    assert shown <= {f"target {target}" for target in distribution.targets}


@pytest.mark.parametrize("shape", [(), (0,), (5,), (1_000_000, 3), (3, 1_000_000), (4, 5, 6), (2, 2, 2, 2)])
def test_extents(fake_context, shape):
    assert "<svg" in _html.layout(da.Distribution(fake_context, shape))


def test_many_targets_have_colours():
    assert len({_html.colour(rank) for rank in range(40)}) == 40
    assert _html._shortened(list(range(100))).endswith("... (100)]")
    assert _html._bytes(3 << 40) == "3 TiB"
