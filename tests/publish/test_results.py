from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from tests.publish.conftest import (
    CODE_OF,
    DEVON,
    ENGLAND,
    MEASURES,
    NOT_USED,
    SOURCES_OF,
    TEES,
    TOO_FEW,
    A,
    B,
    C,
    Run,
    air,
    areas,
    measure_rows,
    mortality,
)

import healthycities
from healthycities import fields
from healthycities.errors import (
    AlignmentError,
    CrsError,
    GeometryError,
    HealthycitiesError,
    RegisterError,
    SchemaError,
    SourceError,
)
from healthycities.libraries import package_versions
from healthycities.publish.assemble import assemble
from healthycities.publish.dictionary import layer_descriptions
from healthycities.publish.guide import Guide, credits_of
from healthycities.settings import SourceSettings

LAYERS = ["authorities", "districts", "small_areas", "england"]


def layer(run: Run, name: str) -> gpd.GeoDataFrame:
    """Return a layer by area code."""
    return gpd.read_file(run.package, layer=name).set_index("area_code")


def table(run: Run, name: str) -> pd.DataFrame:
    """Return a table without geometry."""
    return pyogrio.read_dataframe(run.package, layer=name)


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file of a folder."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def test_publishes_five_files_and_no_other(run: Run):
    """The folder of a run holds the five results, under names that say SYNTHETIC."""
    assert sorted(file.name for file in run.publish().iterdir()) == [
        "healthycities_test_SYNTHETIC.gpkg",
        "measures.csv",
        "measures.parquet",
        "provenance.json",
        "report.html",
    ]


def test_package_has_a_layer_for_each_level_and_three_tables(run: Run):
    """Four layers of MultiPolygons and three tables, in this order."""
    run.publish()
    assert pyogrio.list_layers(run.package).tolist() == [
        *([name, "MultiPolygon"] for name in LAYERS),
        ["measures", None],
        ["authority_years", None],
        ["dictionary", None],
    ]
    for name in LAYERS:
        assert pyogrio.read_info(run.package, layer=name)["crs"] == "EPSG:27700"


def test_a_part_of_england_has_no_layer_of_england(run: Run):
    """The layer england is left out where the run does not cover every district."""
    run.areas = areas(all_england=False)
    run.measures = [frame[frame["level"] != "england"] for frame in run.measures]
    run.publish()
    names = [name for name, _ in pyogrio.list_layers(run.package)]
    tables = ["measures", "authority_years", "dictionary"]
    assert names == ["authorities", "districts", "small_areas", *tables]


def test_a_run_of_districts_has_no_layer_of_small_areas(make_run: Callable[..., Run]):
    """Without small areas the other layers are the same, and nothing is said of any small area."""
    columns = ["small_area_code", "small_area_name", "deprivation_decile"]
    means = air()
    run = make_run(
        "districts",
        areas=areas().drop(columns=columns),
        measures=[means[means["level"] != "small_area"]],
    )
    run.publish()
    assert [name for name, _ in pyogrio.list_layers(run.package)] == [
        "authorities",
        "districts",
        "england",
        "measures",
        "authority_years",
        "dictionary",
    ]
    assert layer(run, "authorities").loc[TEES, "pm25_mean_ugm3_2023"] == 7
    assert layer(run, "districts").loc[C, "authority_code"] == DEVON
    dictionary = pyogrio.read_dataframe(run.package, layer="dictionary")
    assert "small_areas" not in set(dictionary["layer"])


def test_authorities_hold_their_values_and_what_they_are(run: Run):
    """Tees Valley has two districts, a mayor and 7 µg/m³; Devon and Torbay one and no mayor."""
    run.publish()
    rows = layer(run, "authorities")
    assert rows.loc[TEES, "area_name"] == "Tees Valley Combined Authority"
    assert rows["n_districts"].to_dict() == {TEES: 2, DEVON: 1}
    assert rows["mayor_in_office"].to_dict() == {TEES: True, DEVON: False}
    assert rows["status"].to_dict() == {TEES: "standing", DEVON: "standing"}
    assert rows["kind"].to_dict() == {TEES: "MCA", DEVON: "CCA_non_mayoral"}
    assert rows["tier"].to_dict() == {TEES: "mayoral", DEVON: "foundation"}
    assert rows["pm25_mean_ugm3_2023"].to_dict() == {TEES: 7.0, DEVON: 12.0}
    assert rows.loc[TEES, "mortality_per100k_2023"] == pytest.approx(3750)
    assert rows.loc[TEES, "mortality_per100k_2023_lower"] == pytest.approx(3375)


