"""The configuration: what it may hold, and whether its parts agree. Cheap to import."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from glob import escape, glob
from itertools import product
from operator import attrgetter
from os.path import isfile
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from healthycities import catalogue, offers
from healthycities.catalogue import Offer
from healthycities.errors import ConfigError, RegisterError
from healthycities.geography.districts import known_districts, newer_districts
from healthycities.geography.register import Register, as_at_of_register
from healthycities.health.access_standards import WALK, DistanceKind, access_standards
from healthycities.health.causes import LEFT_OUT_OF_ALL
from healthycities.health.files import (
    CAUSE_GROUPS_FILE,
    CONCENTRATION_RESPONSE_FILE,
    LAGS_FILE,
)
from healthycities.level_names import PLACES_KEY, RESERVED
from healthycities.offers import REMOTE
from healthycities.package_tables import rows
from healthycities.pollutants import POLLUTANTS
from healthycities.synthetic import SYNTHETIC

Year = Annotated[int, Field(ge=2001, le=2050)]
Share = Annotated[float, Field(gt=0, lt=1)]
Names = Annotated[tuple[str, ...], Field(min_length=1)]
StandardId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
PlacesKey = Annotated[str, Field(pattern=PLACES_KEY)]
Address = Annotated[str, Field(pattern=r"^https://[^\s/]+")]
Folder = Annotated[str, Field(pattern=r"^[^{}<>]+$")]


class Section(BaseModel):
    """A part of the configuration: fixed once read, with no key that is not known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceSettings(Section):
    """Where one source is taken from."""

    provider: Literal["demo", "file", "official"] = Field(
        description="demo: written by the package, with SYNTHETIC values; file: a file of your "
        "own; official: fetched from its publisher"
    )
    path: str | None = Field(
        None,
        description="For provider file: path below data_dir; may hold {year}, {pollutant} and *. "
        "Or an address that starts with https, s3 or gs, from which it is fetched",
    )
    vintage: int | None = Field(
        None,
        description="The year that the file is of, where the path holds no {year}; for provider "
        "official, the vintage that is fetched, by default the newest that fits authorities_as_at",
    )
    address: str | None = Field(
        None,
        pattern=r"^https://\S+$",
        description="For provider official: where the publisher has moved the file or the layer",
    )
    crs: str | None = Field(
        None, description="Coordinate reference system of a file that does not say its own"
    )
    layer: str | None = Field(None, description="Layer of a file that has several")
    columns: dict[str, str] = Field(
        default_factory=dict, description="Published column name to the name that your file has"
    )
    publisher: str | None = Field(None, description="Publisher, where it is not the usual one")
    product: str | None = Field(None, description="Product, where it is not the usual one")
    licence: str | None = Field(None, description="Licence, where it is not the publisher's")
    attribution: str | None = Field(
        None, description="Attribution, where it is not the publisher's"
    )

    @property
    def is_fetched(self) -> bool:
        """Whether it stands elsewhere, and is fetched before it is read."""
        return self.provider == "official" or REMOTE in (self.path or "")

    @property
    def stands_here(self) -> bool:
        """Whether it is a file of one's own below data_dir."""
        return self.provider == "file" and not self.is_fetched


class PlacesSettings(Section):
    """A set of places of one's own, which every metric is given for too."""

    path: Folder = Field(
        description="A list (.csv, .csv.gz) of the small areas or districts of each place, with"
        " the columns LSOA21CD or LAD25CD (or of other years), place_code and place_name; or a file"
        " of outlines with place_code and place_name. Below data_dir"
    )
    title: str | None = Field(None, description="What the places are; the name of the set itself")
    assign: Literal["centroid", "area"] = Field(
        "centroid",
        description="Of outlines: centroid takes small areas whole, by their population-weighted"
        " centroid; area divides those that an outline cuts by the share of their ground",
    )
    crs: str | None = Field(
        None, description="Coordinate reference system of a file that does not say its own"
    )
    layer: str | None = Field(None, description="Layer of a file that has several")
    columns: dict[str, str] = Field(
        default_factory=dict,
        description="place_code, place_name, or the column of codes, to the name in your file",
    )
    publisher: str = Field("of one's own", description="Whom the places are from")
    licence: str = Field("not stated", description="Licence of the file")
    attribution: str = Field("", description="Attribution that the licence asks for")

    @property
    def is_list(self) -> bool:
        """Whether the file lists small areas or districts, and holds no outlines."""
        return self.path.lower().endswith(catalogue.PLACE_LISTS)


class OwnStandard(Section):
    """A standard of access to greenspace of one's own."""

    name: str | None = Field(None, description="What it is called in titles; its id by default")
    min_area_ha: float = Field(
        ge=0, description="Smallest site whose access points count; 0 takes every access point"
    )
    max_distance_m: int = Field(gt=0, description="Farthest that an access point may be")
    distance_kind: DistanceKind = Field(
        "straight line",
        description="walk: along roads by greenspace_walk, and by greenspace_access in a straight "
        "line; otherwise in a straight line",
    )


