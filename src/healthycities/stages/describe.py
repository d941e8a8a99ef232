"""Pages that are written from the code; a test holds the files in step with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from healthycities import catalogue
from healthycities.settings import schema_json

_HEAD = """# Data

Written from `src/healthycities/sources/` by `make generated`; do not edit by hand.

With `provider: demo` a source is written by the package itself, with SYNTHETIC values, and nothing
needs to stand here. With `provider: file`, put the publisher's file in this folder (or in the
folder that `data_dir` names) and give its path below it:

```yaml
sources:
  deaths: {provider: file, path: "nomis/deaths_{year}.csv"}
```

A path may hold `{year}`, `{pollutant}` and `*`. Where the columns of your file have other names,
say so under `columns`, published name first; where a file does not say its coordinate reference
system, give it as `crs`; where one file serves several years, give the year that its values are of
as `vintage`. Files may be gzipped.
"""

_SOURCE = """
## {name}: {card.title}

| | |
| --- | --- |
| publisher | {card.publisher} |
| product | {card.product} |
| licence | {card.licence} |
| attribution | {card.attribution} |
| where from | {card.address} |
| layout | {card.layout} |
| one file | {files} |
"""

_BY = {(): "for all years", ("year",): "a year", ("pollutant", "year"): "a pollutant and year"}


def sources_page() -> str:
    """Return data/README.md: each source, its licence, and where its file goes."""
    parts = [
        _SOURCE.format(name=name, card=card, files=_BY[card.by])
        for name, card in catalogue.sources().items()
    ]
    return _HEAD + "".join(parts)


PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"schema": schema_json, "sources": sources_page}
)
