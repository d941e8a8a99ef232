"""What depends on geometry alone: built once for a set of places, and used by every year.

A module of this room has a ``CARD`` (see `healthycities.catalogue`) and a function
``build(given: Given)`` that returns a table of `healthycities.tables`, or `Weights`.
"""
