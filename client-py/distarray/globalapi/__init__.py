"""Distributed arrays: contexts, arrays, distributions, and the functions on them, by the names of the Python array API
standard (2024.12) and by NumPy's.
"""

# One module a chapter of the standard; each says in __all__ what it brings.
from distarray.globalapi import (
    constants,
    creation,
    cumulative,
    dtypes,
    functions,
    indexing,
    inspection,
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
from distarray.globalapi.constants import *  # noqa: F403
from distarray.globalapi.context import Context, ContextCreationError, default_context
from distarray.globalapi.creation import *  # noqa: F403
from distarray.globalapi.cumulative import *  # noqa: F403
from distarray.globalapi.distarray import DistArray
from distarray.globalapi.dtypes import *  # noqa: F403
from distarray.globalapi.functions import *  # noqa: F403
from distarray.globalapi.indexing import *  # noqa: F403
from distarray.globalapi.inspection import *  # noqa: F403
from distarray.globalapi.linear_algebra import *  # noqa: F403
from distarray.globalapi.manipulation import *  # noqa: F403
from distarray.globalapi.maps import Distribution
from distarray.globalapi.quantiles import *  # noqa: F403
from distarray.globalapi.searching import *  # noqa: F403
from distarray.globalapi.sets import *  # noqa: F403
from distarray.globalapi.sorting import *  # noqa: F403
from distarray.globalapi.statistics import *  # noqa: F403
from distarray.globalapi.utility import *  # noqa: F403

__array_api_version__ = "2024.12"

__all__ = [
    "Context",
    "ContextCreationError",
    "DistArray",
    "Distribution",
    "__array_api_version__",
    "default_context",
    "random",
]
__all__ += constants.__all__
__all__ += creation.__all__
__all__ += cumulative.__all__
__all__ += dtypes.__all__
__all__ += functions.__all__
__all__ += indexing.__all__
__all__ += inspection.__all__
__all__ += linear_algebra.__all__
__all__ += manipulation.__all__
__all__ += quantiles.__all__
__all__ += searching.__all__
__all__ += sets.__all__
__all__ += sorting.__all__
__all__ += statistics.__all__
__all__ += utility.__all__
__all__.sort()
