from __future__ import annotations

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from healthycities import catalogue
from healthycities.errors import ConfigError
from healthycities.geography.register import as_at_of_register
from healthycities.health.causes import LEFT_OUT_OF_ALL
from healthycities.health.projection import LONGEST_YEARS
from healthycities.metrics.at_risk import YOUNGEST_AGE
from healthycities.settings import ATTRIBUTABLE, OUTCOMES, Settings, from_mapping, schema_json

CONFIG = Path(__file__).resolve().parents[1] / "config"
DEFAULT = CONFIG / "config.yaml"


@pytest.fixture
def config() -> dict[str, Any]:
    """Return the embedded configuration."""
    return dict(yaml.safe_load(DEFAULT.read_text(encoding="utf-8")))


def problems(config: dict[str, Any]) -> list[str]:
    """Return the problems of a configuration, one to a line of the message."""
    with pytest.raises(ConfigError) as error:
        from_mapping(config, file="my.yaml")
    first, *lines = str(error.value.problem).splitlines()
    assert first.startswith(f"{len(lines)} problem")
    assert str(error.value).startswith("my.yaml: ")
    return [line.strip() for line in lines]


def with_source(config: dict[str, Any], name: str, **entry: Any) -> dict[str, Any]:
    """Return a configuration with another entry for one source."""
    return {**config, "sources": {**config["sources"], name: entry}}


