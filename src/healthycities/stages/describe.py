"""Pages that are written from the code; a test holds the files in step with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from healthycities import catalogue
from healthycities.catalogue import SourceCard
from healthycities.settings import schema_json

_HEAD = """# Data

Written from `src/healthycities/sources/` by `make generated`; do not edit by hand.

The embedded default needs nothing here: with `provider: demo` the package writes a source itself,
with SYNTHETIC values. For official values, download the publisher's file as it is, put it into this
folder (or the folder that `data_dir` names), and give its path below it in your configuration:

```yaml
sources:
  deaths: {{provider: file, path: "deaths_{{year}}.csv"}}
```

- A path may hold `{{year}}` and `{{pollutant}}`, which are filled in, and `*`, which stands for
  anything: files that differ by it are read one after the other.
- Files may be gzipped.
- Where your columns have other names, say so under `columns`, published name first:
  `columns: {{LAD25CD: district_code}}`.
- Where a file has several layers, name one as `layer`; where it does not say its coordinate
  reference system, give it as `crs: EPSG:27700`.
- Where one file serves every year, leave `{{year}}` out of the path and give the year that its
  values are of as `vintage`; that year is then said beside every result.
- `healthycities check --config FILE` tells every file that is not there.

Licences ask that the attribution stands wherever results are published; the results carry it.
`[year]` in it is filled with `vintage`, or with the years of the run. Where you take a source from
another publisher, give its `licence` and `attribution` in the configuration. Addresses marked
*verify* were not opened when this page was written.

| source | what it is | licence | files |
| --- | --- | --- | --- |
{summary}
"""

_SOURCE = """
## {name}

{title}.

| | |
| --- | --- |
| publisher | {publisher} |
| product | {product} |
| licence | {licence} |
| attribution | {attribution} |
| where from | {address} |
| where it goes | `data/{path}`, or any other name |
| in the configuration | `{name}: {{provider: file, path: "{path}"}}` |
| files | {files} |
| layout | {layout} |
| needed by | {needed_by} |
"""

_FILES = {
    (): "one for all years",
    ("year",): "one a year",
    ("pollutant", "year"): "one a pollutant and year",
}


def sources_page() -> str:
    """Return data/README.md: each source, its licence, and where its file goes."""
    cards = catalogue.sources()
    summary = "\n".join(_summary(name, card) for name, card in cards.items())
    return _HEAD.format(summary=summary) + "".join(map(_section, cards, cards.values()))


def example_path(name: str, card: SourceCard) -> str:
    """Return a path that a configuration may give for a source."""
    parts = [name, *(f"{{{part}}}" for part in card.by)]
    return "_".join(parts) + {"places": ".gpkg", "raster": ".tif"}.get(card.kind, ".csv")


def _summary(name: str, card: SourceCard) -> str:
    return (
        f"| [{name}](#{name}) | {_cell(card.title)} | {_cell(card.licence)} | {_FILES[card.by]} |"
    )


def _section(name: str, card: SourceCard) -> str:
    return _SOURCE.format(
        name=name,
        title=card.title,
        publisher=_cell(card.publisher),
        product=_cell(card.product),
        licence=_cell(card.licence),
        attribution=_cell(card.attribution),
        address=_cell(card.address),
        path=example_path(name, card),
        files=_FILES[card.by],
        layout=_cell(card.layout),
        needed_by=_needed_by(name),
    )


def _needed_by(name: str) -> str:
    if name in catalogue.sources_behind(catalogue.ALWAYS):
        return "every run"
    metrics = [
        metric
        for metric, card in catalogue.metrics().items()
        if name in catalogue.sources_needed(card)
    ]
    return ", ".join(f"`{metric}`" for metric in metrics) or "none; used where it is given"


def _cell(text: str) -> str:
    """Return a text as a cell of a Markdown table, its addresses as links."""
    return re.sub(r"(https?://\S*[^\s;,.)])", r"<\1>", text.replace("|", r"\|"))


PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"schema": schema_json, "sources": sources_page}
)
