"""Exports of the Distributed Array Protocol, and grids of them, for its tests."""

import itertools

import numpy as np


def common(dist_type, size, processes, rank):
    return {"dist_type": dist_type, "size": size, "proc_grid_size": processes, "proc_grid_rank": rank}


def block(size, processes, rank, start, stop, **more):
    return {**common("b", size, processes, rank), "start": start, "stop": stop, **more}


def cyclic(size, processes, rank, start, **more):
    return {**common("c", size, processes, rank), "start": start, **more}


def unstructured(size, processes, rank, indices, dtype=np.int64, **more):
    return {**common("u", size, processes, rank), "indices": np.array(indices, dtype), **more}


def length(data):
    """The extent of a buffer, worked out without the package."""
    if data["dist_type"] == "b":
        return data["stop"] - data["start"]
    if data["dist_type"] == "u":
        return len(data["indices"])
    blocks = np.arange(data["size"]) // data.get("block_size", 1)
    return int(np.count_nonzero(blocks % data["proc_grid_size"] == data["proc_grid_rank"]))


def export(*dim_data, shape=None, buffer=None, version="0.10.0"):
    """One process's; the buffer's shape is the one that fits, unless it is given."""
    if buffer is None:
        buffer = np.zeros([length(data) for data in dim_data] if shape is None else shape)
    return {"__version__": version, "buffer": buffer, "dim_data": dim_data}


def over_grid(*dimensions):
    """The exports of all processes in rank order; a dimension is the list of its dictionaries."""
    return [export(*dim_data) for dim_data in itertools.product(*dimensions)]


def rules(violations):
    return [violation.rule for violation in violations]


class Exporter:
    def __init__(self, result):
        self.result = result

    def __distarray__(self):
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


def blocks(size, *bounds, paddings=None):
    paddings = paddings or [(0, 0)] * len(bounds)
    every = zip(bounds, paddings, strict=True)
    return over_grid([block(size, len(bounds), r, *b, padding=p) for r, (b, p) in enumerate(every)])


FIVE_CYCLIC = [cyclic(5, 2, 0, 0), cyclic(5, 2, 1, 1)], [[0, 2, 4], [1, 3]]
HALVES = [block(6, 2, 0, 0, 3), block(6, 2, 1, 3, 6)]
GRID = over_grid(HALVES, FIVE_CYCLIC[0])


def changed(exports, process, dimension=None, **entries):
    # Processes share dictionaries: only this one's may change.
    exports = [{**one, "dim_data": tuple(map(dict, one["dim_data"]))} for one in exports]
    if dimension is None:
        exports[process].update(entries)
    else:
        exports[process]["dim_data"][dimension].update(entries)
    return exports