def own_standards(config: dict[str, Any], **own: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with standards of one's own."""
    return {**config, "greenspace": {**config["greenspace"], "own_standards": own}}


def without(config: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return a configuration without some sources."""
    kept = {name: one for name, one in config["sources"].items() if name not in names}
    return {**config, "sources": kept}


def test_a_run_of_districts_needs_no_small_areas(config: dict[str, Any]):
    """Neither boundaries nor lookup of small areas: districts are then the smallest areas."""
    gone = ("small_areas", "small_area_lookup", "deprivation")
    asked = {**without(config, *gone), "metrics": ["ncd_mortality"]}
    assert not from_mapping(asked).has_small_areas
    assert from_mapping(config).has_small_areas


def test_a_file_that_tells_its_years_needs_none_in_its_path(config: dict[str, Any]):
    """The Health Index holds all years; deaths, of which a file is one year, still need theirs."""
    given = with_source(config, "district_pm25", provider="file", path="health_index.csv")
    assert from_mapping(given).sources["district_pm25"].vintage is None
    bare = with_source(config, "deaths", provider="file", path="deaths.csv")
    assert "sources.deaths.path: holds no {year}" in problems(bare)[0]


# --- The embedded configuration ---


def test_the_embedded_configuration_is_valid(config: dict[str, Any]):
    """config.yaml has no problem, computes all that its sources allow, and says it is synthetic."""
    settings = from_mapping(config)
    assert settings.run_name == "demo_SYNTHETIC"
    assert settings.run_dir == "results/demo_SYNTHETIC"
    assert settings.geopackage_name == "healthycities_demo_SYNTHETIC.gpkg"
    left_out = {
        "green_cover",
        "measured_bias",
        "ndvi_target_deaths",
        "pm25_by_district",
        "residential_ndvi",
    }
    assert settings.chosen_metrics == tuple(sorted(set(catalogue.metrics()) - left_out))
    assert settings.authorities_as_at == datetime.date(2026, 9, 30)


def test_the_embedded_configuration_shows_every_key(config: dict[str, Any]):
    """Every key stands in config.yaml, and every source but those of one's own alone."""
    whole = json.loads(from_mapping(config).model_dump_json())
    assert set(config) == set(whole)
    for name in (
        "greenspace",
        "green_cover",
        "mortality",
        "burden",
        "demo",
        "compute",
        "downloads",
    ):
        assert set(config[name]) == set(whole[name])
    optional = {name for name, card in catalogue.sources().items() if card.optional}
    carrying = {"census_population", "small_area_changes"}
    of_ones_own = {"land_cover", "district_pm25", "local_measurements", "fingertips"}
    not_in_the_demo = of_ones_own | carrying
    assert set(config["sources"]) == set(catalogue.sources()) - not_in_the_demo
    assert optional == {"deprivation", "general_health"} | not_in_the_demo


def test_defaults_are_the_values_that_the_embedded_configuration_shows(config: dict[str, Any]):
    """A section that is left out is the one that config.yaml spells out.

    It shows several functions, which need deaths by more causes; the default is the first of them.
    """
    sections = (
        "greenspace",
        "green_cover",
        "mortality",
        "burden",
        "demo",
        "compute",
        "downloads",
        "metrics",
        "authorities",
    )
    bare = {key: value for key, value in config.items() if key not in sections}
    first, *_ = config["burden"]["concentration_response"]
    one = {**config, "burden": {**config["burden"], "concentration_response": first}}
    assert from_mapping(bare) == from_mapping(one)


def test_settings_are_fixed_once_read(config: dict[str, Any]):
    """A later step cannot change what an earlier one was told."""
    settings = from_mapping(config)
    with pytest.raises(ValidationError, match="frozen"):
        settings.run = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    "file", sorted(CONFIG.rglob("*.yaml")), ids=lambda file: file.relative_to(CONFIG).as_posix()
)
def test_every_configuration_that_is_shipped_is_valid(file: Path):
    """Each file of config/ can be run as it stands, its files being there."""
    shown = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert isinstance(from_mapping(shown, file), Settings)


def test_the_schema_is_in_step_with_the_code():
    """config/schema.json is what the code writes; `make generated` writes it again."""
    assert (CONFIG / "schema.json").read_text(encoding="utf-8") == schema_json()


def test_the_schema_describes_every_key():
    """Each key of each section has a sentence, and no section takes a key that is not known."""
    schema = json.loads(schema_json())
    for section in (schema, *schema["$defs"].values()):
        assert section["additionalProperties"] is False
        for key, content in section["properties"].items():
            assert content.get("description") or "$ref" in content, key


# --- The name of a run ---


@pytest.mark.parametrize(
    ("run", "provider", "name"),
    [
        ("mine", "demo", "mine_SYNTHETIC"),
        ("mine", "file", "mine"),
        ("SYNTHETIC_trial", "demo", "SYNTHETIC_trial"),
        ("SYNTHETIC", "file", "SYNTHETIC"),
        ("synthetic", "demo", "synthetic_SYNTHETIC"),
        ("mine", "copy", "mine_SYNTHETIC"),
    ],
)
def test_a_run_on_made_up_values_says_so_in_its_name(
    config: dict[str, Any], run: str, provider: str, name: str
):
    """SYNTHETIC is added as soon as one source is made up, or a copy of what is, and only once."""
    files = {
        source: {"provider": "file", "path": "x", "vintage": 2022} for source in config["sources"]
    }
    files["air_quality"] = {"provider": "file", "path": "{pollutant}_{year}.csv"}
    if provider == "demo":
        files["air_quality"] = {"provider": "demo"}
    if provider == "copy":
        files["deaths"] = {"provider": "file", "path": "copied/deaths_{year}_SYNTHETIC.csv"}
    settings = from_mapping({**config, "run": run, "sources": files})
    assert settings.run_name == name
    assert settings.run_dir == f"results/{name}"


@pytest.mark.parametrize("run", ["", "a b", "../up", "a/b", "-x", "é"])
def test_a_name_that_is_no_folder_is_refused(config: dict[str, Any], run: str):
    """The name of a run is the name of a folder and of a file."""
    assert problems({**config, "run": run}) == [
        f"run: string should match pattern '^[A-Za-z0-9][A-Za-z0-9_-]*$', found {run!r}"
    ]


# --- Metrics that all is without ---


def with_land_cover(config: dict[str, Any], **said: Any) -> dict[str, Any]:
    """Return a configuration with a raster, and what is green in it."""
    given = with_source(config, "land_cover", provider="file", path="lc.tif")
    return {**given, "green_cover": said}


def test_all_is_every_metric_whose_optional_sources_are_given(config: dict[str, Any]):
    """Without a raster `all` is without green cover, and says so; with one it is not."""
    without, given = (
        from_mapping(config),
        from_mapping(with_land_cover(config, green_classes=[10])),
    )
    assert without.left_out == {
        "green_cover": ("sources.land_cover",),
        "measured_bias": ("sources.local_measurements",),
        "ndvi_target_deaths": ("green_cover.ndvi_target", "sources.land_cover"),
        "pm25_by_district": ("sources.district_pm25",),
        "residential_ndvi": ("green_cover.ndvi_threshold", "sources.land_cover"),
    }
    assert given.left_out == {
        "measured_bias": ("sources.local_measurements",),
        "ndvi_target_deaths": ("green_cover.ndvi_target",),
        "pm25_by_district": ("sources.district_pm25",),
        "residential_ndvi": ("green_cover.ndvi_threshold",),
    }
    assert set(given.chosen_metrics) == set(without.chosen_metrics) | {"green_cover"}
    whole = with_land_cover(with_source(config, "district_pm25", provider="file", path="p.csv"))
    whole = with_source(whole, "local_measurements", provider="file", path="s.csv")
    both = from_mapping({**whole, "green_cover": {"ndvi_threshold": 0.4, "ndvi_target": 0.5}})
    assert both.left_out == {}
    assert both.chosen_metrics == tuple(sorted(catalogue.metrics()))


@pytest.mark.parametrize(
    ("source", "metric"),
    [
        ("deprivation", "exposure_inequality"),
        ("deprivation", "greenspace_inequality"),
        ("general_health", "healthy_life_expectancy"),
    ],
)
def test_all_is_without_what_rests_on_a_source_that_is_not_given(
    config: dict[str, Any], source: str, metric: str
):
    """Deprivation and general health are optional: without one `all` leaves out its metric."""
    sources = {name: one for name, one in config["sources"].items() if name != source}
    without = from_mapping({**config, "sources": sources})
    assert without.left_out.get(metric) == (f"sources.{source}",)
    assert metric not in without.chosen_metrics
    assert "air_quality" in without.chosen_metrics
    assert metric in from_mapping(config).chosen_metrics


def test_a_metric_that_is_named_is_never_left_out(config: dict[str, Any]):
    """Whoever asks for green cover by name, and gives no raster, is told."""
    asked = {**config, "metrics": ["green_cover"], "green_cover": {"green_classes": [10]}}
    assert problems(asked) == ["metrics: green_cover needs sources.land_cover"]


def test_a_target_alone_says_that_the_raster_is_one_of_ndvi(config: dict[str, Any]):
    """Deaths by NDVI need no word on what is green; the way around homes is the function's."""
    asked = {**with_land_cover(config, ndvi_target=0.5), "metrics": ["ndvi_target_deaths"]}
    cover = from_mapping(asked).green_cover
    assert cover.of_ndvi
    assert cover.ndvi_buffer_m == 500
    assert not from_mapping(with_land_cover(config, green_classes=[10])).green_cover.of_ndvi


def test_what_is_green_is_not_asked_of_a_run_without_the_metric(config: dict[str, Any]):
    """A raster that no metric of the run uses needs no word on what is green in it."""
    assert from_mapping({**with_land_cover(config), "metrics": ["air_quality"]})


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ({"green_classes": []}, "green_cover.green_classes: list should have at least 1 item"),
        ({"green_classes": ["a"]}, "green_cover.green_classes.0: input should be a valid integer"),
        ({"green_classes": [1.5]}, "green_cover.green_classes.0: input should be a valid integer"),
        ({"ndvi_threshold": 1}, "green_cover.ndvi_threshold: input should be less than 1"),
        ({"ndvi_threshold": -1}, "green_cover.ndvi_threshold: input should be greater than -1"),
        ({"ndvi_target": 1}, "green_cover.ndvi_target: input should be less than 1"),
    ],
)
def test_what_is_green_is_whole_numbers_or_an_ndvi(
    config: dict[str, Any], said: dict[str, Any], problem: str
):
    """No class, half a class, and an NDVI that all land or none is above are refused."""
    (told,) = problems(with_land_cover(config, **said))
    assert told.startswith(problem)


