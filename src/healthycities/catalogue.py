"""What the house holds: the sources, overlaps and metrics, found by the names of their files.

Every module of `sources/`, `overlaps/` and `metrics/` says what it is on a *card*, a constant
named ``CARD``. The workflow reads the cards at every parse, so they are read from the source text,
without importing the modules and the geographical libraries behind them; a card may therefore hold
literal values only. A new file with a card is all that a new source or metric needs.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

from healthycities.errors import ConfigError
from healthycities.level_names import DISTRICT, beside_authorities

PACKAGE = "healthycities"
PACKAGE_DIR = Path(__file__).parent

Kind = Literal["table", "places", "grid", "raster"]
Direction = Literal["lower is better", "higher is better", "neither"]


Protocol = Literal["file", "arcgis", "nomis", "os_downloads"]


@dataclass(frozen=True)
class Offer:
    """A file that the publisher offers, and how it is asked for.

    Braces of ``name`` and ``address`` are filled: ``{year}``; ``{cause_group}``, which the
    configuration chooses, and ``{causes}``, its ranges of ICD-10.

    Parameters
    ----------
    name : what the file is called here; two sources that are in one file give it the same name.
    protocol : ``file`` is asked for as it is; ``arcgis`` is a layer of a FeatureServer, ``nomis`` a
        query of Nomis without the parameters of its pages, ``os_downloads`` a product of the
        Ordnance Survey's Downloads API.
    address : where it is.
    size_mb : about how much is downloaded, in 10^6 bytes; the lock file has it exactly.
    since : first day, as 2025-04-01, of the districts or small areas that the file is of.
    vintage : the year of these, by which a configuration asks for them.
    first_year, last_year : of a file for each year, those that are offered; 0 is open.
    pollutant : of a file for each pollutant.
    member : the file wanted of a zip; a ``*`` stands for a folder whose name changes.
    fields : of a layer or a table, the columns that are wanted.
    where : of a layer, the condition that its rows must meet.
    product : what it is called, where that is not what the card of its source says.
    standing : how the address is known, where it is not by having been asked.
    """

    name: str
    protocol: Protocol
    address: str
    size_mb: float
    since: str = ""
    vintage: int = 0
    first_year: int = 0
    last_year: int = 0
    pollutant: str = ""
    member: str = ""
    fields: tuple[str, ...] = ()
    where: str = ""
    product: str = ""
    standing: str = "as public code that uses it writes it; not asked here"

    def filled(self, words: Mapping[str, object]) -> Offer:
        """Return it with the braces of its name and address filled."""
        return replace(
            self, name=self.name.format_map(words), address=self.address.format_map(words)
        )

    def has_year(self, year: int) -> bool:
        """Whether the file of a year is offered."""
        return self.first_year <= year and (not self.last_year or year <= self.last_year)


@dataclass(frozen=True)
class SourceCard:
    """What a source is and where it comes from.

    ``by`` names the wildcards that tell its files apart: none, the year, or pollutant and year.
    ``tells_years`` says that one file may hold several years, each row with its own.
    A grid is small and is laid onto the kilometres of the National Grid; a raster may be of any
    size and stays where it is. ``optional`` says that ``metrics: all`` does without the metrics
    that rest on it where the configuration does not give it. ``offers`` are the files that the
    workflow can fetch itself (``provider: official``); a source without any has an ``address``
    for people. ``renewed`` says how often the publisher brings out another, and
    ``fresh_days`` after how many days one that was fetched may be out of date; 0 is never.
    """

    title: str
    publisher: str
    product: str
    licence: str
    attribution: str
    layout: str
    kind: Kind
    address: str = ""
    offers: tuple[Offer, ...] = ()
    renewed: str = ""
    fresh_days: int = 0
    by: tuple[str, ...] = ()
    optional: bool = False
    tells_years: bool = False

    @property
    def suffix(self) -> str:
        """Suffix of the prepared file."""
        return {"grid": ".tif", "raster": ".json"}.get(self.kind, ".parquet")

    @property
    def where_from(self) -> str:
        """Where people find it: the address for them, or those that the workflow asks."""
        return self.address or "; ".join(dict.fromkeys(offer.address for offer in self.offers))


@dataclass(frozen=True)
class OverlapCard:
    """A thing that depends on geometry alone, built once and used by every year.

    ``needs`` and ``may_use`` name sources and other overlaps; the latter are used where the
    configuration gives them. ``settings`` names the keys of the configuration that it reads, such
    as ``greenspace.radius_m``. ``parallel`` says that its work is cut into blocks, which run on
    several cores.
    """

    title: str
    needs: tuple[str, ...]
    may_use: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    suffix: str = ".parquet"
    parallel: bool = False


@dataclass(frozen=True)
class Measure:
    """One number of the result: braces are filled from the settings, the pollutant, the standard.

    ``pollutants``, ``distance_kinds`` (of a standard of access) and ``levels`` say where it is
    given, where that is not everywhere that the metric is. ``counts`` names the events of people
    that it counts, such as ``deaths from all causes``: the rule of ``disclosure`` is held over all
    measures that count the same. Their number stands ``counts_in`` the numerator; or in the
    denominator, where the numerator is a sum of shares of them. ``proportional`` says that the
    value is in proportion to that number, as a rate is, and so changes with it where it is rounded.

    What is given for authorities is given for England outside them, for regions and for places of
    one's own too. A place may be as small as a district, so that counts which are not told of
    districts are not told of places.
    """

    name: str
    title: str
    unit: str
    direction: Direction
    statistic: str
    method: str
    pollutants: tuple[str, ...] = ()
    distance_kinds: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    counts: str = ""
    counts_in: Literal["numerator", "denominator"] = "numerator"
    proportional: bool = True

    def __post_init__(self) -> None:
        places = not self.counts or DISTRICT in self.levels
        object.__setattr__(self, "levels", beside_authorities(self.levels, places=places))


@dataclass(frozen=True)
class MetricCard:
    """What a metric needs and what it yields.

    ``needs`` names sources and overlaps; ``air_quality:pm25`` is one pollutant whatever the
    wildcard. ``by`` is ``("year",)``, ``("pollutant", "year")`` or ``("standard", "year")``: all
    standards of access that the configuration asks for are computed in one job, from one reading
    of its inputs. ``headlines`` says how many of the measures, from the first on, lead the others
    in the report. ``pooled`` names the needs that are taken of several years together where the
    configuration says so (``mortality.pooled_years``). ``asked_by`` names keys of the
    configuration that are null by default: ``metrics: all`` does without the metric until they are
    given. ``caveats`` say what its numbers cannot tell, a sentence or two each. A card that names
    authorities among its ``levels`` has those that go with them too; see `Measure`.
    """

    title: str
    needs: tuple[str, ...]
    measures: tuple[Measure, ...]
    by: tuple[str, ...] = ("year",)
    may_use: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    levels: tuple[str, ...] = ("small_area", "district", "authority", "england")
    headlines: int = 1
    pooled: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()
    asked_by: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "levels", beside_authorities(self.levels, places=True))

    @property
    def files_by(self) -> tuple[str, ...]:
        """What tells the files of the metric apart, the wildcards of its rule."""
        return tuple(part for part in self.by if part != "standard")


CARD_TYPES = {kind.__name__: kind for kind in (SourceCard, Offer, OverlapCard, Measure, MetricCard)}


def _evaluate(node: ast.expr, file: Path) -> Any:
    """Evaluate literals, and calls of the card types with keyword arguments."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        arguments = {word.arg or "": _evaluate(word.value, file) for word in node.keywords}
        _require_direction(arguments.get("direction", "neither"), file)
        return CARD_TYPES[node.func.id](**arguments)
    if isinstance(node, ast.Tuple):
        return tuple(_evaluate(item, file) for item in node.elts)
    return ast.literal_eval(node)


