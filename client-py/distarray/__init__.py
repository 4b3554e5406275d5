"""NumPy-like arrays that live in a DistArray daemon.

    import distarray.globalapi as da
    context = da.Context()               # a private daemon, or $DISTARRAY_ADDRESS, or Context("host:port")
    x = context.ones((1000, 1000))
    print(float((x + da.sin(x)).sum()))

`globalapi` has the arrays and their functions, `localapi` the class of a single target's block, `error` the exceptions.
"""

from distarray._key import Key
from distarray._readonly import readonly
from distarray.error import DistArrayError

__version__ = "0.1.0"

# The method of the Distributed Array Protocol, and what names of arrays began with in the original DistArray.
DISTARRAY_BASE_NAME = "__distarray__"

__all__ = ["DISTARRAY_BASE_NAME", "DistArrayError", "Key", "__version__", "readonly"]
