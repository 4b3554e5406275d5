"""The part of an array that one target holds, as a copy in the client."""

from distarray.localapi.localarray import LocalArray

__all__ = ["LocalArray"]