class GreenspaceSettings(Section):
    """Which greenspace counts, and how near it must be."""

    public_functions: tuple[str, ...] = Field(
        ("Public Park Or Garden", "Playing Field"),
        min_length=1,
        description="Functions of OS Open Greenspace that count as open to the public",
    )
    standards: tuple[str, ...] = Field(
        (
            "who_300m",
            "doorstep",
            "local",
            "neighbourhood",
            "eip_15_minutes",
            "wider_neighbourhood",
            "district",
        ),
        description="Rows of health/data/greenspace_standards.csv; the report draws the first",
    )
    own_standards: dict[StandardId, OwnStandard] = Field(
        default_factory=dict, description="Standards of one's own, by an id for names of measures"
    )

    @property
    def used_standards(self) -> list[dict[str, Any]]:
        """The published standards asked for, then one's own, all as rows of the table."""
        known = access_standards()
        return [
            *(known[name] for name in self.standards),
            *(_own_row(name, own) for name, own in self.own_standards.items()),
        ]

    @property
    def leading_standard(self) -> dict[str, Any]:
        """The first of them, which the report draws; nothing where none is asked for."""
        return next(iter(self.used_standards), {})

    @property
    def sizes_ha(self) -> list[float]:
        """Each smallest size of site that a standard asks for, once, ascending."""
        return _sizes_ha(self.used_standards)

    @property
    def walk_sizes_ha(self) -> list[float]:
        """Those of them that a standard asks for within a walk."""
        return _sizes_ha(row for row in self.used_standards if row["distance_kind"] == WALK)


def _own_row(standard_id: str, own: OwnStandard) -> dict[str, Any]:
    name = own.name or standard_id.replace("_", " ").capitalize()
    told = {"standard_id": standard_id, "source": "of one's own", "standing": "as configured"}
    return {**own.model_dump(), **told, "name": name}


def _sizes_ha(standards: Iterable[Mapping[str, Any]]) -> list[float]:
    return sorted({row["min_area_ha"] for row in standards})


class GreenCoverSettings(Section):
    """What the raster of land cover holds, classes or NDVI, and what is green in it."""

    green_classes: tuple[int, ...] | None = Field(
        None,
        min_length=1,
        description="Codes of the classes of the raster that are green",
    )
    ndvi_threshold: float | None = Field(
        None, gt=-1, lt=1, description="NDVI above which land is green, for a raster of NDVI"
    )
    ndvi_target: float | None = Field(
        None,
        gt=-1,
        lt=1,
        description="For a raster of NDVI: the mean around every home that ndvi_target_deaths asks "
        "what it would prevent; metrics: all is without it until this is given",
    )
    concentration_response: str = Field(
        "rojas_rueda2019_ndvi",
        description="Row of health/data/concentration_response.csv, of NDVI",
    )

    @property
    def of_ndvi(self) -> bool:
        """Whether the raster is taken for one of NDVI."""
        return self.ndvi_threshold is not None or self.ndvi_target is not None

    @property
    def ndvi_buffer_m(self) -> float:
        """How far around homes NDVI is averaged, in m: as far as the function was estimated for."""
        (found,) = (
            row["buffer_m"]
            for row in rows(CONCENTRATION_RESPONSE_FILE)
            if row["crf_id"] == self.concentration_response
        )
        return float(found)


class MortalitySettings(Section):
    """Which deaths are counted."""

    cause_group: str = Field("ncd4", description="Group of causes in health/data/cause_groups.csv")
    confidence: Share = Field(0.95, description="Confidence of the intervals")
    pooled_years: int = Field(
        1,
        ge=1,
        le=10,
        description="Years that rates and life tables rest on together, ending with each of the "
        "years; published figures of small places rest on 3",
    )


class BurdenSettings(Section):
    """How deaths are attributed to air pollution."""

    concentration_response: str | Names = Field(
        "comeap2022_pm25",
        description="Row of health/data/concentration_response.csv, or a list of rows: the first "
        "leads, and what each of the others would attribute is told beside it",
    )
    draws: int = Field(
        10_000, ge=100, le=100_000, description="Random draws that the intervals rest on"
    )
    seed: int = Field(2026, ge=0, lt=2**32, description="Seed of the draws")
    confidence: Share = Field(0.95, description="Confidence of the intervals that are drawn")
    target_ugm3: float = Field(
        5.0,
        gt=0,
        description="PM2.5 that pm25_target_gain lets every small area come down to at once; 5 is "
        "the WHO's guideline of 2021, 10 England's target for 2040",
    )
    horizon_years: int = Field(
        20, ge=2, le=105, description="Years after the change that pm25_target_gain follows"
    )
    lag: str = Field(
        "epa",
        description="How soon the change of exposure changes the risk: lag_id in "
        "health/data/lags.csv",
    )

    @property
    def functions(self) -> tuple[str, ...]:
        """Names of the concentration-response functions, the leading one first."""
        given = self.concentration_response
        return (given,) if isinstance(given, str) else given

    @property
    def leading(self) -> str:
        """Name of the leading function."""
        return self.functions[0]


class DisclosureSettings(Section):
    """How small counts of deaths are kept from telling of single people, in all that is published.

    The default withholds: what was published once cannot be taken back.
    """

    rule: Literal["none", "suppress", "round"] = Field(
        "suppress",
        description="none: publish every count; suppress: withhold small counts, and others from "
        "which they could be worked out; round: round counts, and give their rates without limits",
    )
    below: int = Field(
        5, ge=2, description="For suppress: counts from 1 to one less than this are small"
    )
    base: int = Field(5, ge=2, description="For round: counts are made up of multiples of this")


class DemoSettings(Section):
    """Size of the synthetic England."""

    seed: int = Field(2026, ge=0, description="Seed of every random draw")
    scale: float = Field(
        0.1, gt=0, le=2, description="Number of small areas as a share of England's 33,755"
    )