@pytest.mark.parametrize(
    ("as_at", "tiers"),
    [
        (date(2026, 4, 28), {TEES: None, DEVON: None}),
        (date(2026, 4, 29), {TEES: "mayoral", DEVON: "foundation"}),
    ],
)
def test_there_is_no_tier_before_the_act_that_made_it(
    run: Run, as_at: date, tiers: dict[str, str | None]
):
    """The Act of 29 April 2026 made the tiers: the map of the day before has none."""
    run.as_at = as_at
    run.publish()
    found = layer(run, "authorities")["tier"]
    assert {code: None if pd.isna(tier) else tier for code, tier in found.items()} == tiers
    rows = table(run, "dictionary").set_index(["layer", "column"])
    assert "before the Act, 29 April 2026" in rows.loc[("authorities", "tier"), "title"]


def test_notes_say_which_measure_and_year_they_are_of(make_run: Callable[..., Run]):
    """Each part of a note follows its measures and years, but for what is said of all of them."""
    run = make_run("real", provider="file")
    run.measures = [
        air(2022).assign(note="people of 2021; no data"),
        air(2023).assign(note="people of 2021; no data"),
        mortality(2023).assign(note="people of 2021"),
    ]
    rows = run.measures[2]
    rows.loc[rows["area_code"] == C, "note"] = f"people of 2021; {TOO_FEW}"
    rows.loc[rows["area_code"] == B, "note"] = None
    run.publish()
    notes = layer(run, "districts")["note"]
    air_years = "pm25_mean_ugm3 2022, 2023"
    assert notes[A] == f"people of 2021; {air_years}: no data"
    assert notes[B] == f"{air_years}: people of 2021; {air_years}: no data"
    assert notes[C] == (f"people of 2021; mortality_per100k 2023: {TOO_FEW}; {air_years}: no data")
    # Small areas have no mortality, so that all of their values have both.
    assert set(layer(run, "small_areas")["note"]) == {"people of 2021; no data"}


def test_shapes_of_larger_areas_are_unions_of_districts(run: Run):
    """Tees Valley is the first two squares, England all three, without the edge between them."""
    run.publish()
    assert layer(run, "authorities").loc[TEES, "geometry"].equals(shapely.box(0, 0, 2000, 1000))
    england = layer(run, "england").loc[ENGLAND, "geometry"]
    assert england.area == 3e6
    assert len(shapely.get_parts(england)) == 1
    assert layer(run, "districts").loc[C, "geometry"].equals(shapely.box(2000, 0, 3000, 1000))


def test_layers_have_only_the_columns_of_their_level(run: Run):
    """Mortality is not given for small areas, and PM2.5 has no interval: neither has a column."""
    run.publish()
    assert list(layer(run, "small_areas").columns) == [
        "area_name",
        "district_code",
        "district_name",
        "authority_code",
        "authority_name",
        "region_code",
        "region_name",
        "deprivation_decile",
        "pm25_mean_ugm3_2023",
        "note",
        "geometry",
    ]
    assert list(layer(run, "england").columns) == [
        "area_name",
        "mortality_per100k_2023",
        "mortality_per100k_2023_lower",
        "mortality_per100k_2023_upper",
        "pm25_mean_ugm3_2023",
        "note",
        "geometry",
    ]


def test_a_measure_of_one_sex_has_its_columns(run: Run):
    """Rows of males alone are shown as they are; beside rows of persons they are not."""
    males = mortality().query("sex == 'male'")
    run.measures = [air(), males.assign(metric="male_mortality"), mortality()]
    run.described["male_mortality"] = MEASURES["mortality_per100k"]
    run.sources_of["male_mortality"] = ("deaths",)
    run.publish()
    districts = layer(run, "districts")
    assert districts.loc[A, "male_mortality_2023"] == 4000
    assert districts["male_mortality_2023"].isna().sum() == 2
    assert districts.loc[A, "mortality_per100k_2023"] == 5000


