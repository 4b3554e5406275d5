"""Functions that wait: they have begun when they come to a gate, and go on when it is opened."""

from __future__ import annotations

import socket


class Gate:
    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(60)
        self.port = self._listener.getsockname()[1]
        self._waiting = []

    def await_functions(self, count):
        """Returns when so many are at the gate."""
        while len(self._waiting) < count:
            self._waiting.append(self._listener.accept()[0])

    def open(self):
        for connection in self._waiting:
            connection.close()
        self._listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.open()


def wait_at(port):
    """For functions: waits until the gate is opened."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.recv(1)