class ComputeSettings(Section):
    """Where the parallel parts run. Changes no result, and so reruns nothing."""

    scheduler: str = Field(
        "threads",
        pattern=r"^(threads|processes|synchronous|(tcp|tls|ws)://.+)$",
        description="threads, processes, synchronous, or the address of a dask.distributed "
        "scheduler such as tcp://10.0.0.1:8786",
    )


class DownloadSettings(Section):
    """How files of publishers are fetched. Changes no result, and so reruns nothing."""

    offline: bool = Field(
        False, description="true: ask no network; a file that was not fetched before is an error"
    )
    mirrors: dict[Address, Address] = Field(
        default_factory=dict,
        description="Beginning of an address to what is asked in its place, such as a mirror of "
        "your institution's; the hashes of the lock file hold all the same",
    )
    attempts: int = Field(6, ge=1, le=20, description="How often a file is tried before giving up")
    at_once: int = Field(
        4, ge=1, le=16, description="Files that `healthycities fetch` asks for at the same time"
    )
    largest_gb: float = Field(
        8, gt=0, description="Size above which a file, or what is unpacked of one, is refused"
    )

    @property
    def largest_bytes(self) -> int:
        """The same in bytes."""
        return int(self.largest_gb * 1e9)


class Settings(Section):
    """The whole configuration."""

    run: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", description="Name of the run and of its results"
    )
    years: tuple[Year, ...] = Field(min_length=1, description="Years to report on")
    pollutants: tuple[str, ...] = Field((), description="Any of: " + ", ".join(sorted(POLLUTANTS)))
    metrics: Literal["all"] | Names = Field(
        "all",
        description="all, or names of files in src/healthycities/metrics/; all leaves out those"
        " that rest on sources.deprivation, sources.district_pm25, sources.general_health,"
        " sources.land_cover or sources.local_measurements, or ask for green_cover.ndvi_threshold"
        " or ndvi_target, where it is not given",
    )
    authorities: Literal["all"] | Names = Field(
        "all", description="all, or keys of src/healthycities/geography/data/authorities.csv"
    )
    authorities_as_at: datetime.date = Field(
        default_factory=as_at_of_register,
        description="The date whose map of authorities and districts is reported on, whatever the"
        " years; by default the register's own",
    )
    include: tuple[Literal["planned"], ...] = Field(
        (),
        description="planned: report on planned authorities too, whose names and status say so",
    )
    data_dir: Folder = Field(
        "data", description="Folder that the paths of the sources start from; no {, }, < or > in it"
    )
    results_dir: Folder = Field(
        "results",
        description="Folder that receives a folder for each run; no {, }, < or > in it",
    )
    sources: dict[str, SourceSettings] = Field(description="One entry for each source in use")
    places: dict[PlacesKey, PlacesSettings] = Field(
        default_factory=dict,
        description="Sets of places of one's own, by the name of the level and layer of each",
    )
    greenspace: GreenspaceSettings = Field(default_factory=GreenspaceSettings)
    green_cover: GreenCoverSettings = Field(default_factory=GreenCoverSettings)
    mortality: MortalitySettings = Field(default_factory=MortalitySettings)
    burden: BurdenSettings = Field(default_factory=BurdenSettings)
    disclosure: DisclosureSettings = Field(default_factory=DisclosureSettings)
    demo: DemoSettings = Field(default_factory=DemoSettings)
    compute: ComputeSettings = Field(default_factory=ComputeSettings)
    downloads: DownloadSettings = Field(default_factory=DownloadSettings)

    @property
    def synthetic(self) -> bool:
        """Whether any value of the run is made up, or read from a file that says so in its name."""
        return any(
            source.provider == "demo" or SYNTHETIC in (source.path or "")
            for source in self.sources.values()
        ) or any(SYNTHETIC in places.path for places in self.places.values())

    @property
    def run_name(self) -> str:
        """Name of the results; a run on synthetic values cannot be named without saying so."""
        marked = SYNTHETIC in self.run or not self.synthetic
        return self.run if marked else f"{self.run}_{SYNTHETIC}"

    @property
    def run_dir(self) -> str:
        """Folder of the run."""
        return f"{self.results_dir}/{self.run_name}"

    @property
    def geopackage_name(self) -> str:
        """Name of the file of the results."""
        return f"healthycities_{self.run_name}.gpkg"

    @property
    def has_small_areas(self) -> bool:
        """Whether small areas are reported on; otherwise districts are the smallest areas."""
        return set(catalogue.SMALL_AREAS) <= set(self.sources)

    @property
    def chosen_metrics(self) -> tuple[str, ...]:
        """Names of the metrics to compute, sorted."""
        known = set(catalogue.metrics()) - set(self.left_out)
        return tuple(sorted(known if self.metrics == "all" else self.metrics))

    @property
    def left_out(self) -> dict[str, tuple[str, ...]]:
        """Metrics that ``all`` does without, each with the keys of the configuration it lacks."""
        if self.metrics != "all":
            return {}
        lacking = {name: self._lacks(card) for name, card in sorted(catalogue.metrics().items())}
        return {name: keys for name, keys in lacking.items() if keys}

    def _lacks(self, card: catalogue.MetricCard) -> tuple[str, ...]:
        """Return the optional sources and null keys that a metric needs and lacks."""
        optional = {name for name, one in catalogue.sources().items() if one.optional}
        sources = catalogue.sources_behind(card.needs) & optional - set(self.sources)
        keys = [key for key, value in self.keys(*card.asked_by).items() if value is None]
        return tuple(sorted([*keys, *(f"sources.{name}" for name in sources)]))

    def uses(self, card: catalogue.MetricCard | catalogue.OverlapCard) -> tuple[str, ...]:
        """Needs of a card, with what it may use beside and the weights that carry its tables."""
        needs = card.needs + tuple(
            name for name in card.may_use if catalogue.sources_behind((name,)) <= set(self.sources)
        )
        carried_by = {catalogue.CARRIED_BY.get(name, "") for name in needs}
        places = isinstance(card, catalogue.MetricCard) and "areas" in needs and self.places
        return (
            *needs,
            *sorted(carried_by & self._carrying),
            *((catalogue.PLACES,) if places else ()),
        )

    @property
    def places_assigned(self) -> dict[str, str]:
        """How small areas are assigned to the outlines of each set of places, by its name."""
        return {name: places.assign for name, places in sorted(self.places.items())}

    def places_path(self, name: str) -> str:
        """Return the file of a set of places."""
        return f"{self.data_dir}/{self.places[name].path}"

    def places_part(self, name: str) -> str:
        """Return what the job that prepares a set of places needs to know, as JSON."""
        reading = self.places[name].model_dump(include=set(READING))
        return _as_json({**reading, "as_at": self.authorities_as_at})

    @property
    def _carrying(self) -> set[str]:
        """Overlaps of weights that tables of other districts or small areas are carried by."""
        by_census = {"small_area_parts"} if "small_area_changes" in self.sources else set()
        return by_census | ({"district_parts"} if self.divides_districts else set())

    @property
    def divides_districts(self) -> bool:
        """Whether newer districts than those of the date can be divided among these by people."""
        given = self.has_small_areas and "census_population" in self.sources
        return given and bool(newer_districts(self.authorities_as_at))

    def pooled_years(self, card: catalogue.MetricCard, need: str, year: int) -> range:
        """Return the years of a need that a metric of a year takes together; often that alone."""
        years = self.mortality.pooled_years if need in card.pooled else 1
        return range(year - years + 1, year + 1)

    def data_years(self, source: str) -> tuple[int, ...]:
        """Return the years that the metrics take a source of: those reported on, and earlier ones.

        Earlier ones are those that a metric takes together with a year reported on.
        """
        known = catalogue.metrics()
        cards = [known[name] for name in self.chosen_metrics if name in known]
        found = {
            one
            for card in cards
            for year in self.years
            for one in self.pooled_years(card, source, year)
        }
        return tuple(sorted(found | set(self.years)))

    def offer(self, name: str, year: object = "", pollutant: object = "") -> Offer | None:
        """Return the file of a source that is fetched; None where its publisher offers none.

        Parameters
        ----------
        name : a source that `SourceSettings.is_fetched`.
        year, pollutant : of a source that has a file for each; otherwise empty.
        """
        source = self.sources[name]
        if source.provider != "official":
            return offers.own(self._raw_name(name, year, pollutant))
        found = offers.offered(
            catalogue.sources()[name],
            as_at=self.authorities_as_at,
            vintage=source.vintage,
            year=int(str(year)) if year else None,
            pollutant=str(pollutant) or None,
            words=self._words,
        )
        if found is None or source.address is None:
            return found
        words = {**self._words, "year": year, "pollutant": pollutant}
        return offers.at(found, source.address.format_map(words))

    @property
    def _words(self) -> dict[str, str]:
        """Words that fill the braces of an offer: the causes of death that are asked for."""
        group = self.mortality.cause_group
        ranges = {row["group_id"]: row["icd10"] for row in rows(CAUSE_GROUPS_FILE)}
        return {"cause_group": group, "causes": ranges.get(group, "").replace("; ", ",")}

    @property
    def fetched_dir(self) -> str:
        """Folder of what is fetched, which all runs of the project share."""
        return f"{self.data_dir}/fetched"

    def fetched_path(self, name: str, year: object = "", pollutant: object = "") -> str:
        """Return where a fetched file of a source stands.

        Raises
        ------
        ConfigError : its publisher offers none.
        """
        offer = self.offer(name, year, pollutant)
        if offer is None:
            raise ConfigError(self._not_offered(name, year, pollutant), place=f"sources.{name}")
        return f"{self.fetched_dir}/{offer.name}"

    def _not_offered(self, name: str, year: object, pollutant: object) -> str:
        source, card = self.sources[name], catalogue.sources()[name]
        asked = [f"of {source.vintage or year}"] if (source.vintage or year) else []
        asked += [f"for {pollutant}"] if pollutant else []
        asked += [] if asked else [f"for the map of {self.authorities_as_at}"]
        return (
            f"nothing is known to be offered {' '.join(asked)}; known is {offers.told(card)};"
            " give a file of your own (provider: file), or ask for another"
        )

    def fetch_problems(self, name: str, year: object = "", pollutant: object = "") -> list[str]:
        """List what keeps a file of a source from being fetched."""
        if self.offer(name, year, pollutant) is None:
            return [f"sources.{name}: {self._not_offered(name, year, pollutant)}"]
        return []

    def cases(self, name: str) -> list[tuple[int | str, str]]:
        """Return year and pollutant of each file of a source, empty where it has none of them."""
        by = catalogue.sources()[name].by
        years = self.data_years(name) if "year" in by else ("",)
        return list(product(years, self.pollutants if "pollutant" in by else ("",)))

    @property
    def lock_file(self) -> str:
        """The file that pins what was fetched, to be committed by the user."""
        return f"{self.data_dir}/sources.lock.json"

    def raw_pattern(self, name: str, year: object = "", pollutant: object = "") -> str:
        """Return the path of a file of one's own, in which a ``*`` may stand for several."""
        return f"{self.data_dir}/{self._raw_name(name, year, pollutant)}"

    def raw_paths(self, name: str, year: object = "", pollutant: object = "") -> tuple[str, ...]:
        """Return the files of one's own of a source, sorted; with a ``*``, those that are there."""
        parts = self._raw_name(name, year, pollutant).split("*")
        if len(parts) == 1:
            return (self.raw_pattern(name, year, pollutant),)
        # Every other character that a pattern knows, such as [, is one of a name here.
        pattern = f"{escape(self.data_dir)}/{'*'.join(map(escape, parts))}"
        # Not Path.glob, which takes no pattern that starts at the root.
        return tuple(sorted(filter(isfile, glob(pattern))))  # noqa: PTH207

    def _raw_name(self, name: str, year: object, pollutant: object) -> str:
        """Return a path below data_dir, with year and pollutant filled in."""
        return self._filled(self.sources[name].path or "", year, pollutant)

    @staticmethod
    def _filled(text: str, year: object, pollutant: object) -> str:
        return text.format(year=year, pollutant=pollutant)

    def source_part(self, name: str) -> str:
        """Return what the job that prepares a source needs to know, as JSON."""
        reading = self.sources[name].model_dump(include=set(READING))
        divides = self.divides_districts and name in catalogue.CARRIED_BY
        return _as_json({**reading, "as_at": self.authorities_as_at, "divides": divides})

    def part(self, *keys: str) -> str:
        """Return keys of the configuration, such as ``greenspace.radius_m``, as JSON.

        The text changes when one of them does, and with no other key.
        """
        return _as_json(self.keys(*keys))

    def keys(self, *keys: str) -> dict[str, Any]:
        """Return keys of the configuration, such as ``greenspace.radius_m``, with their values."""
        return {key: attrgetter(key)(self) for key in keys}

    def whole(self) -> str:
        """Return the configuration as JSON, but for what changes no result."""
        return self.model_dump_json(exclude=set(WITHOUT_EFFECT))