# --- Parts ---


def test_parts_are_json_with_sorted_keys(config: dict[str, Any]):
    """The text of a part does not depend on the order of the file, and its keys are sorted."""
    turned = dict(reversed(list(config.items())))
    turned["demo"] = dict(reversed(list(config["demo"].items())))
    asked = ("demo", "years", "authorities_as_at", "greenspace.sizes_ha")
    first, second = from_mapping(config), from_mapping(turned)
    assert first.part(*asked) == second.part(*asked) == first.part(*reversed(asked))
    assert first.part(*asked) == (
        '{"authorities_as_at": "2026-09-30", "demo": {"scale": 0.1, "seed": 2026}, '
        '"greenspace.sizes_ha": [0.0, 0.5, 2.0, 10.0, 20.0, 100.0], "years": [2022, 2023]}'
    )


def test_a_part_changes_with_its_keys_only(config: dict[str, Any]):
    """A changed key changes the parts that hold it, and no other."""
    before = from_mapping(config)
    own = {"near": {"min_area_ha": 2, "max_distance_m": 500}}
    after = from_mapping({**config, "greenspace": {**config["greenspace"], "own_standards": own}})
    assert before.part("greenspace.used_standards") != after.part("greenspace.used_standards")
    assert before.part("greenspace") != after.part("greenspace")
    for others in (("greenspace.sizes_ha",), ("demo", "years"), ("sources",)):
        assert before.part(*others) == after.part(*others)


def test_standards_of_access_come_in_the_order_asked_for(config: dict[str, Any]):
    """Published ones come first, then one's own, which is a row like theirs."""
    own = {"near_2ha": {"min_area_ha": 3, "max_distance_m": 500, "distance_kind": "walk"}}
    asked = {"standards": ["district", "who_300m"], "own_standards": own}
    used = from_mapping({**config, "greenspace": asked}).greenspace.used_standards
    assert [row["standard_id"] for row in used] == ["district", "who_300m", "near_2ha"]
    assert {frozenset(row) for row in used} == {frozenset(used[0])}
    assert [row["min_area_ha"] for row in used] == [100, 0.5, 3]
    assert used[2]["name"] == "Near 2ha"


def test_each_size_of_site_is_asked_for_once(config: dict[str, Any]):
    """Sizes of all standards, and of those that ask for a walk, ascending and without repeats."""
    asked = {"standards": ["local", "doorstep", "who_300m", "district"]}
    greenspace = from_mapping({**config, "greenspace": asked}).greenspace
    assert greenspace.sizes_ha == [0.5, 2, 100]
    assert greenspace.walk_sizes_ha == [0.5, 2]


def test_without_sites_standards_of_any_size_may_stand(config: dict[str, Any]):
    """Where access points do not say which site they lead to, a size of 0 ha can be held."""
    given = {k: v for k, v in config["sources"].items() if k != "greenspace_sites"}
    asked = {"standards": ["eip_15_minutes"]}
    metrics = ["greenspace_access", "greenspace_walk"]
    assert from_mapping({**config, "sources": given, "greenspace": asked, "metrics": metrics})


def test_a_source_is_told_how_to_read_and_no_more(config: dict[str, Any]):
    """The part of a source follows its own reading and the date, not its name or licence."""
    entry = {"provider": "file", "path": "d_{year}.csv", "columns": {"OBS_VALUE": "n", "A": "b"}}
    before = from_mapping(with_source(config, "deaths", **entry))
    assert json.loads(before.source_part("deaths")) == {
        "as_at": "2026-09-30",
        "columns": {"A": "b", "OBS_VALUE": "n"},
        "crs": None,
        "divides": False,
        "layer": None,
        "vintage": None,
    }
    named = from_mapping({**with_source(config, "deaths", **entry, licence="mine"), "run": "x"})
    assert named.source_part("deaths") == before.source_part("deaths")
    moved = from_mapping(
        {**with_source(config, "deaths", **entry), "authorities_as_at": "2024-01-01"}
    )
    assert moved.source_part("deaths") != before.source_part("deaths")


@pytest.mark.parametrize("scheduler", ["processes", "synchronous", "tcp://127.0.0.1:8786"])
def test_where_it_is_computed_changes_nothing(config: dict[str, Any], scheduler: str):
    """The whole configuration, as a job is told it, leaves the scheduler out."""
    far = {**config, "compute": {"scheduler": scheduler}}
    assert from_mapping(far).whole() == from_mapping(config).whole()
    assert from_mapping({**config, "run": "x"}).whole() != from_mapping(config).whole()


def test_what_may_be_used_is_used_where_it_is_given(config: dict[str, Any]):
    """A card's optional needs count when the configuration has the sources behind them."""
    card = catalogue.OverlapCard(
        title="x", needs=("districts",), may_use=("greenspace_sites", "not_there")
    )
    assert from_mapping(config).uses(card) == ("districts", "greenspace_sites")