def test_missing_values_are_null_in_the_file(run: Run):
    """A missing rate, interval or decile is NULL, not 0 and not a number that is none."""
    run.publish()
    with sqlite3.connect(run.package) as file:
        (rate,) = file.execute(
            "SELECT mortality_per100k_2023, mortality_per100k_2023_upper "
            "FROM districts WHERE area_code = ?",
            [C],
        ).fetchall()
        deciles = file.execute(
            "SELECT area_code, deprivation_decile FROM small_areas ORDER BY area_code"
        ).fetchall()
        values = file.execute("SELECT count(*) FROM measures WHERE value IS NULL").fetchall()
    assert rate == (None, None)
    assert deciles == [("E01000001", 1), ("E01000002", 10), ("E01000003", None)]
    assert values == [(1,)]


def test_a_district_without_an_authority_has_none(run: Run):
    """A district outside every authority keeps its row, with no authority's code or name."""
    run.areas.loc[run.areas["district_code"] == C, ["authority_code", "authority_name"]] = None
    run.measures = [frame[frame["area_code"] != DEVON] for frame in run.measures]
    run.publish()
    assert layer(run, "districts")["authority_code"].isna().to_dict() == {
        A: False,
        B: False,
        C: True,
    }
    assert list(layer(run, "authorities").index) == [TEES]


def test_areas_without_any_measure_keep_their_rows(run: Run):
    """An authority that no measure has a row of is in the layer, with nulls."""
    run.measures = [air()[lambda rows: rows["area_code"] != DEVON]]
    run.publish()
    assert np.isnan(layer(run, "authorities").loc[DEVON, "pm25_mean_ugm3_2023"])


def test_every_note_of_made_up_values_says_so(run: Run):
    """Each note of each layer and table begins with SYNTHETIC, and keeps what it said."""
    run.publish()
    for name in [*LAYERS, "measures", "dictionary"]:
        notes = table(run, name)["note"]
        assert notes.str.startswith("SYNTHETIC").all(), name
    assert layer(run, "districts").loc[C, "note"] == f"SYNTHETIC. mortality_per100k 2023: {TOO_FEW}"
    assert layer(run, "districts").loc[A, "note"] == "SYNTHETIC"
    assert pd.read_csv(run.out / "measures.csv")["note"].str.startswith("SYNTHETIC").all()


def test_real_values_are_not_called_made_up(make_run: Callable[..., Run]):
    """Nothing in any result says SYNTHETIC where every source is a file of one's own."""
    run = make_run("real", provider="file")
    run.publish()
    assert run.package.name == "healthycities_test.gpkg"
    for file in run.out.iterdir():
        assert b"SYNTHETIC" not in file.read_bytes(), file.name
    assert layer(run, "districts")["note"].isna().to_dict() == {A: True, B: True, C: False}


def test_descriptions_say_what_when_and_whose(run: Run):
    """The abstract of each layer begins with SYNTHETIC and has the date, years and sources."""
    run.publish()
    with sqlite3.connect(run.package) as file:
        said = dict(file.execute("SELECT table_name, description FROM gpkg_contents"))
    assert list(said) == [*LAYERS, "measures", "authority_years", "dictionary"]
    for text in said.values():
        assert text.startswith("SYNTHETIC")
        assert "Map of 30 September 2026. Years: 2023." in text
        assert "Title of air_quality" in text


def test_descriptions_carry_the_attribution_of_real_sources(make_run: Callable[..., Run]):
    """The line that a licence asks for is in the abstract, once."""
    run = make_run("real", provider="file")
    run.publish()
    with sqlite3.connect(run.package) as file:
        (text,) = file.execute(
            "SELECT description FROM gpkg_contents WHERE table_name = 'districts'"
        ).fetchone()
    assert text.count("Attribution of air_quality.") == 1
    assert f"Attribution of {NOT_USED}" not in text


def test_descriptions_say_each_sentence_once(run: Run):
    """What is said of all made-up sources stands once, after the names of all of them."""
    run.publish()
    with sqlite3.connect(run.package) as file:
        (text,) = file.execute(
            "SELECT description FROM gpkg_contents WHERE table_name = 'districts'"
        ).fetchone()
    assert text.count("not data of any publisher") == 1
    assert text.count("Names, centres and mid-2020 population") == 1
    assert text.index("Title of air_quality") < text.index("not data of any publisher")