def _require_direction(direction: str, file: Path) -> None:
    if direction not in get_args(Direction):
        raise ConfigError(
            f"expected a direction, one of {', '.join(get_args(Direction))}, found {direction!r}",
            file=file,
            place="CARD",
        )


def read_card(file: Path) -> Any:
    """Read the card of a module from its text, or None where it has none."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and [ast.unparse(t) for t in node.targets] == ["CARD"]:
            return _evaluate(node.value, file)
    return None


@cache
def _cards(room: str) -> dict[str, Any]:
    files = sorted((PACKAGE_DIR / room).glob("*.py"))
    cards = {file.stem: read_card(file) for file in files}
    return {name: card for name, card in cards.items() if card is not None}


def sources() -> dict[str, SourceCard]:
    """Return the cards of all sources, by name."""
    return _cards("sources")


def overlaps() -> dict[str, OverlapCard]:
    """Return the cards of all overlaps, by name."""
    return _cards("overlaps")


def metrics() -> dict[str, MetricCard]:
    """Return the cards of all metrics, by name."""
    return _cards("metrics")


ALWAYS = ("areas", "borders", "districts")
"""What every run needs, whatever its metrics: the areas reported on, their shapes and borders."""

SMALL_AREAS = ("small_area_lookup", "small_areas")
"""Sources that a run has both of, or neither: districts are then its smallest areas."""


COMPARED_WITH = "fingertips"
"""The source that results are compared with once they are there, in a run that is given it."""

PLACES = "places"
"""The overlap of places of one's own, which every metric takes that is given for areas."""