def test_a_star_stands_for_the_files_that_are_there(config: dict[str, Any], tmp_path: Path):
    """Paths are below data_dir, with the year filled in; those of a star come sorted."""
    for name in ("b_2022.csv", "a_2022.csv", "a_2023.csv"):
        (tmp_path / name).touch()
    here = {**with_source(config, "deaths", provider="file", path="*_{year}.csv")}
    settings = from_mapping({**here, "data_dir": str(tmp_path)})
    found = settings.raw_paths("deaths", 2022)
    assert [Path(path).name for path in found] == ["a_2022.csv", "b_2022.csv"]
    assert settings.raw_paths("deaths", 2024) == ()
    one = from_mapping(with_source(config, "deaths", provider="file", path="d_{year}.csv"))
    assert one.raw_paths("deaths", 2022) == ("data/d_2022.csv",)


@pytest.mark.parametrize("folder", ["d[a]ta", "d?ta", "d*ta", "my data", "*"])
@pytest.mark.parametrize("path", ["a[b]_*_{year}.csv", "a?*_{year}.csv", "[!x]*{year}.csv"])
def test_only_a_star_of_a_path_stands_for_anything(
    config: dict[str, Any], tmp_path: Path, folder: str, path: str
):
    """Brackets, question marks and stars of data_dir are parts of names; a folder is no file."""
    own, other = tmp_path / folder, tmp_path / "data"
    for place in {own, other}:
        place.mkdir()
    name = path.format(year=2022)
    for place in (own, other):
        for middle in ("1", "2"):
            (place / name.replace("*", middle)).touch()
        (place / "ab_1_2022.csv").touch()
    (own / name.replace("*", "3")).mkdir()
    here = with_source(config, "deaths", provider="file", path=path)
    settings = from_mapping({**here, "data_dir": str(own)})
    found = [str(own / name.replace("*", middle)) for middle in ("1", "2")]
    assert settings.raw_paths("deaths", 2022) == tuple(found)
    assert settings.raw_pattern("deaths", 2022) == f"{own}/{name}"


@pytest.mark.parametrize("path", ["d[a]_{year}.csv", "d?_{year}.csv"])
def test_a_path_without_a_star_is_one_file(config: dict[str, Any], path: str):
    """It is given as it stands, there or not, so that it can be named where it is lost."""
    settings = from_mapping(
        {**with_source(config, "deaths", provider="file", path=path), "data_dir": "/d[a]ta"}
    )
    assert settings.raw_paths("deaths", 2022) == (f"/d[a]ta/{path.format(year=2022)}",)


# --- Problems ---


def test_every_ill_formed_key_is_told_in_one_go(config: dict[str, Any]):
    """Keys that are unknown, absent, of the wrong kind or out of bounds come in one message."""
    broken = {
        **config,
        "run": "a b",
        "years": [1999, "x"],
        "metrics": 5,
        "authorities": [],
        "authorities_as_at": "yesterday",
        "sources": {"deaths": {"provider": "web"}, "population": {}},
        "greenspace": {"radius": 3, "own_standards": {"Big": {}}, "public_functions": []},
        "mortality": {"confidence": 95},
        "demo": {"scale": 0},
        "compute": {"scheduler": "slurm"},
        "colour": "green",
    }
    del broken["data_dir"]  # has a default
    told = problems(broken)
    assert [line.partition(": ")[0] for line in told] == [
        "authorities",
        "authorities_as_at",
        "colour",
        "compute.scheduler",
        "demo.scale",
        "greenspace.own_standards.Big.[key]",
        "greenspace.own_standards.Big.max_distance_m",
        "greenspace.own_standards.Big.min_area_ha",
        "greenspace.public_functions",
        "greenspace.radius",
        "metrics",
        "metrics",
        "mortality.confidence",
        "run",
        "sources.deaths.provider",
        "sources.population.provider",
        "years.0",
        "years.1",
    ]
    assert "colour: unknown key" in told
    assert "sources.population.provider: this key is required" in told
    assert "mortality.confidence: input should be less than 1, found 95" in told
    assert (
        "sources.deaths.provider: input should be 'demo', 'file' or 'official', found 'web'" in told
    )


def test_keys_without_a_default_are_required():
    """An empty configuration is told what it must say, and where keys are described."""
    with pytest.raises(ConfigError, match=r"Each key is described in config/schema\.json\.$"):
        from_mapping({})
    assert problems({}) == [f"{key}: this key is required" for key in ("run", "sources", "years")]


def test_the_map_is_that_of_the_register_where_no_date_is_given(config: dict[str, Any]):
    """Left out, the date is the register's, which no clock and none of the years can move."""
    told = {**config, "years": [2011, 2025]}
    del told["authorities_as_at"]
    assert from_mapping(told).authorities_as_at == as_at_of_register()


def test_planned_authorities_are_included_by_a_key(config: dict[str, Any]):
    """By default none is; asked for, one may be named, alone or beside those that stand."""
    assert from_mapping(config).include == ()
    both = ["greater_essex", "greater_london"]
    assert from_mapping({**config, "include": ["planned"], "authorities": both}).authorities


@pytest.mark.parametrize("value", [["demo"], {"demo": 1}, None, 5])
def test_a_value_of_another_kind_is_a_problem_and_no_crash(config: dict[str, Any], value: Any):
    """A list, a section, nothing or a number where a word is expected is told by its key."""
    for key, place in (("run", "run"), ("compute", "compute"), ("metrics", "metrics")):
        if not (key == "metrics" and value == ["demo"]):
            assert all(line.startswith(place) for line in problems({**config, key: value}))
    told = problems(with_source(config, "deaths", provider=value))
    assert [line.partition(": ")[0] for line in told] == ["sources.deaths.provider"]