WITHOUT_EFFECT = ("compute", "downloads")
"""Sections that say where and how the work is done, and change no result."""

ATTRIBUTABLE: Mapping[str, str] = MappingProxyType({"exposure": "pm25", "ages": "30+"})
"""What a function must be of, for the deaths that the metrics of burden have from the sources."""

OUTCOMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "attributable_deaths": tuple(LEFT_OUT_OF_ALL),
        "pm25_target_gain": ("all-cause mortality",),
        "pm25_by_district": ("all-cause mortality",),
        "ndvi_target_deaths": tuple(LEFT_OUT_OF_ALL),
    }
)
"""Outcomes that the functions of each metric of burden may be of."""

_NDVI_METRIC = "ndvi_target_deaths"

FETCHED_FROM = ("https", "s3", "gs")
"""What the address of a file of one's own may start with."""

READING = ("columns", "crs", "layer", "vintage")
"""Keys of a source that its reader is told; see `healthycities.sources.raw.Raw`."""


def _as_json(content: Mapping[str, Any]) -> str:
    plain = {
        name: value.model_dump(mode="json") if isinstance(value, BaseModel) else value
        for name, value in content.items()
    }
    return json.dumps(plain, sort_keys=True, default=str)


def _shape_problems(error: ValidationError) -> list[str]:
    """One line for each thing that pydantic found."""
    return sorted({_said(item) for item in error.errors() if not _is_echo(item)})


