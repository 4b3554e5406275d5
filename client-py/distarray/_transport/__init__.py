"""The session stream: ordered, pipelined requests to a daemon."""

from distarray._transport.session import Session

__all__ = ["Session"]
