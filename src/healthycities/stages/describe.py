"""Pages that are written from the code; a test holds the files in step with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from healthycities import catalogue, offers
from healthycities.catalogue import SourceCard
from healthycities.formulas import Formula
from healthycities.settings import Settings, schema_json
from healthycities.stages.explain import Explanation, explanation

_HEAD = """# Data

Written from `src/healthycities/sources/` by `make generated`; do not edit by hand.

Each source of a configuration says where it is taken from:

```yaml
sources:
  population: {{provider: demo}}                               # SYNTHETIC, written by the package
  air_quality: {{provider: official}}                          # fetched from its publisher
  deaths: {{provider: file, path: "deaths_{{year}}.csv"}}        # a file of your own in this folder
  deprivation: {{provider: file, path: "https://…/iod.csv"}}   # fetched from where you say
```

**What is fetched** stands in `fetched/`, for all runs. `sources.lock.json` pins each file by
address, size and SHA-256: commit it, and whoever runs your configuration gets the same bytes, or is
told what differs. [docs/fetching.md](../docs/fetching.md) says how to see what would be fetched,
to renew it, and to work without a network.

**A file of your own** is the publisher's file as it is, in this folder (or the folder that
`data_dir` names), under any name.

- A path may hold `{{year}}` and `{{pollutant}}`, which are filled in, and `*`, which stands for
  anything: files that differ by it are read one after the other.
- Files may be gzipped.
- Where your columns have other names, say so under `columns`, published name first:
  `columns: {{LAD25CD: district_code}}`.
- Where a file has several layers, name one as `layer`; where it does not say its coordinate
  reference system, give it as `crs: EPSG:27700`.
- Where one file serves every year, leave `{{year}}` out of the path and give the year that its
  values are of as `vintage`; that year is then said beside every result.
- Places of your own stand under `places`, each set with a `path`: a CSV with the columns `LSOA21CD`
  or `LAD25CD` (or of another year), `place_code` and, if you like, `place_name`; or outlines with
  the latter two. `columns: {{place_code: ICB23CD}}` says which columns of your file are meant.
- `healthycities check --config FILE` tells every file that is not there.

Licences ask that the attribution stands wherever results are published; the results carry it.
`[year]` in it is filled with `vintage`, or with the years of the run. Where you take a source from
another publisher, give its `licence` and `attribution` in the configuration. Addresses are as
public code that uses them writes them: none was opened when this page was written. Where one has
moved, give the new one as `address` beside `provider: official`.

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
| fetched | {fetched} |
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
        address=_cell(card.where_from),
        fetched=_cell(_fetched(card)),
        path=example_path(name, card),
        files=_FILES[card.by],
        layout=_cell(card.layout),
        needed_by=_needed_by(name),
    )


def _fetched(card: SourceCard) -> str:
    """Say what is fetched of a source, how large it is, and how often there is another."""
    if not card.offers:
        return "by hand: download it and give its path"
    sizes = {f"about {offer.size_mb:g} MB" for offer in card.offers}
    return f"{offers.told(card)}; {', '.join(sorted(sizes))} a file. Renewed {card.renewed}"


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


# --- The metrics ---

_METRICS_HEAD = """# The metrics

Written from `src/healthycities/metrics/`, and from the docstrings of what they call, by `make
generated`; do not edit by hand. `healthycities explain METRIC --config FILE` says the same of a
configuration of your own. What all metrics share stands in [methods.md](methods.md).

Names, texts and parameters are as the defaults of the settings make them. A metric by pollutant is
shown for one of them, {pollutant}; a measure by each further concentration-response function for
{function}.
"""

_METRIC = """
## {name}

{title}.

{measures}
{method}{formulas}{parameters}
**Sources**: {sources}.
{caveats}"""

_SHOWN_POLLUTANT = "pm25"
_SHOWN_FUNCTION = "eea_pm25"


def metrics_page() -> str:
    """Return docs/metrics.md: each metric, how it is made, and what it cannot tell."""
    defaults = _settings()
    leading = defaults.burden.leading
    shown = _settings(burden={"concentration_response": (leading, _SHOWN_FUNCTION)})
    found = [
        replace(explanation(name, shown), parameters=explanation(name, defaults).parameters)
        for name in catalogue.metrics()
    ]
    head = _METRICS_HEAD.format(pollutant=_SHOWN_POLLUTANT, function=_SHOWN_FUNCTION)
    return head + "".join(map(_metric, found))


def _settings(**sections: Any) -> Settings:
    """Return the defaults of the settings, but for some sections."""
    return Settings.model_validate(
        {
            "run": "defaults",
            "years": [2023],
            "pollutants": [_SHOWN_POLLUTANT],
            "sources": {},
            **sections,
        }
    )


def _metric(found: Explanation) -> str:
    return _METRIC.format(
        name=found.name,
        title=found.card.title,
        measures="\n".join(_measure_table(found)),
        method="".join(_method_texts(found)),
        formulas="".join(map(_formula_text, found.formulas)),
        parameters="".join(_parameter_table(found)),
        sources=", ".join(map(_source_link, found.sources)),
        caveats="".join(f"\n{caveat}\n" for caveat in found.card.caveats),
    )


def _measure_table(found: Explanation) -> Iterator[str]:
    yield "| measure | title | unit | direction | levels |"
    yield "| --- | --- | --- | --- | --- |"
    for one in found.measures:
        levels = ", ".join(found.levels_of(one))
        cells = (f"`{one.name}`", one.title, one.unit, one.direction, levels)
        yield f"| {' | '.join(map(_cell, cells))} |"


def _method_texts(found: Explanation) -> Iterator[str]:
    """Yield each method once, after the measures that it is of."""
    names: dict[str, list[str]] = {}
    for one in found.measures:
        names.setdefault(one.method, []).append(f"`{one.name}`")
    yield from (f"\n{', '.join(of)}: {method}\n" for method, of in names.items())


def _formula_text(formula: Formula) -> str:
    return f"\n`{formula.name}`\n\n```text\n{formula.text}\n\n{formula.notes}\n```\n"


def _parameter_table(found: Explanation) -> Iterator[str]:
    if found.parameters:
        yield "\n| parameter | default | what it is |\n| --- | --- | --- |\n"
    for one in found.parameters:
        yield f"| `{one.key}` | {_cell(one.value)} | {_cell(one.about)} |\n"


def _source_link(name: str) -> str:
    card = catalogue.sources()[name]
    return f"[{name}](../data/README.md#{name}) ({card.licence})"


PAGES: Mapping[str, Callable[[], str]] = MappingProxyType(
    {"schema": schema_json, "sources": sources_page, "metrics": metrics_page}
)