def _said(item: Mapping[str, Any]) -> str:
    place = ".".join(str(part) for part in item["loc"] if not _is_choice(part))
    if item["type"] == "extra_forbidden":
        return f"{place}: unknown key"
    if item["type"] == "missing":
        return f"{place}: this key is required"
    message = (item["msg"][0].lower() + item["msg"][1:]).replace("tuple", "list")
    return f"{place}: {message}, found {item['input']!r}"


def _is_echo(item: Mapping[str, Any]) -> bool:
    """Whether another item says it better.

    A list whose items are wrong is also called too short, and a list is also no 'all' and no word.
    """
    if not isinstance(item["input"], list | tuple):
        return False
    short = item["type"] == "too_short" and len(item["input"]) > 0
    wanted = item["type"] in ("literal_error", "string_type")
    return short or (wanted and _is_choice(item["loc"][-1]))


def _is_choice(part: str | int) -> bool:
    """Whether a part of a place is pydantic's name for one of several types, and no key."""
    kinds = ("literal[", "tuple[", "constrained-tuple")
    return isinstance(part, str) and (part == "str" or part.startswith(kinds))


def _unknown(place: str, names: tuple[str, ...], known: Mapping[str, Any]) -> list[str]:
    return [
        f"{place}: unknown name '{name}'; known are {', '.join(sorted(known))}"
        for name in names
        if name not in known
    ]


def _repeated(place: str, values: tuple[Any, ...]) -> list[str]:
    return [
        f"{place}: {value} is given twice"
        for value in sorted({value for value in values if values.count(value) > 1})
    ]


