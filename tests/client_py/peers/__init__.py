"""Parties of the Distributed Array Protocol that are not DistArray: they know it by its specification only."""