DISAGREEMENTS: dict[str, tuple[Callable[[dict[str, Any]], dict[str, Any]], str]] = {
    "year twice": (lambda c: {**c, "years": [2022, 2022]}, "years: 2022 is given twice"),
    "pollutant twice": (
        lambda c: {**c, "pollutants": ["pm25", "no2", "pm10", "pm25"]},
        "pollutants: pm25 is given twice",
    ),
    "authority twice": (
        lambda c: {**c, "authorities": ["cumbria", "cumbria"]},
        "authorities: cumbria is given twice",
    ),
    "pollutant": (
        lambda c: {**c, "pollutants": ["pm25", "pm10", "no2", "lead"]},
        "pollutants: unknown name 'lead'; known are no2, ",
    ),
    "metric": (
        lambda c: {**c, "metrics": ["happiness"]},
        "metrics: unknown name 'happiness'; known are ",
    ),
    "authority": (
        lambda c: {**c, "authorities": ["greater_manchestr"]},
        "authorities: 'greater_manchestr' is not an authority; nearest known: greater_manchester",
    ),
    "authority of another date": (
        lambda c: {**c, "authorities": ["cumbria"], "authorities_as_at": "2024-06-01"},
        "authorities: 'cumbria' is established on 2026-02-24, after 2024-06-01",
    ),
    "planned authority": (
        lambda c: {**c, "authorities": ["greater_essex"]},
        "authorities: 'greater_essex' is planned and does not stand; `include: [planned]`",
    ),
    "included twice": (
        lambda c: {**c, "include": ["planned", "planned"]},
        "include: planned is given twice",
    ),
    "included unknown": (
        lambda c: {**c, "include": ["abolished"]},
        "include.0: input should be 'planned', found 'abolished'",
    ),
    "day whose districts are not known": (
        lambda c: {**c, "authorities_as_at": "2027-04-01"},
        "authorities_as_at: the districts of England are known from 2011-01-01 to 2027-03-31",
    ),
    "date": (
        lambda c: {**c, "authorities_as_at": "2031-01-01"},
        "authorities_as_at: the districts of England are known from 2011-01-01 to 2027-03-31",
    ),
    "lookup alone": (
        lambda c: without(c, "small_areas", "deprivation"),
        "sources.small_area_lookup: needs sources.small_areas beside it",
    ),
    "deciles of no small areas": (
        lambda c: without(c, "small_areas", "small_area_lookup"),
        "sources.deprivation: needs sources.small_area_lookup, sources.small_areas beside it",
    ),
    "metric of no small areas": (
        lambda c: without(c, "small_areas", "small_area_lookup", "deprivation"),
        "metrics: attributable_deaths needs sources.small_area_lookup, sources.small_areas",
    ),
    "share of mortality by a function of other deaths": (
        lambda c: {
            **with_source(c, "district_pm25", provider="file", path="p.csv"),
            "metrics": ["pm25_by_district"],
            "burden": {"concentration_response": "hrapie2013_pm25"},
        },
        "burden.concentration_response: pm25_by_district needs a function of pm25 and ",
    ),
    "group of causes": (
        lambda c: {**c, "mortality": {"cause_group": "ncd9"}},
        "mortality.cause_group: unknown name 'ncd9'; known are cancer, ",
    ),
    "function": (
        lambda c: {**c, "burden": {"concentration_response": "none"}},
        "burden.concentration_response: unknown name 'none'; known are ",
    ),
    "function of another pollutant": (
        lambda c: {**c, "burden": {"concentration_response": "comeap2018_no2"}},
        "burden.concentration_response: attributable_deaths needs a function of pm25 and all-cause"
        " mortality or all natural-cause mortality at ages 30+ that has a cutoff, and"
        " comeap2018_no2 is of no2 and all-cause mortality at ages 30+; known are comeap2022_pm25,"
        " eea_pm25, hrapie2013_pm25",
    ),
    "function of other deaths": (
        lambda c: {**c, "burden": {"concentration_response": "hrapie2013_pm25"}},
        "burden.concentration_response: pm25_target_gain needs a function of pm25 and all-cause"
        " mortality at ages 30+ that has a cutoff, and hrapie2013_pm25 is of pm25 and all"
        " natural-cause mortality at ages 30+; known are comeap2022_pm25",
    ),
    "function without a cutoff": (
        lambda c: {**c, "burden": {"concentration_response": ["comeap2022_pm25", "elapse_pm25"]}},
        ", and elapse_pm25 is of pm25 and all natural-cause mortality at ages 30+ without a cutoff",
    ),
    "superseded function": (
        lambda c: {**c, "burden": {"concentration_response": ["eea_pm25", "comeap2009_pm25"]}},
        " comeap2009_pm25 is of pm25_anthropogenic and all-cause mortality at ages 30+; known are ",
    ),
    "function twice": (
        lambda c: {**c, "burden": {"concentration_response": ["eea_pm25", "eea_pm25"]}},
        "burden.concentration_response: eea_pm25 is given twice",
    ),
    "lag": (
        lambda c: {**c, "burden": {"lag": "ten"}},
        "burden.lag: unknown name 'ten'; known are epa, linear_5, none",
    ),
    "function of other ages": (
        lambda c: {**c, "burden": {"concentration_response": "rojas_rueda2019_ndvi"}},
        " at ages adults without a cutoff; known are ",
    ),
    "source": (
        lambda c: with_source(c, "noise", provider="demo"),
        "sources: unknown name 'noise'; known are air_quality, ",
    ),
    "path needed": (
        lambda c: with_source(c, "deaths", provider="file"),
        "sources.deaths.path: provider file needs a path",
    ),
    "path not needed": (
        lambda c: with_source(c, "districts", provider="demo", path="x.gpkg"),
        "sources.districts.path: provider demo takes no path",
    ),
    "year needed": (
        lambda c: with_source(c, "deaths", provider="file", path="deaths.csv"),
        "sources.deaths.path: holds no {year}; say in vintage which year its values are of",
    ),
    "year denied": (
        lambda c: with_source(c, "deaths", provider="file", path="d_{year}.csv", vintage=2022),
        "sources.deaths.path: holds {year}, which vintage denies; leave one of them out",
    ),
    "year not needed": (
        lambda c: with_source(c, "districts", provider="file", path="d_{year}.gpkg"),
        "sources.districts.path: is one file for all years and takes no {year}",
    ),
    "pollutant needed": (
        lambda c: with_source(c, "air_quality", provider="file", path="air_{year}.csv"),
        "sources.air_quality.path: holds no {pollutant}, and so is one file for pm25, pm10, no2",
    ),
    "pollutant not needed": (
        lambda c: with_source(c, "deaths", provider="file", path="{pollutant}_{year}.csv"),
        "sources.deaths.path: is of no pollutant and takes no {pollutant}",
    ),
    "pollutants needed": (lambda c: {**c, "pollutants": []}, " needs at least one"),
    "sites needed": (
        lambda c: {
            **c,
            "sources": {k: v for k, v in c["sources"].items() if k != "greenspace_sites"},
        },
        "greenspace.standards: who_300m asks for sites of 0.5 ha or more and so needs"
        " sources.greenspace_sites",
    ),
    "standard": (
        lambda c: {**c, "greenspace": {"standards": ["doorstop"]}},
        "greenspace.standards: unknown name 'doorstop'; known are district, doorstep, ",
    ),
    "standard twice": (
        lambda c: {**c, "greenspace": {"standards": ["local", "local"]}},
        "greenspace.standards: local is given twice",
    ),
    "own standard of a published name": (
        lambda c: own_standards(c, local={"min_area_ha": 1, "max_distance_m": 1}),
        "greenspace.own_standards.local: is the name of a published standard",
    ),
    "standards needed": (
        lambda c: {**c, "greenspace": {"standards": []}},
        "greenspace.standards: greenspace_access needs at least one",
    ),
    "a leading standard needed": (
        lambda c: {**c, "greenspace": {"standards": []}, "metrics": ["greenspace_inequality"]},
        "greenspace.standards: greenspace_inequality needs at least one",
    ),
    "walks needed": (
        lambda c: {**c, "greenspace": {"standards": ["who_300m", "district"]}},
        "greenspace.standards: greenspace_walk needs at least one with a distance_kind of walk",
    ),
    "nothing green": (
        lambda c: with_land_cover(c),
        "green_cover: needs one of green_classes, for a raster of classes, and ndvi_threshold, for"
        " one of NDVI; found neither",
    ),
    "two things green": (
        lambda c: with_land_cover(c, green_classes=[10], ndvi_threshold=0.4),
        "one of NDVI; found both",
    ),
    "class twice": (
        lambda c: with_land_cover(c, green_classes=[10, 30, 10]),
        "green_cover.green_classes: 10 is given twice",
    ),
    "green without a raster": (
        lambda c: {**c, "green_cover": {"ndvi_threshold": 0.4}},
        "green_cover: says what is green, and so needs sources.land_cover",
    ),
    "a target without a raster": (
        lambda c: {**c, "green_cover": {"ndvi_target": 0.5}},
        "green_cover.ndvi_target: needs sources.land_cover, a raster of NDVI",
    ),
    "a target for classes": (
        lambda c: with_land_cover(c, green_classes=[10], ndvi_target=0.5),
        "green_cover.green_classes: is of a raster of classes, and ndvi_target_deaths of one of"
        " NDVI; a function of NDVI says nothing of classes or of a share of green land",
    ),
    "NDVI around homes of classes": (
        lambda c: {**with_land_cover(c, green_classes=[10]), "metrics": ["residential_ndvi"]},
        "green_cover.green_classes: is of a raster of classes, and residential_ndvi of one of NDVI",
    ),
    "deaths without a target": (
        lambda c: {**with_land_cover(c), "metrics": ["ndvi_target_deaths"]},
        "green_cover.ndvi_target: ndvi_target_deaths needs one",
    ),
    "a function of PM2.5 for NDVI": (
        lambda c: with_land_cover(
            c, ndvi_threshold=0.4, ndvi_target=0.5, concentration_response="comeap2022_pm25"
        ),
        "green_cover.concentration_response: needs a function of ndvi around homes that protects,"
        " and comeap2022_pm25 is of pm25 and all-cause mortality at ages 30+; known are"
        " rojas_rueda2019_ndvi",
    ),
    "an unknown function of NDVI": (
        lambda c: {**c, "green_cover": {"concentration_response": "none"}},
        "green_cover.concentration_response: unknown name 'none'; known are ",
    ),
    "source of a metric": (
        lambda c: {**c, "sources": {k: v for k, v in c["sources"].items() if k != "deaths"}},
        " needs sources.deaths",
    ),
}


