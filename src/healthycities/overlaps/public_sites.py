"""Which greenspace sites are open to the public, by their function."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from healthycities import fields
from healthycities.errors import ConfigError

OS_FUNCTIONS = (
    "Allotments Or Community Growing Spaces",
    "Bowling Green",
    "Cemetery",
    "Golf Course",
    "Other Sports Facility",
    "Play Space",
    "Playing Field",
    "Public Park Or Garden",
    "Religious Grounds",
    "Tennis Court",
)
"""Functions of OS Open Greenspace; a file of one's own may have others."""


def are_public(sites: pd.DataFrame, functions: Sequence[str]) -> pd.Series:
    """Tell, by site, whether its function is one of those that count as public.

    Raises
    ------
    ConfigError : a function that no site has, and that OS Open Greenspace does not know: misspelt,
        it would leave an area without greenspace.
    """
    known = {*OS_FUNCTIONS, *sites[fields.SITE_FUNCTION].unique()}
    unknown = [function for function in functions if function not in known]
    if unknown:
        raise ConfigError(
            f"no greenspace site is of function {', '.join(unknown)}",
            place="greenspace.public_functions",
            mend=f"Write functions as the sites do: {', '.join(sorted(known))}.",
        )
    return sites[fields.SITE_FUNCTION].isin(functions)
