"""Random arrays in NumPy's style: `distarray.random.default_rng(seed)` gives a Generator."""

from distarray.globalapi.random import Generator, default_rng

__all__ = ["Generator", "default_rng"]