@pytest.mark.parametrize("case", DISAGREEMENTS)
def test_keys_that_deny_each_other_are_told(config: dict[str, Any], case: str):
    """Each kind of disagreement is told by its key, what is wrong and what is known."""
    change, expected = DISAGREEMENTS[case]
    assert any(expected in line for line in problems(change(config)))


def test_all_disagreements_are_told_in_one_go(config: dict[str, Any]):
    """Changes that are each wrong are told together, once for each."""
    broken = config
    for case in ("year twice", "authority", "group of causes", "function", "path needed", "source"):
        broken = DISAGREEMENTS[case][0](broken)
    assert [line.partition(":")[0] for line in problems(broken)] == [
        "years",
        "authorities",
        "sources",
        "sources.deaths.path",
        "mortality.cause_group",
        "burden.concentration_response",
    ]


@pytest.mark.parametrize(
    "path",
    [
        *("{month}", "{}", "{0}", "{year", "{year.real}", "{year[0]}", "{year:>9}", "{year!r}"),
        *("{{month}}", "{{", "}}"),
    ],
)
def test_only_two_words_may_stand_in_braces(config: dict[str, Any], path: str):
    """Anything else in braces is a problem of the configuration, and no crash of a later step."""
    told = problems(with_source(config, "deaths", provider="file", path=path, vintage=2022))
    said = "sources.deaths.path: only {year} and {pollutant} may stand in braces"
    assert said in told