def _source_problems(settings: Settings) -> list[str]:
    """Entries of ``sources`` that are unknown, or lack the path that their provider needs."""
    problems = _unknown("sources", tuple(settings.sources), catalogue.sources())
    for name, source in settings.sources.items():
        if source.provider == "file" and not source.path:
            problems.append(f"sources.{name}.path: provider file needs a path")
        if source.provider != "file" and source.path:
            problems.append(f"sources.{name}.path: provider {source.provider} takes no path")
        if source.provider != "official" and source.address:
            problems.append(f"sources.{name}.address: is for provider official")
        card = catalogue.sources().get(name)
        if card and source.provider == "official":
            problems += _offer_problems(name, card, settings)
        if source.path and card:
            problems += [
                f"sources.{name}.path: {problem}"
                for problem in _path_problems(source, card, settings.pollutants)
            ]
    return problems


def _offer_problems(name: str, card: catalogue.SourceCard, settings: Settings) -> list[str]:
    """List what a publisher does not offer of a source that is to be fetched from it."""
    if not card.offers:
        return [f"sources.{name}.provider: is not fetched; {data_readme(name)} says where it is"]
    given = settings.sources[name].address or card.offers[0].address
    if _braces(given) != _braces(card.offers[0].address):
        wanted = ", ".join(f"{{{one}}}" for one in sorted(_braces(card.offers[0].address)))
        return [f"sources.{name}.address: expected {wanted or 'nothing'} in braces, and no other"]
    return [
        problem
        for year, pollutant in settings.cases(name)
        if not pollutant or pollutant in POLLUTANTS
        for problem in settings.fetch_problems(name, year, pollutant)
    ]


def _braces(text: str) -> set[str]:
    """Return the words in braces; a text that cannot be filled has one that none has."""
    try:
        return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return {text}


def data_readme(name: str) -> str:
    """Return where the page on sources speaks of one."""
    return f"data/README.md#{name}"


def _path_problems(
    source: SourceSettings, card: catalogue.SourceCard, pollutants: tuple[str, ...]
) -> list[str]:
    path = source.path or ""
    by_year, by_pollutant = "{year}" in path, "{pollutant}" in path
    problems = []
    if "year" in card.by and not (by_year or source.vintage or card.tells_years):
        problems.append("holds no {year}; say in vintage which year its values are of")
    if by_year and source.vintage is not None:
        problems.append("holds {year}, which vintage denies; leave one of them out")
    if by_year and "year" not in card.by:
        problems.append("is one file for all years and takes no {year}")
    if by_pollutant and "pollutant" not in card.by:
        problems.append("is of no pollutant and takes no {pollutant}")
    if "pollutant" in card.by and not by_pollutant and len(pollutants) > 1:
        problems.append(f"holds no {{pollutant}}, and so is one file for {', '.join(pollutants)}")
    if not _is_filled_by_words(path):
        problems.append("only {year} and {pollutant} may stand in braces")
    if {"<", ">"} & set(path):
        problems.append("takes no < or >")
    if REMOTE in path:
        problems += _address_problems(path)
    return problems


def _address_problems(path: str) -> list[str]:
    """List what keeps a path from being an address that a file is fetched from."""
    scheme = path.partition(REMOTE)[0]
    problems = []
    if scheme not in FETCHED_FROM:
        known = ", ".join(f"{one}{REMOTE}" for one in FETCHED_FROM)
        problems.append(f"is fetched from {known} alone, not from {scheme}{REMOTE}")
    if "*" in path:
        problems.append("takes no * where it is an address: each file is fetched by its name")
    return problems


def _pool_problems(settings: Settings) -> list[str]:
    """List sources of one year alone whose deaths would count once for each year of several."""
    count = settings.mortality.pooled_years
    cards = [catalogue.metrics().get(name) for name in settings.chosen_metrics]
    pooled = sorted({need for card in cards if card is not None for need in card.pooled})
    return [
        f"sources.{name}.vintage: {name} of {settings.sources[name].vintage} alone are not those of"
        f" {count} years; give a file for each year, or set mortality.pooled_years to 1"
        for name in pooled
        if count > 1 and name not in catalogue.MAY_STAND_IN and name in settings.sources
        if settings.sources[name].vintage is not None
    ]


def _is_filled_by_words(path: str) -> bool:
    try:
        parts = list(Formatter().parse(path))
    except ValueError:
        return False
    return all(
        name in (None, "year", "pollutant") and not (form or conversion or {"{", "}"} & set(text))
        for text, name, form, conversion in parts
    )


def _need_problems(settings: Settings) -> list[str]:
    """List what the metrics, or any run, need and the configuration lacks."""
    lacking = sorted(catalogue.sources_behind(catalogue.ALWAYS) - set(settings.sources))
    problems = [f"sources: every run needs {name}" for name in lacking]
    for name in settings.chosen_metrics:
        card = catalogue.metrics().get(name)
        if card is None:
            continue
        missing = sorted(catalogue.sources_needed(card) - set(settings.sources))
        if missing:
            problems.append(f"metrics: {name} needs sources.{', sources.'.join(missing)}")
        if "pollutant" in card.by and not settings.pollutants:
            problems.append(f"pollutants: {name} needs at least one")
        problems += _lacking_standard(name, card, settings.greenspace)
        problems += [
            f"pollutants: {name} needs {need.partition(':')[2]}"
            for need in card.needs
            if ":" in need and need.partition(":")[2] not in settings.pollutants
        ]
    return problems


_LEADING_STANDARD = "greenspace.leading_standard"


