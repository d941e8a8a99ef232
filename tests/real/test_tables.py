from __future__ import annotations

import logging
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from healthycities import fields
from healthycities.errors import SchemaError, SourceError
from healthycities.geography.districts import known_districts
from healthycities.sources import (
    centroids,
    deaths,
    deprivation,
    population,
    small_area_lookup,
    small_area_population,
)
from healthycities.sources.raw import Raw

AS_AT = date(2025, 6, 1)
ENGLAND_MID_2020 = 56_550_138
"""People of England in the middle of 2020, as the Office for National Statistics published them."""

LSOAS_2011 = 32_844
LSOAS_2021 = 33_755

WARDS = "population/SAPE23DT8a_mid-2020_persons_ward_2020_la_2021.csv.gz"
FILE_1 = "deprivation/File_1_-_IMD2019_Index_of_Multiple_Deprivation.csv.gz"
FILE_6 = "deprivation/File_6_-_IoD2019_Population_Denominators.csv.gz"
LSOA_LOOKUP = "lookups/lookup_lsoa11_lsoa21_ltla22.csv.gz"


def given(file: Path, **said: object) -> Raw:
    """Return what a reader is given of a real file."""
    return Raw((file,), AS_AT, **said)


# --- Population ---


@pytest.fixture(scope="module")
def by_ward(real: Path) -> pd.DataFrame:
    """Return mid-2020 people of districts, read from their wards."""
    return population.read(given(real / WARDS, year=2020))


def of_today(population: pd.DataFrame) -> pd.Series:
    """Sum the parts that have merged since to the districts of the date, by sex and age."""
    keys = [fields.DISTRICT_CODE, fields.SEX, fields.AGE_FROM, fields.AGE_TO]
    return population.groupby(keys)[fields.PEOPLE].sum()


def test_wards_of_2020_are_all_of_england(by_ward):
    """People sum to the published number, and every district of 2021 has every year of age."""
    assert by_ward[fields.PEOPLE].sum() == ENGLAND_MID_2020
    assert set(by_ward[fields.DISTRICT_CODE]) == set(known_districts(AS_AT))
    assert len(by_ward) == 309 * 91
    assert len(of_today(by_ward)) == 296 * 91


def test_wards_and_districts_agree_district_by_district(real, by_ward):
    """The table by district has, for each age of each district, the sum of the wards."""
    file = real / "mortality_population/population20_ltla21.csv.gz"
    columns = {"LAD21CD": "ltla21_code", "All Ages": "total_population"}
    by_district = population.read(given(file, year=2020, columns=columns))
    assert by_district[fields.PEOPLE].sum() == ENGLAND_MID_2020
    pd.testing.assert_frame_equal(by_district, by_ward)


def test_districts_of_2020_are_all_of_england(real, by_ward):
    """The table in codes of 2020, before Northamptonshire's districts merged, is the same."""
    file = real / "mortality_population/population20_ltla20.csv.gz"
    columns = {"LAD20CD": "ltla20_code", "All Ages": "total_population"}
    found = population.read(given(file, year=2020, columns=columns))
    assert len(found) == 314 * 91
    pd.testing.assert_series_equal(of_today(found), of_today(by_ward))


def test_welsh_wards_are_left_out_and_counted(real, caplog):
    """852 of 8,053 wards are Welsh; the log says so, and which districts were recoded."""
    with caplog.at_level(logging.INFO):
        population.read(given(real / WARDS, year=2020))
    assert "left out 852 rows of other areas" in caplog.text
    assert "E08000016 to E08000038" in caplog.text


def test_small_areas_sum_to_england_and_to_their_districts(real, by_ward):
    """Small areas of 2011 by the lookup of the deprivation files give each district's people."""
    columns = {"LSOA11CD": "lsoa11_code", "All Ages": "total_population"}
    file = real / "mortality_population/population20_lsoa11.csv.gz"
    people = small_area_population.read(given(file, year=2020, columns=columns))
    assert len(people) == LSOAS_2011
    assert people[fields.PEOPLE].sum() == ENGLAND_MID_2020
    lookup = small_area_lookup.read(given(real / FILE_1))
    summed = people.merge(lookup).groupby(fields.DISTRICT_CODE)[fields.PEOPLE].sum()
    pd.testing.assert_series_equal(
        summed, by_ward.groupby(fields.DISTRICT_CODE)[fields.PEOPLE].sum()
    )


def test_populations_with_thousands_separators_are_read(real):
    """File 6 of 2019 is of mid-2015: the first small area has 1,296 people."""
    columns = {"All Ages": "Total population: mid 2015 (excluding prisoners)"}
    raw = given(real / FILE_6, year=2019, vintage=2015, columns=columns)
    people = small_area_population.read(raw)
    assert people.iloc[0].tolist() == ["E01000001", 2015, 1296.0]
    assert len(people) == LSOAS_2011
    with pytest.raises(SchemaError, match="the column All Ages, found the columns 'LSOA code"):
        small_area_population.read(given(real / FILE_6, vintage=2015))


# --- Small areas ---


def test_official_lookup_of_2019_gives_every_district(real):
    """32,844 small areas of 2011 lie in the 296 districts of 2025."""
    found = small_area_lookup.read(given(real / FILE_1))
    assert len(found) == LSOAS_2011
    assert set(found[fields.DISTRICT_CODE]) == set(known_districts(AS_AT))


