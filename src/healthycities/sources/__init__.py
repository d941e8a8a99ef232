"""One file a source: where it comes from, its licence, its layout, and its reader.

A module of this room has a ``CARD`` (see `healthycities.catalogue`) and a function
``read(raw: Raw)`` that returns the table of its schema in `healthycities.tables`, or a
grid of values for a source of kind ``grid``.
"""