def _lacking_standard(
    metric: str, card: catalogue.MetricCard, greenspace: GreenspaceSettings
) -> list[str]:
    """Tell of a metric that would have no measure, for no standard asked for is of its kind."""
    kinds = {kind for measure in card.measures for kind in measure.distance_kinds}
    asked = {_kind_of(row) for row in _known_standards(greenspace)}
    by_standard = "standard" in card.by or _LEADING_STANDARD in card.settings
    if not by_standard or (asked & kinds if kinds else asked):
        return []
    told = f" with a distance_kind of {', '.join(sorted(kinds))}" if kinds else ""
    return [f"greenspace.standards: {metric} needs at least one{told}"]


def _kind_of(standard: Mapping[str, Any]) -> str:
    return str(standard["distance_kind"])


def _known_standards(greenspace: GreenspaceSettings) -> list[dict[str, Any]]:
    """Return the standards asked for, without those whose names are unknown."""
    known = tuple(name for name in greenspace.standards if name in access_standards())
    return greenspace.model_copy(update={"standards": known}).used_standards


def _small_area_problems(settings: Settings) -> list[str]:
    """Small areas of which one thing is given without the other, or a source is of none."""
    lacking = [name for name in catalogue.SMALL_AREAS if name not in settings.sources]
    if not lacking:
        return []
    of_them = (*catalogue.SMALL_AREAS, "deprivation", "census_population", "small_area_changes")
    beside = [name for name in of_them if name in settings.sources]
    return [
        f"sources.{name}: needs sources.{', sources.'.join(lacking)} beside it" for name in beside
    ]


def _own_place_problems(settings: Settings) -> list[str]:
    """Names of sets that are those of levels, and outlines that there are no small areas for."""
    problems = [
        f"places.{name}: is the name of a level, a layer or a table of the results; choose another"
        for name in settings.places
        if name in RESERVED
    ]
    for name, places in settings.places.items():
        wanted = list(catalogue.SMALL_AREAS)
        wanted += ["centroids"] if places.assign == "centroid" else []
        lacking = [source for source in wanted if source not in settings.sources]
        if lacking and not places.is_list:
            problems.append(f"places.{name}: outlines need sources.{', sources.'.join(lacking)}")
        if places.is_list and places.assign != "centroid":
            problems.append(f"places.{name}.assign: is for outlines, and {places.path} is a list")
    return problems


def _greenspace_problems(settings: Settings) -> list[str]:
    """Names of standards that are unknown or given twice, or that ask for sites not given."""
    greenspace, known = settings.greenspace, access_standards()
    return [
        *_repeated("greenspace.standards", greenspace.standards),
        *_unknown("greenspace.standards", greenspace.standards, known),
        *(
            f"greenspace.own_standards.{name}: is the name of a published standard; choose another"
            for name in greenspace.own_standards
            if name in known
        ),
        *_site_problems(settings),
    ]


def _site_problems(settings: Settings) -> list[str]:
    """Access points of sites of some size are wanted, but no site is given."""
    given = settings.sources
    if "greenspace_access_points" not in given or "greenspace_sites" in given:
        return []
    return [
        f"greenspace.standards: {row['standard_id']} asks for sites of {row['min_area_ha']:g} ha"
        " or more and so needs sources.greenspace_sites; a standard of 0 ha takes every access"
        " point"
        for row in _known_standards(settings.greenspace)
        if row["min_area_ha"] > 0
    ]


def _green_cover_problems(settings: Settings) -> list[str]:
    """Nothing, or two things, are said to be green; or something is, of a raster not given."""
    said = settings.green_cover
    classes, threshold = said.green_classes is not None, said.ndvi_threshold is not None
    if "green_cover" in settings.left_out and (classes or threshold):
        return ["green_cover: says what is green, and so needs sources.land_cover"]
    if "green_cover" not in settings.chosen_metrics or classes != threshold:
        return []
    return [
        "green_cover: needs one of green_classes, for a raster of classes, and ndvi_threshold, for"
        f" one of NDVI; found {'both' if classes else 'neither'}"
    ]


def _ndvi_problems(settings: Settings) -> list[str]:
    """List what keeps NDVI around homes from being told: no raster, target or function of it."""
    said, place = settings.green_cover, "green_cover.concentration_response"
    functions = {row["crf_id"]: row for row in rows(CONCENTRATION_RESPONSE_FILE)}
    chosen = [
        name
        for name, card in catalogue.metrics().items()
        if name in settings.chosen_metrics and "small_area_ndvi" in card.needs
    ]
    without = said.ndvi_target is None and _NDVI_METRIC in chosen
    return [
        *_unknown(place, (said.concentration_response,), functions),
        *(_unlike_ndvi(said.concentration_response, functions) if chosen else ()),
        *([f"green_cover.ndvi_target: {_NDVI_METRIC} needs one"] if without else ()),
        *_of_another_raster(settings, chosen),
    ]


def _of_another_raster(settings: Settings, chosen: list[str]) -> list[str]:
    """List what speaks of NDVI where there is no raster, or one of classes."""
    said, told = settings.green_cover, []
    if said.ndvi_target is not None and _NDVI_METRIC in settings.left_out:
        told.append("green_cover.ndvi_target: needs sources.land_cover, a raster of NDVI")
    speaking = chosen or (["green_cover.ndvi_target"] if said.ndvi_target is not None else [])
    if said.green_classes is not None and speaking:
        told.append(
            f"green_cover.green_classes: is of a raster of classes, and {', '.join(speaking)} of"
            " one of NDVI; a function of NDVI says nothing of classes or of a share of green land:"
            " give ndvi_threshold in place of green_classes, and a raster of NDVI"
        )
    return told