@pytest.mark.parametrize("key", ["data_dir", "results_dir"])
@pytest.mark.parametrize("folder", ["", "/tmp/{x}raw", "a}b", "a<results>"])
def test_a_folder_that_the_workflow_would_fill_in_is_refused(
    config: dict[str, Any], key: str, folder: str
):
    """Snakemake takes what stands in braces for a wildcard, and knows no way to say otherwise."""
    assert problems({**config, key: folder}) == [
        f"{key}: string should match pattern '^[^{{}}<>]+$', found {folder!r}"
    ]


def test_a_path_that_the_workflow_would_fill_in_is_refused(config: dict[str, Any]):
    """A name in angles is one of Snakemake's own."""
    told = problems(with_source(config, "deaths", provider="file", path="<raw>_{year}.csv"))
    assert told == ["sources.deaths.path: takes no < or >"]


def test_a_function_is_judged_for_the_metric_that_uses_it(config: dict[str, Any]):
    """Where no deaths are attributed, any function of the table may stand."""
    other = {**config, "burden": {"concentration_response": "comeap2018_no2"}}
    assert from_mapping({**other, "metrics": ["ncd_mortality"]})
    told = problems({**other, "metrics": ["attributable_deaths"]})
    assert [line.partition(":")[0] for line in told] == ["burden.concentration_response"]


def test_the_deaths_of_a_function_are_those_that_the_metric_counts():
    """The ages asked of a function are those from which the metrics count deaths."""
    assert ATTRIBUTABLE["ages"] == f"{YOUNGEST_AGE}+"
    assert {one for outcomes in OUTCOMES.values() for one in outcomes} == set(LEFT_OUT_OF_ALL)


def test_one_function_is_a_list_of_one(config: dict[str, Any]):
    """A word and a list are both read; the first leads."""
    one = from_mapping({**config, "burden": {"concentration_response": "comeap2022_pm25"}}).burden
    assert (one.functions, one.leading) == (("comeap2022_pm25",), "comeap2022_pm25")
    several = from_mapping(config).burden
    assert several.functions == ("comeap2022_pm25", "hrapie2013_pm25", "eea_pm25")
    assert several.leading == "comeap2022_pm25"


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("concentration_response", [], "tuple"),
        ("concentration_response", ["eea_pm25", 5], "1: input should be a valid string, found 5"),
        ("draws", 10, "input should be greater than or equal to 100, found 10"),
        ("seed", 2**32, "input should be less than 4294967296, found 4294967296"),
        ("target_ugm3", 0, "input should be greater than 0, found 0"),
        ("horizon_years", 1, "input should be greater than or equal to 2, found 1"),
        ("horizon_years", LONGEST_YEARS + 1, f"less than or equal to {LONGEST_YEARS}, found 106"),
    ],
)
def test_keys_of_burden_are_bounded(config: dict[str, Any], key: str, value: Any, told: str):
    """Each is told once, by its place."""
    (found,) = problems({**config, "burden": {key: value}})
    assert found.startswith(f"burden.{key}")
    assert told.replace("tuple", "list") in found


def test_one_pollutant_needs_no_word_in_its_path(config: dict[str, Any]):
    """Where there is one pollutant, its file need not be told apart from another's."""
    one = {**config, "pollutants": ["pm25"]}
    told = from_mapping(with_source(one, "air_quality", provider="file", path="air_{year}.csv"))
    assert told.raw_pattern("air_quality", 2022, "pm25") == "data/air_2022.csv"


CARRYING = {"census_population": "c.csv", "small_area_changes": "s.csv"}


def carrying(config: dict[str, Any], as_at: str, *given: str) -> Settings:
    """Return the settings of a run as at a date, with some sources that carry others."""
    sources = {name: {"provider": "file", "path": CARRYING[name]} for name in given}
    whole = {**config, "authorities_as_at": as_at, "sources": {**config["sources"], **sources}}
    return from_mapping(whole)


def test_districts_are_divided_only_where_newer_ones_may_come(config: dict[str, Any]):
    """At a date before a merger, and with people to divide by, weights carry deaths and people."""
    deaths = catalogue.metrics()["ncd_mortality"]
    for as_at, given, found in (
        ("2022-12-31", ("census_population",), ("district_parts",)),
        ("2022-12-31", (), ()),
        ("2026-09-30", ("census_population",), ()),
    ):
        settings = carrying(config, as_at, *given)
        assert settings.divides_districts == bool(found)
        assert settings.uses(deaths) == (*deaths.needs, *found)
        assert json.loads(settings.source_part("deaths"))["divides"] == bool(found)
        assert not json.loads(settings.source_part("districts"))["divides"]