def test_a_sentence_that_sources_share_is_owed_to_all_of_them(make_run: Callable[..., Run]):
    """Of two wordings with a common sentence, it stands once, and the other with its source."""
    run = make_run("real", provider="file")
    given = {name: source.model_dump() for name, source in run.settings.sources.items()}
    given["deaths"]["attribution"] = "Source: A Publisher."
    given["districts"]["attribution"] = "Source: A Publisher. Contains OS data"
    settings = run.settings.model_copy(
        update={
            "sources": {name: SourceSettings.model_validate(one) for name, one in given.items()}
        }
    )
    run.publish()
    results = assemble(
        [run.folder / "measures_1.parquet"], run.folder / "areas.parquet", synthetic=False
    )
    guide = Guide(run.described, run.sources_of, credits_of(settings))
    text = layer_descriptions(results, {"districts": None}, guide, run.as_at)["districts"]
    assert "Title of deaths; Title of districts: Source: A Publisher." in text
    assert "Title of districts: Contains OS data." in text


def test_dictionary_has_a_row_for_every_column(run: Run):
    """The columns of each layer and of the measures are all told, and no others, in their order."""
    run.publish()
    rows = table(run, "dictionary")
    with sqlite3.connect(run.package) as file:
        for name in [*LAYERS, "measures"]:
            columns = [row[1] for row in file.execute(f"PRAGMA table_info({name})")]
            assert rows.loc[rows["layer"] == name, "column"].tolist() == columns
    assert rows["title"].notna().all()


def test_dictionary_tells_a_measure_in_full(make_run: Callable[..., Run]):
    """Title, unit, method, direction, years and source of a column, and how many have no value."""
    run = make_run("real", provider="file")
    run.measures = [air(), mortality().assign(first_year=2021)]
    run.publish()
    rows = table(run, "dictionary").set_index(["layer", "column"])
    rate = rows.loc[("districts", "mortality_per100k_2023_lower")]
    assert rate["title"] == "Deaths from all causes: lower bound of the 95 % interval"
    assert rate["unit"] == "per 100,000 people a year"
    assert rate["method"] == "Standardised."
    assert rate["direction"] == "lower is better"
    assert (rate["first_year"], rate["year"]) == (2021, 2023)
    assert rows.loc[("districts", "pm25_mean_ugm3_2023"), "first_year"] == 2023
    assert rate["source"] == "Title of deaths"
    assert rate["attribution"] == "Attribution of deaths"
    assert rate["note"] == "1 of 3 areas have no value"
    assert rows.loc[("authorities", "pm25_mean_ugm3_2023"), "source"] == (
        "Title of air_quality; Title of small_area_population"
    )


def test_made_up_values_are_not_credited_to_a_publisher(run: Run):
    """The attribution of a demonstration does not claim that its values are the publisher's."""
    run.publish()
    said = table(run, "dictionary")["attribution"].dropna()
    assert said.str.startswith("SYNTHETIC values made by healthycities").all()
    assert "Attribution of" not in (run.out / "report.html").read_text(encoding="utf-8")


def test_tables_hold_the_same_rows_in_the_order_of_the_levels(run: Run):
    """Parquet, CSV and GeoPackage have every row once, sorted, to the last bit."""
    run.measures = [mortality(), air()]
    run.publish()
    parquet = pd.read_parquet(run.out / "measures.parquet")
    assert parquet["level"].drop_duplicates().tolist() == [
        "small_area",
        "district",
        "authority",
        "england",
    ]
    districts = parquet[parquet["level"] == "district"]
    keys = districts[["area_code", "metric", "sex"]]
    assert keys.to_numpy().tolist()[:3] == [
        [A, "mortality_per100k", "persons"],
        [A, "mortality_per100k", "male"],
        [A, "pm25_mean_ugm3", "persons"],
    ]
    assert len(parquet) == len(air()) + len(mortality())
    csv = pd.read_csv(run.out / "measures.csv")
    pd.testing.assert_frame_equal(csv, parquet, check_dtype=False, check_exact=True)
    pd.testing.assert_frame_equal(
        table(run, "measures"), parquet, check_dtype=False, check_exact=True
    )


