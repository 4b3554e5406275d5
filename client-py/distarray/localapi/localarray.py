"""LocalArray: a client's copy of one target's block."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from distarray._index import Shape
from distarray.error import InvalidValueError


class LocalArray:
    """A copy of one target's block of an array, with the description of the Distributed Array Protocol."""

    def __init__(self, ndarray: npt.NDArray[Any], dim_data: tuple[dict[str, Any], ...], target: int) -> None:
        self.ndarray = ndarray
        self.dim_data = dim_data
        self.target = target

    @property
    def local_shape(self) -> Shape:
        return self.ndarray.shape

    @property
    def local_size(self) -> int:
        return self.ndarray.size

    @property
    def global_shape(self) -> Shape:
        return tuple(data["size"] for data in self.dim_data)

    @property
    def ndim(self) -> int:
        return self.ndarray.ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.ndarray.dtype

    def __distarray__(self) -> dict[str, Any]:
        """The Distributed Array Protocol 0.10."""
        return {"__version__": "0.10.0", "buffer": self.ndarray, "dim_data": self.dim_data}

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if copy is False and dtype is not None and np.dtype(dtype) != self.ndarray.dtype:
            raise InvalidValueError(f"a conversion from {self.ndarray.dtype} to {np.dtype(dtype)} needs a copy")
        return self.ndarray.astype(dtype or self.ndarray.dtype, copy=bool(copy))

    def __len__(self) -> int:
        return len(self.ndarray)

    def __getitem__(self, index: Any) -> Any:
        """By local index."""
        return self.ndarray[index]

    def __str__(self) -> str:
        return str(self.ndarray)

    def __repr__(self) -> str:
        return f"<LocalArray(target={self.target}, local_shape={self.local_shape})\n{self.ndarray!r}>"
