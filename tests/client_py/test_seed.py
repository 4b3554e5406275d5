"""The session that DistArray was first shown with, up to input and output: its statements as they stand there, and what
they print.

Of the text only what a scanner had misread is mended: the row that begins with 0.84, `itemsize`, `[:, 2::2]`,
`[:-1, 2::2]`. Where it shows an address in memory, `...` stands for it.
"""

import contextlib
import doctest
import io

import distarray.globalapi as da
import numpy as np
import pytest
from checks import same

# More digits than are printed: all that the session printed follows from them.
NPARR = np.array(
    [
        [0.47943, 0.75484, 0.00483, 0.71271, 0.05994],
        [0.21486, 0.74074, 0.78859, 0.2267, 0.54087],
        [0.84226, 0.32905, 0.70641, 0.62316, 0.98088],
        [0.45822, 0.12882, 0.11916, 0.61153, 0.35397548135],
    ]
)

SEED = """
DistArrays
-----
>>> from distarray.globalapi import Context
>>> context = Context()
>>> darr = context.fromarray(nparr)
>>> darr
<DistArray(shape=(4, 5), targets=[0, 1, 2, 3])>

>>> # parts of the array are stored on each engine
>>> for i, a in enumerate(darr.get_localarrays()):
...     print(i, a)
0 [[ 0.48  0.75  0.   0.71  0.06]]
1 [[ 0.21  0.74  0.79  0.23  0.54]]
2 [[ 0.84  0.33  0.71  0.62  0.98]]
3 [[ 0.46  0.13  0.12  0.61  0.35]]

>>> # DistArray attributes
>>> print("type:", type(darr))
>>> print("dtype:", darr.dtype)
>>> print("ndim:", darr.ndim)
>>> print("shape:", darr.shape)
>>> print("itemsizes:", darr.itemsize)
>>> print("nbytes:", darr.nbytes)
type: <class 'distarray.globalapi.distarray.DistArray'>
dtype: float64
ndim: 2
shape: (4, 5)
itemsizes: 8
nbytes: 160

>>> # with some extra...
>>> print("targets:", darr.targets)
>>> print("context:", darr.context)
>>> print("distribution:", darr.distribution)
targets: [0, 1, 2, 3]
context: <...Context...>
distribution: <...Distribution...>

Universal Functions (ufuncs)
-----
>>> # DistArray
>>> import distarray.globalapi as da
>>> da.sin(darr)
<DistArray(shape=(4, 5), targets=[0, 1, 2, 3])>

>>> da.sin(darr).toarray()
array([[ 0.46,  0.69,  0.   ,  0.65,  0.06],
       [ 0.21,  0.67,  0.71,  0.22,  0.51],
       [ 0.75,  0.32,  0.65,  0.58,  0.83],
       [ 0.44,  0.13,  0.12,  0.57,  0.35]])

Distributed Slicing
-----
>>> darr.localshapes()
[(1, 5), (1, 5), (1, 5), (1, 5)]

>>> print(darr[:, 2::2])
>>> print(darr[:-1, 2::2].toarray())
<DistArray(shape=(4, 2), targets=[0, 1, 2, 3])>
[[ 0.   0.06]
 [ 0.79  0.54]
 [ 0.71  0.98]]

Reductions
-----
>>> print("sum:", darr.sum(), darr.sum().toarray())
>>> print("sum over an axis:", darr.sum(axis=1),
...       darr.sum(axis=1).toarray())
sum: <DistArray(shape=(), targets=[0])> 9.67697548135
sum over an axis: <DistArray(shape=(4,), targets=[0, 1, 2, 3])>
[ 2.01  2.51  3.48  1.67]
"""

# Its `distribution` comes from a statement that is not shown.
INPUT_AND_OUTPUT = """
IO Support
-----
>>> # save DistArrays to .hdf5 files in parallel
>>> context.save_hdf5("/tmp/outfile.hdf5", darr, mode='w')

>>> # load DistArrays from .hdf5 files in parallel (using h5py)
>>> context.load_hdf5("/tmp/outfile.hdf5", distribution)
<DistArray(shape=(4, 5), targets=[0, 1, 2, 3])>
"""


def printed_otherwise(text, names):
    """Runs the statements of a session; what it prints where the text says something else.

    Unlike in a doctest, several statements may be followed by the output of all of them.
    """
    checker = doctest.OutputChecker()
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    wrong, said = [], io.StringIO()
    for example in doctest.DocTestParser().get_examples(text):
        with contextlib.redirect_stdout(said):
            exec(compile(example.source, "<the seed>", "single"), names)
        if example.want:
            if not checker.check_output(example.want, said.getvalue(), options):
                wrong.append(f"{example.source}printed\n{said.getvalue()}instead of\n{example.want}")
            said = io.StringIO()
    return wrong + ([said.getvalue()] if said.getvalue() else [])


@pytest.fixture
def names(daemons, monkeypatch, tmp_path):
    """What the statements have made. They have printed what the text says."""
    monkeypatch.setenv("DISTARRAY_ADDRESS", daemons(4))  # four engines on any machine
    names = {"nparr": NPARR}
    with np.printoptions(precision=2, suppress=True, legacy="1.13"):  # NumPy's way of printing at that time
        wrong = printed_otherwise(SEED, names)
        names["distribution"] = da.Distribution(names["context"], (4, 5))
        wrong += printed_otherwise(INPUT_AND_OUTPUT.replace("/tmp/", f"{tmp_path}/"), names)
    assert not wrong, "\n".join(wrong)
    yield names
    names["context"].close()


@pytest.mark.daemon
def test_the_statements_print_what_the_text_says(names):
    assert names["darr"].context is names["context"]
    same(names["darr"], NPARR)


@pytest.mark.daemon
def test_what_was_misread_is_no_accident(names):
    darr = names["darr"]
    assert darr[:, 2:2].shape == (4, 0)
    with pytest.raises(IndexError):
        darr[:, -1, 2:2]
    with pytest.raises(AttributeError):
        darr.itemsizes


@pytest.mark.daemon
def test_slices_are_views(names):
    """The session's last output shows that an element was written through a view before."""
    darr = names["darr"]
    darr[:, 3][3] = -0.99
    assert float(darr[3, 3]) == -0.99
    demeaned = [np.round(local.ndarray - local.ndarray.mean(), 2).tolist() for local in darr.get_localarrays()]
    assert demeaned == [
        [[0.08, 0.35, -0.4, 0.31, -0.34]],
        [[-0.29, 0.24, 0.29, -0.28, 0.04]],
        [[0.15, -0.37, 0.01, -0.07, 0.28]],
        [[0.44, 0.11, 0.11, -1.0, 0.34]],
    ]


def test_a_wrong_output_is_found():
    assert printed_otherwise(">>> x = 1\n>>> print(x)\n>>> x + 1\n1\n2\n", {}) == []
    assert len(printed_otherwise(">>> print(1)\n2\n", {})) == 1
    assert len(printed_otherwise(">>> print(1)\n", {})) == 1
