"""Random draws that depend on their purpose alone, and whole numbers that keep their total."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return a generator for one purpose, so that no other draw can shift its values.

    Parameters
    ----------
    seed : seed of the whole demonstration.
    purpose : words and numbers that tell this use apart, such as ``"deaths", 2023``.
    """
    words = [zlib.crc32(str(word).encode()) for word in purpose]
    return np.random.default_rng([seed, *words])


def identifiers(count: int, rng: np.random.Generator) -> list[str]:
    """Return random identifiers in the upper-case form that the publisher uses."""
    text = rng.bytes(16 * count).hex().upper()
    starts = range(0, 32 * count, 32)
    whole = (text[start : start + 32] for start in starts)
    return [f"{w[:8]}-{w[8:12]}-{w[12:16]}-{w[16:20]}-{w[20:]}" for w in whole]


def whole_shares(weights: Floats, totals: Ints) -> Ints:
    """Share whole totals out by weight, by the method of largest remainders.

    Parameters
    ----------
    weights : (groups, parts), 0 or more, with a positive sum in each row.
    totals : (groups,) what each row of the answer sums to.

    Returns
    -------
    (groups, parts) whole numbers of 0 or more.
    """
    exact = weights / weights.sum(axis=1, keepdims=True) * totals[:, None]
    whole = np.floor(exact)
    short = totals - whole.sum(axis=1).astype(np.int64)
    order = np.argsort(whole - exact, axis=1, kind="stable")
    place = np.empty_like(order)
    np.put_along_axis(place, order, np.arange(weights.shape[1])[None, :], axis=1)
    return np.asarray(whole.astype(np.int64) + (place < short[:, None]))


def whole_shares_within(weights: Floats, group: Ints, totals: Ints) -> Ints:
    """Share whole totals out within groups of different sizes.

    Parameters
    ----------
    weights : (parts,) positive.
    group : (parts,) position in ``totals`` of each part's group.
    totals : (groups,) what the parts of each group sum to.

    Returns
    -------
    (parts,) whole numbers of 0 or more.
    """
    exact = weights / np.bincount(group, weights, len(totals))[group] * totals[group]
    whole = np.floor(exact)
    short = totals - np.bincount(group, whole, len(totals)).astype(np.int64)
    order = np.lexsort((whole - exact, group))
    first = np.searchsorted(group[order], np.arange(len(totals)))
    place = np.empty(len(weights), dtype=np.int64)
    place[order] = np.arange(len(weights)) - first[group[order]]
    return whole.astype(np.int64) + (place < short[group])