def test_two_lookups_of_2021_agree(real):
    """The lookups of 2022 and 2024 differ in one of 33,755 small areas, on a border."""
    from_2022 = small_area_lookup.read(
        given(real / LSOA_LOOKUP, columns={"LSOA21CD": "lsoa21_code", "LAD22CD": "ltla22_code"})
    )
    from_2024 = small_area_lookup.read(
        given(
            real / "lookups/lookup_lsoa21_ward24_ltla24.csv.gz",
            columns={"LSOA21CD": "lsoa21_code", "LAD24CD": "ltla24_code"},
        )
    )
    assert len(from_2022) == len(from_2024) == LSOAS_2021
    differs = from_2022[(from_2022 != from_2024).any(axis=1)]
    assert differs[fields.SMALL_AREA_CODE].tolist() == ["E01027305"]


def test_a_small_area_whose_parts_went_to_two_districts_is_named(real):
    """By small areas of 2011 the same lookup has some in two districts, and is refused."""
    columns = {"LSOA11CD": "lsoa11_code", "LAD22CD": "ltla22_code"}
    with pytest.raises(SchemaError, match="E01008187 in one district, found it in E06000057 and"):
        small_area_lookup.read(given(real / LSOA_LOOKUP, columns=columns))


def test_centroids_of_england_are_read(real):
    """Of 34,753 rows 32,844 are English, and they are those of the deprivation files."""
    name = "Lower_Layer_Super_Output_Areas_December_2011_Population_Weighted_Centroids.csv"
    found = centroids.read(given(real / "population" / name))
    assert len(found) == LSOAS_2011
    newcastle = found.set_index(fields.SMALL_AREA_CODE).loc["E01008331"]
    assert newcastle.tolist() == [423162.659, 564144.35700000077486]
    areas = deprivation.read(given(real / FILE_1))[fields.SMALL_AREA_CODE]
    pd.testing.assert_series_equal(found[fields.SMALL_AREA_CODE], areas)


# --- Deprivation ---


@pytest.mark.parametrize(
    ("name", "columns", "number"),
    [
        (FILE_1, {}, LSOAS_2011),
        ("deprivation/File_2_-_IoD2019_Domains_of_Deprivation.csv.gz", {}, LSOAS_2011),
        (
            "deprivation/imd2025_england_lsoa21.csv.gz",
            {
                "LSOA code (2021)": "lsoa21_code",
                "Index of Multiple Deprivation (IMD) Rank": "IMD_rank",
                "Index of Multiple Deprivation (IMD) Decile": "IMD_decile",
            },
            LSOAS_2021,
        ),
    ],
)
def test_ranks_run_from_1_and_deciles_are_tenths(real, name, columns, number):
    """Ranks count the small areas, equal ones sharing a rank; each decile has a tenth of them."""
    found = deprivation.read(given(real / name, columns=columns))
    ranks = found[fields.DEPRIVATION_RANK]
    assert ranks.tolist() == ranks.rank(method="min").tolist()
    assert len(found) == number
    sizes = found[fields.DEPRIVATION_DECILE].value_counts()
    assert sizes.between(number // 10, number // 10 + 1).all()


def test_two_files_of_2019_give_the_same_ranks(real):
    """File 1 writes thousands separators and shorter names, and says the same as File 2."""
    file_2 = real / "deprivation/File_2_-_IoD2019_Domains_of_Deprivation.csv.gz"
    pd.testing.assert_frame_equal(
        deprivation.read(given(real / FILE_1)), deprivation.read(given(file_2))
    )


def test_columns_of_another_index_are_refused(real):
    """The decile of one domain does not rise with the rank of another."""
    columns = {
        "LSOA code (2021)": "lsoa21_code",
        "Index of Multiple Deprivation (IMD) Rank": "IMD_rank",
        "Index of Multiple Deprivation (IMD) Decile": "Income_decile",
    }
    with pytest.raises(SchemaError, match="a decile that rises with the rank"):
        deprivation.read(given(real / "deprivation/imd2025_england_lsoa21.csv.gz", columns=columns))


# --- Deaths ---


def test_an_answer_of_nomis_without_districts_is_refused(real):
    """The codes that it holds are named: countries, and Nomis's own number for all."""
    file = real / "mortality_population/nomis_deaths.csv.gz"
    with pytest.raises(SourceError) as caught:
        deaths.read(given(file, year=2020))
    assert caught.value.file == str(file)
    assert caught.value.problem == (
        "there is no English district in it; column GEOGRAPHY_CODE holds "
        "2092957715; E92000001; W92000004; K04000001; J99000001"
    )


def test_an_answer_of_nomis_with_the_codes_of_districts_is_read(real, tmp_path):
    """The real answer, its England put for a district: causes, sexes and numbers are kept."""
    answer = pd.read_csv(real / "mortality_population/nomis_deaths.csv.gz", dtype="str")
    district = answer[answer["GEOGRAPHY_CODE"] == "E92000001"].replace("E92000001", "E08000003")
    path = tmp_path / "deaths.csv"
    district.assign(RECORD_COUNT=len(district)).to_csv(path, index=False)
    found = deaths.read(given(path, year=2020))
    assert set(found[fields.CAUSE_ICD10]) == {"all", *(f"X{n}" for n in range(30, 40))}
    assert set(found[fields.SEX]) == {"male", "female"}
    total = district[
        (district["DATE"] == "2020")
        & (district["GENDER"] == "0")
        & district["CAUSE_OF_DEATH_NAME"].str.startswith("A00")
    ]["OBS_VALUE"].astype(float)
    is_all = found[fields.CAUSE_ICD10] == "all"
    assert [found.loc[is_all, fields.DEATHS].sum()] == total.tolist()
