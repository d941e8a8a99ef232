"""One file a metric: what it needs, what it yields, and how it is computed.

A module of this room has a ``CARD`` (see `healthycities.catalogue`) and a function
``compute(given: Given, measures)`` that yields tables of `healthycities.tables.MEASURES`, where
``measures`` are the card's measures with their braces filled, by the name on the card.
"""