def _unlike_ndvi(name: str, functions: Mapping[str, Mapping[str, str]]) -> list[str]:
    """List what keeps a function from being one of NDVI around homes that protects."""
    fitting = sorted(crf_id for crf_id, row in functions.items() if _is_of_ndvi(row))
    if name in fitting or name not in functions:
        return []
    return [
        f"green_cover.concentration_response: needs a function of ndvi around homes"
        f" that protects, and {name} is of {_told_function(functions[name])}; known are"
        f" {', '.join(fitting)}"
    ]


def _is_of_ndvi(function: Mapping[str, str]) -> bool:
    of_homes = function["exposure"] == "ndvi" and bool(function["buffer_m"])
    protects = function["shape"] == "log_linear" and float(function["rr_upper"]) < 1
    return of_homes and protects and function["outcome"] in OUTCOMES[_NDVI_METRIC]


def _place_problems(settings: Settings) -> list[str]:
    """Where the tables do not cover the date, or authorities are unknown at it."""
    as_at = settings.authorities_as_at
    only = None if settings.authorities == "all" else settings.authorities
    try:
        known_districts(as_at)
    except RegisterError as error:
        return [f"authorities_as_at: {error}".rstrip(".")]
    try:
        Register.load().in_scope(as_at, only, planned="planned" in settings.include)
    except RegisterError as error:
        return [f"authorities: {error}".rstrip(".")]
    return []


def _health_problems(settings: Settings) -> list[str]:
    """Names of a group of causes, a lag or a function that no table of the package has."""
    groups = {row["group_id"]: row for row in rows(CAUSE_GROUPS_FILE)}
    lags = {row["lag_id"]: row for row in rows(LAGS_FILE)}
    functions = {row["crf_id"]: row for row in rows(CONCENTRATION_RESPONSE_FILE)}
    asked = settings.burden.functions
    return [
        *_unknown("mortality.cause_group", (settings.mortality.cause_group,), groups),
        *_unknown("burden.lag", (settings.burden.lag,), lags),
        *_unknown("burden.concentration_response", asked, functions),
        *_repeated("burden.concentration_response", asked),
        *(
            _function_problems(settings, "attributable_deaths", asked, functions)
            or _function_problems(settings, "pm25_target_gain", asked[:1], functions)
            or _function_problems(settings, "pm25_by_district", asked[:1], functions)
        ),
    ]


def _function_problems(
    settings: Settings,
    metric: str,
    asked: tuple[str, ...],
    functions: Mapping[str, Mapping[str, str]],
) -> list[str]:
    """List what keeps functions from being those of the deaths which a metric attributes."""
    if metric not in settings.chosen_metrics:
        return []
    fitting = sorted(name for name, row in functions.items() if _is_of(metric, row))
    return [
        f"burden.concentration_response: {metric} needs a function of {_told_needs(metric)}, and"
        f" {name} is of {_told_function(functions[name])}; known are {', '.join(fitting)}"
        for name in asked
        if name in functions and name not in fitting
    ]


def _is_of(metric: str, function: Mapping[str, str]) -> bool:
    """Whether a function is of the deaths of a metric, and says from which exposure on."""
    of_deaths = ATTRIBUTABLE.items() <= function.items()
    return of_deaths and function["outcome"] in OUTCOMES[metric] and bool(function["cutoff"])


def _told_needs(metric: str) -> str:
    needs = {**ATTRIBUTABLE, "outcome": " or ".join(OUTCOMES[metric]), "cutoff": "0"}
    return f"{_told_function(needs)} that has a cutoff"


def _told_function(function: Mapping[str, str]) -> str:
    told = "{exposure} and {outcome} at ages {ages}".format_map(function)
    return told if function["cutoff"] else f"{told} without a cutoff"


def _disagreements(settings: Settings) -> list[str]:
    """All problems between keys that are each well-formed."""
    chosen = () if settings.metrics == "all" else settings.metrics
    authorities = () if settings.authorities == "all" else settings.authorities
    return [
        *_repeated("years", settings.years),
        *_repeated("include", settings.include),
        *_repeated("pollutants", settings.pollutants),
        *_unknown("pollutants", settings.pollutants, POLLUTANTS),
        *_repeated("metrics", chosen),
        *_unknown("metrics", chosen, catalogue.metrics()),
        *_repeated("authorities", authorities),
        *_place_problems(settings),
        *_source_problems(settings),
        *_pool_problems(settings),
        *_small_area_problems(settings),
        *_own_place_problems(settings),
        *_greenspace_problems(settings),
        *_repeated("green_cover.green_classes", settings.green_cover.green_classes or ()),
        *_green_cover_problems(settings),
        *_ndvi_problems(settings),
        *_health_problems(settings),
        *_need_problems(settings),
    ]


def from_mapping(config: Mapping[str, Any], file: str | Path | None = None) -> Settings:
    """Read the configuration.

    Raises
    ------
    ConfigError
        With every problem of its keys, one to a line; once each key is well-formed, with every
        problem between them.
    """
    try:
        settings = Settings.model_validate(dict(config))
        problems = _disagreements(settings)
    except ValidationError as error:
        problems = _shape_problems(error)
    if problems:
        raise ConfigError(
            f"{len(problems)} problem{'s' if len(problems) > 1 else ''} in the configuration:\n  "
            + "\n  ".join(problems),
            file=file,
            mend="Each key is described in config/schema.json.",
        )
    return settings


def schema_json() -> str:
    """Return config/schema.json: every key, with its kind, its bounds and what it means."""
    return json.dumps(Settings.model_json_schema(), indent=2) + "\n"
