"""The process that runs functions of a client's beside the blocks of one target: `python -m distarray.worker`.

The daemon's guard process starts it, under limits, with the socket of its engine in $DISTARRAY_WORKER_FD:

    link         frames between the engine and this process
    memory       the engine's memory, mapped here
    communicators  those of the targets of a call
    arguments    what a function is called with
    running      a function under way: its output, its warnings, its exceptions
    returning    what it returned, on its way back
    restoring    what it may have changed of the process
"""