def test_csv_has_unix_lines_and_numbers_in_full(run: Run):
    """A third is written with every digit that tells it from its neighbours."""
    run.measures = [measure_rows("mortality_per100k", 2023, {A: 1 / 3})]
    run.publish()
    content = (run.out / "measures.csv").read_bytes()
    assert b"\r" not in content
    assert b",0.3333333333333333," in content
    assert content.decode("utf-8").startswith(
        '"area_code","area_name","level","first_year","year","metric",'
    )


def test_package_is_of_version_1_3_without_a_journal_and_indexed(run: Run):
    """The file has no write-ahead log, an index for each layer, and a fixed time of change."""
    run.publish()
    header = run.package.read_bytes()[:100]
    assert tuple(header[18:20]) == (1, 1)
    with sqlite3.connect(run.package) as file:
        assert file.execute("PRAGMA user_version").fetchone() == (10300,)
        indexed = file.execute(
            "SELECT table_name FROM gpkg_extensions WHERE extension_name = 'gpkg_rtree_index'"
        ).fetchall()
        times = file.execute("SELECT DISTINCT last_change FROM gpkg_contents").fetchall()
    assert sorted(name for (name,) in indexed) == sorted(LAYERS)
    assert times == [("2000-01-01T00:00:00.000Z",)]


AGAIN = """
import sys
from pathlib import Path
from healthycities import catalogue
from tests.publish.conftest import SOURCES, Run, card
catalogue.metrics = dict
catalogue.sources = lambda: {name: card(name) for name in SOURCES}
Run(Path(sys.argv[1])).publish()
"""


def test_another_process_at_another_time_gives_the_same_bytes(run: Run, tmp_path: Path):
    """Every result is equal to the byte in another folder, process, hash seed and second."""
    first = digests(run.publish())
    time.sleep(1.1)
    # The package itself from where this process has it, whatever else is installed.
    roots = (Path(__file__).parents[2], Path(healthycities.__file__).parents[1])
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": os.pathsep.join(map(str, roots)),
        "TZ": "Asia/Tokyo",
    }
    subprocess.run(
        [sys.executable, "-c", AGAIN, str(tmp_path / "again" / "work")],
        check=True,
        env=environment,
        cwd=tmp_path,
    )
    assert digests(tmp_path / "again" / "work" / "results") == first


def test_provenance_tells_inputs_code_and_configuration(run: Run):
    """The raw file is named with its hash, size, year and licence, and no path of this machine."""
    text = (run.publish() / "provenance.json").read_text(encoding="utf-8")
    told = json.loads(text)
    (file,) = told["inputs"]
    content = b"E06000001,5\n"
    assert file["file"] == "deaths_2023.csv"
    assert file["sha256"] == hashlib.sha256(content).hexdigest()
    assert file["size_bytes"] == len(content)
    assert file["year"] == 2023
    assert file["title"] == "SYNTHETIC: Title of deaths"
    assert told["run"] == "test_SYNTHETIC"
    assert told["config"]["years"] == [2022, 2023]
    assert told["config"]["data_dir"] == "work"
    assert told["code"]["digests"] == CODE_OF
    assert told["packages"] == package_versions()
    assert str(run.folder.parent) not in text


def twice(run: Run) -> None:
    """Spoil a run: the same measure in two files."""
    run.measures = [air(), mortality(), air().iloc[[3]]]


def stranger(run: Run) -> None:
    """Spoil a run: a district that the run does not report on."""
    run.measures[0].loc[3, "area_code"] = "E06000099"


def wrong_level(run: Run) -> None:
    """Spoil a run: a district that is called an authority."""
    run.measures[0].loc[3, "level"] = "authority"


def lost_people(run: Run) -> None:
    """Spoil a run: people of Tees Valley that none of its districts has."""
    rows = run.measures[0]
    rows.loc[rows["area_code"] == TEES, "denominator"] += 1


def lost_england(run: Run) -> None:
    """Spoil a run: a sum of England that its districts do not make."""
    rows = run.measures[0]
    rows.loc[rows["area_code"] == ENGLAND, "numerator"] *= 1.00001