def test_small_areas_of_another_census_are_carried_where_the_changes_are_given(
    config: dict[str, Any],
):
    """What needs the people of small areas then uses the weights; what needs none does not."""
    settings = carrying(config, "2026-09-30", "small_area_changes")
    area, deaths = (catalogue.metrics()[name] for name in ("greenspace_area", "ncd_mortality"))
    assert "small_area_parts" in settings.uses(area)
    assert settings.uses(deaths) == deaths.needs


def test_deaths_of_one_year_are_not_those_of_several(config: dict[str, Any]):
    """One file of deaths for all years cannot be pooled; people of one year may stand in."""
    one = {"provider": "file", "path": "one.csv", "vintage": 2022}
    sources = {**config["sources"], "population": one}
    mortality = {**config["mortality"], "pooled_years": 3}
    from_mapping({**config, "sources": sources, "mortality": mortality})
    asked = {**config, "sources": {**sources, "deaths": one}}
    from_mapping(asked)
    told = r"sources\.deaths\.vintage: deaths of 2022 alone are not those of 3 years"
    with pytest.raises(ConfigError, match=told):
        from_mapping({**asked, "mortality": mortality})


@pytest.mark.parametrize(("together", "first"), [(1, 2022), (3, 2020)])
def test_earlier_years_are_taken_of_what_is_pooled(
    config: dict[str, Any], together: int, first: int
):
    """With three years together deaths and people of 2020 are needed for 2022, and no air."""
    mortality = {**config["mortality"], "pooled_years": together}
    settings = from_mapping({**config, "years": [2022, 2023], "mortality": mortality})
    for source in ("deaths", "population"):
        assert settings.data_years(source) == tuple(range(first, 2024))
    assert settings.data_years("air_quality") == (2022, 2023)
    card = catalogue.metrics()["life_expectancy"]
    assert list(settings.pooled_years(card, "deaths", 2023)) == list(range(first + 1, 2024))
    assert list(settings.pooled_years(card, "areas", 2023)) == [2023]


# --- Places of one's own ---


def with_places(config: dict[str, Any], **places: dict[str, Any]) -> dict[str, Any]:
    """Return a configuration with sets of places."""
    return {**config, "places": places}


def test_every_metric_of_areas_takes_the_places_that_are_given(config: dict[str, Any]):
    """Without places no job has them among its inputs, and nothing is reported of them."""
    card = catalogue.metrics()["ncd_mortality"]
    assert "places" not in from_mapping(config).uses(card)
    given = from_mapping(with_places(config, boards={"path": "boards.csv"}))
    for name in given.chosen_metrics:
        assert "places" in given.uses(catalogue.metrics()[name])
    assert "places" not in given.uses(catalogue.overlaps()["small_area_cells"])
    assert given.places_path("boards") == "data/boards.csv"


def test_a_set_is_told_how_to_read_and_no_more(config: dict[str, Any]):
    """Another title reads no file again; another column does."""
    entry = {"path": "boards.csv", "columns": {"place_code": "ICB23CD"}}
    one, titled, other = (
        from_mapping(with_places(config, boards=changed_entry))
        for changed_entry in (entry, {**entry, "title": "Boards"}, {**entry, "columns": {}})
    )
    assert one.places_part("boards") == titled.places_part("boards")
    assert one.places_part("boards") != other.places_part("boards")
    assert json.loads(one.places_part("boards"))["as_at"] == "2026-09-30"


@pytest.mark.parametrize(
    ("places", "told"),
    [
        (
            {"region": {"path": "a.csv"}},
            "places.region: is the name of a level, a layer or a table",
        ),
        ({"regions": {"path": "a.csv"}}, "places.regions: is the name of a level"),
        ({"measures": {"path": "a.csv"}}, "places.measures: is the name of a level"),
        ({"My": {"path": "a.csv"}}, "places.My"),
        ({"mine": {}}, "places.mine.path: this key is required"),
        ({"mine": {"path": "a.csv", "assign": "area"}}, "places.mine.assign: is for outlines"),
        ({"mine": {"path": "a.csv", "kind": 1}}, "places.mine.kind: unknown key"),
    ],
)
def test_a_set_that_cannot_be_is_told(config: dict[str, Any], places: dict[str, Any], told: str):
    """A name that is taken or is none, no path, and outlines' words said of a list."""
    assert any(told in problem for problem in problems(with_places(config, **places)))


def test_outlines_need_small_areas(config: dict[str, Any]):
    """A run of districts takes lists of these; by area no centroids are needed."""
    of_districts = {
        **without(config, "small_areas", "small_area_lookup", "deprivation"),
        "metrics": ["ncd_mortality"],
    }
    drawn = with_places(of_districts, mine={"path": "a.gpkg"})
    assert problems(drawn) == [
        "places.mine: outlines need sources.small_area_lookup, sources.small_areas"
    ]
    assert from_mapping(with_places(of_districts, mine={"path": "a.csv"})).places["mine"].is_list
    bare = {**without(config, "centroids"), "metrics": ["ncd_mortality"]}
    assert problems(with_places(bare, mine={"path": "a.gpkg"})) == [
        "places.mine: outlines need sources.centroids"
    ]
    from_mapping(with_places(bare, mine={"path": "a.gpkg", "assign": "area"}))


def test_places_that_are_made_up_make_the_run_synthetic(config: dict[str, Any]):
    """A file of places that says so in its name marks the run as any other does."""
    own = {name: {"provider": "file", "path": "x_{year}.csv"} for name in ("deaths", "population")}
    districts = {"districts": {"provider": "file", "path": "d.gpkg"}}
    bare = {**config, "sources": {**own, **districts}, "metrics": ["ncd_mortality"]}
    assert not from_mapping(with_places(bare, mine={"path": "a.csv"})).synthetic
    assert from_mapping(with_places(bare, mine={"path": "a_SYNTHETIC.csv"})).synthetic