PLACE_LISTS = (".csv", ".csv.gz")
"""How the name of a list of places ends; every other file of places holds outlines."""

MAY_STAND_IN = ("population",)
"""Sources of which one year may be counted for each of several that are taken together: of people.
The same deaths counted again would make intervals too narrow."""

CARRIED_BY: Mapping[str, str] = MappingProxyType(
    {
        "deaths": "district_parts",
        "population": "district_parts",
        "district_pm25": "district_parts",
        "general_health": "district_parts",
        "small_area_population": "small_area_parts",
    }
)
"""Tables that may be of other districts or small areas than those reported on, and the overlap of
weights that carries what is not carried whole."""


def sources_behind(names: tuple[str, ...]) -> set[str]:
    """Return the sources that some needs cannot do without, through every overlap between.

    It is of the cards alone. What a run takes beside, by ``may_use``, is a matter of its
    configuration; see `healthycities.stages.needs.sources_used`.

    Parameters
    ----------
    names : needs of a metric or an overlap, such as ``("levels", "air_quality:pm25")``.
    """
    found: set[str] = set()
    for need in names:
        name = need.partition(":")[0]
        if name in overlaps():
            found |= sources_behind(overlaps()[name].needs)
        else:
            found.add(name)
    return found


def sources_needed(card: MetricCard) -> set[str]:
    """Return the sources that a metric cannot do without, those of small areas among them.

    A metric rests on small areas where it is given for them, or is computed from something that
    is: such sources and overlaps are named after them.
    """
    behind = sources_behind(card.needs)
    names = {*card.levels, *card.needs, *behind}
    of_small_areas = any(name.startswith("small_area") for name in names)
    return behind | (set(SMALL_AREAS) if of_small_areas else set())


@cache
def _module_file(module: str) -> Path | None:
    """Return the file of a module of this package, or None for anything else."""
    path = PACKAGE_DIR.parent.joinpath(*module.split("."))
    candidates = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in candidates if file.is_file()), None)


@cache
def _imported(file: Path) -> tuple[str, ...]:
    """Return the names of this package's modules that a file imports anywhere in it."""
    return tuple(dict.fromkeys(_imports(file)))


def _imports(file: Path) -> Iterator[str]:
    """Yield the names of this package's modules that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        yield from (name for name in names if name.split(".")[0] == PACKAGE)


def _files_behind(module: str) -> set[Path]:
    """Return the files of a module and of all of this package that it imports."""
    found: set[Path] = set()
    waiting = [module]
    while waiting:
        file = _module_file(waiting.pop())
        if file is not None and file not in found:
            found.add(file)
            waiting.extend(_imported(file))
    return found


_BESIDE = ("data/*.csv", "templates/*.jinja")
"""Files beside a module that its code reads."""


def _data_beside(files: set[Path]) -> set[Path]:
    rooms = {file.parent for file in files}
    return {item for room in rooms for pattern in _BESIDE for item in room.glob(pattern)}


@cache
def code_digest(*modules: str) -> str:
    """Digest of modules, of all of this package that they import, and of the data beside them.

    A rule carries it as a parameter, because Snakemake sees the command of a ``shell:`` but not
    the code that the command runs: with it, an edit reruns what depends on the edited file only.

    Raises
    ------
    ConfigError : a module is not in the package.
    """
    unknown = [module for module in modules if _module_file(f"{PACKAGE}.{module}") is None]
    if unknown:
        raise ConfigError(f"no module of {PACKAGE} is called {', '.join(unknown)}")
    files = set().union(*(_files_behind(f"{PACKAGE}.{module}") for module in modules))
    digest = hashlib.sha256()
    for file in sorted(files | _data_beside(files)):
        digest.update(file.relative_to(PACKAGE_DIR).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