def several_ages(run: Run) -> None:
    """Spoil a run: two bands of age in one measure."""
    run.measures.append(mortality().iloc[1:].assign(age="0-74"))


def long_name(run: Run) -> None:
    """Spoil a run: a measure whose columns would have long names."""
    name = "m" * 56
    run.measures[0]["metric"] = name
    run.described[name] = MEASURES["pm25_mean_ugm3"]
    run.sources_of[name] = ("air_quality",)


def undescribed(run: Run) -> None:
    """Spoil a run: a measure that nothing is known of."""
    del run.described["mortality_per100k"]


def no_shape(run: Run) -> None:
    """Spoil a run: a district without a shape."""
    run.districts = run.districts.iloc[1:]


def wrong_crs(run: Run) -> None:
    """Spoil a run: districts in degrees."""
    run.districts = run.districts.to_crs("EPSG:4326")


def wrong_kind(run: Run) -> None:
    """Spoil a run: a district that is a point."""
    run.districts.loc[0, "geometry"] = shapely.Point(0, 0)


def nothing(run: Run) -> None:
    """Spoil a run: no measure at all."""
    run.measures = [air().iloc[:0]]


def unknown_authority(run: Run) -> None:
    """Spoil a run: an authority that does not stand at the date."""
    run.areas["authority_code"] = run.areas["authority_code"].replace(DEVON, "E47999999")
    run.measures = [frame[frame["area_code"] != DEVON] for frame in run.measures]


@pytest.mark.parametrize(
    ("spoil", "error", "said"),
    [
        (
            twice,
            SchemaError,
            rf"measures_2\.parquet: district, {A}, pm25.*already given in .*_0\.parquet",
        ),
        (stranger, RegisterError, r"areas\.parquet: pm25_mean_ugm3 .* level district .* E06000099"),
        (wrong_level, RegisterError, f"level authority .* {A}"),
        (lost_people, AlignmentError, f"pm25_mean_ugm3, 2023.* denominator of {TEES} is 401.0"),
        (lost_england, AlignmentError, f"numerator of {ENGLAND}"),
        (several_ages, SchemaError, "mortality_per100k, .* one band of age"),
        (long_name, SchemaError, "61 characters; at most 60"),
        (undescribed, SchemaError, "without a description or sources: mortality_per100k"),
        (no_shape, RegisterError, rf"districts\.parquet: 1 areas have no shape: {A}"),
        (wrong_crs, CrsError, "expected shapes in EPSG:27700, found EPSG:4326"),
        (wrong_kind, GeometryError, f"area {A}: expected polygons, found POINT"),
        (nothing, SourceError, "no measure in 1 files"),
        (unknown_authority, RegisterError, "E47999999 is not an authority at 2026-09-30"),
    ],
)
def test_what_does_not_fit_stops_before_anything_is_written(
    run: Run, spoil: Callable[[Run], None], error: type[HealthycitiesError], said: str
):
    """Each thing that does not fit has its own message, and leaves no file behind."""
    spoil(run)
    with pytest.raises(error, match=said):
        run.publish()
    assert not run.out.exists()


def test_a_failed_run_leaves_the_last_results_as_they_were(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    """Results that stood before are untouched when writing stops half-way."""
    before = digests(run.publish())
    run.measures = [air(2022), air()]

    def stop(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("healthycities.publish.results.write_geopackage", stop)
    with pytest.raises(OSError, match="no space"):
        run.publish()
    assert digests(run.out) == before


def test_names_of_the_tests_are_those_of_the_project():
    """The columns that these tests spell out are the names that the package gives them."""
    assert set(measure_rows("pm25_mean_ugm3", 2023, {A: 1.0}).columns) == {
        *(fields.AREA_CODE, fields.AREA_NAME, fields.LEVEL, fields.YEAR, fields.METRIC),
        *(fields.SEX, fields.AGE, fields.VALUE, fields.LOWER, fields.UPPER, fields.UNIT),
        *(fields.STATISTIC, fields.METHOD, fields.CONFIDENCE, fields.NUMERATOR),
        *(fields.ESTIMATED_SHARE, fields.FIRST_YEAR),
        *(fields.DENOMINATOR, fields.COVERED_SHARE, fields.NOTE),
    }
    assert set(SOURCES_OF) == set(MEASURES)
