"""The command line: what each verb says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from markdown_it import MarkdownIt

from healthycities import catalogue, cli

ROOT = Path(__file__).resolve().parents[1]
DEFAULT = ROOT / "config" / "config.yaml"
VERBS = (
    "check",
    "describe",
    "explain",
    "geography",
    "demo",
    "prepare",
    "overlap",
    "measure",
    "publish",
)


def written(folder: Path, text: str) -> str:
    """Write a configuration and return its path."""
    file = folder / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_check_finds_no_error_in_the_default(capsys: pytest.CaptureFixture[str]):
    """The embedded default is whole, and check says what it asks for."""
    assert cli.main(["check", "--config", str(DEFAULT)]) == 0
    said = capsys.readouterr()
    left_out = {
        "green_cover",
        "measured_bias",
        "ndvi_target_deaths",
        "pm25_by_district",
        "residential_ndvi",
    }
    assert said.err == ""
    assert said.out.splitlines() == [
        f"{DEFAULT}: no error found",
        "results: results/demo_SYNTHETIC/healthycities_demo_SYNTHETIC.gpkg",
        "years: 2022, 2023",
        f"metrics: {', '.join(sorted(set(catalogue.metrics()) - left_out))}",
        "left out: green_cover, which needs sources.land_cover",
        "left out: measured_bias, which needs sources.local_measurements",
        "left out: ndvi_target_deaths, which needs green_cover.ndvi_target, sources.land_cover",
        "left out: pm25_by_district, which needs sources.district_pm25",
        "left out: residential_ndvi, which needs green_cover.ndvi_threshold, sources.land_cover",
    ]


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        (
            {
                "years": [1822],
                "greenspace": {"own_standards": {"a": {"min_area_ha": 2, "max_distance_m": -1}}},
                "mortality": {"confidence": 95},
                "colour": "blue",
                "demo": {"scale": 0},
            },
            (
                "years.0",
                "greenspace.own_standards.a.max_distance_m",
                "mortality.confidence",
                "colour",
                "demo.scale",
            ),
        ),
        (
            {
                "years": [2022, 2022],
                "pollutants": ["pm25", "gold"],
                "metrics": ["air_quality", "happiness"],
                "authorities": ["atlantis"],
                "mortality": {"cause_group": "sorrow"},
            },
            ("2022", "gold", "happiness", "atlantis", "sorrow"),
        ),
    ],
    ids=["each by itself", "between keys"],
)
def test_check_finds_every_error_in_one_go(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, object],
    problems: tuple[str, ...],
):
    """Five errors of one configuration give five lines, and exit code 1."""
    config = {**yaml.safe_load(DEFAULT.read_text(encoding="utf-8")), **changes}
    file = written(tmp_path, yaml.safe_dump(config))
    assert cli.main(["check", "--config", file]) == 1
    said = capsys.readouterr()
    head, *lines, where = said.err.splitlines()
    assert where == "Each key is described in config/schema.json."
    assert said.out == ""
    assert head == f"error: {file}: 5 problems in the configuration:"
    assert len(lines) == 5
    for problem in problems:
        assert any(problem in line for line in lines), problem


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("run: [", "is no YAML"),
        ("run: a\nrun\n", "line 3"),
        ("run: a\nyears: [1]\nrun: b\n", "the key 'run' is given twice"),
        ("authorities_as_at: 2026-13-30\n", "month must be in 1..12"),
        ("- run\n", "expected keys and values"),
        ("", "expected keys and values"),
        ("run: \x07\n", "is no YAML"),
    ],
)
def test_check_tells_what_is_no_configuration(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, said: str
):
    """A file that holds no keys is told by its name, on one line."""
    file = written(tmp_path, text)
    assert cli.main(["check", "--config", file]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {file}: ")
    assert said in error
    assert len(error.splitlines()) == 1


def test_check_tells_a_configuration_that_is_not_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """A wrong path, and a folder, are told as such."""
    for path in (tmp_path / "none.yaml", tmp_path):
        assert cli.main(["check", "--config", str(path)]) == 1
        assert capsys.readouterr().err.startswith(f"error: {path}: cannot be read (")


def test_describe_schema_prints_the_committed_schema(capsys: pytest.CaptureFixture[str]):
    """config/schema.json is what the code says today."""
    assert cli.main(["describe", "schema"]) == 0
    assert capsys.readouterr().out == (ROOT / "config/schema.json").read_text(encoding="utf-8")


def test_describe_sources_prints_the_committed_page(capsys: pytest.CaptureFixture[str]):
    """data/README.md is what the cards say today."""
    assert cli.main(["describe", "sources"]) == 0
    assert capsys.readouterr().out == (ROOT / "data/README.md").read_text(encoding="utf-8")


def test_describe_metrics_prints_the_committed_page(capsys: pytest.CaptureFixture[str]):
    """docs/metrics.md is what the cards and docstrings say today."""
    assert cli.main(["describe", "metrics"]) == 0
    assert capsys.readouterr().out == (ROOT / "docs/metrics.md").read_text(encoding="utf-8")


def test_the_page_of_metrics_is_whole_markdown():
    """Each metric has a heading, its measures in a table, and links to sources that there are."""
    page = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    html = MarkdownIt("commonmark").enable("table").render(page)
    _, *sections = html.split("<h2>")
    assert [section.partition("<")[0] for section in sections] == list(catalogue.metrics())
    for section, card in zip(sections, catalogue.metrics().values(), strict=True):
        measures = section.partition("<table>")[2].partition("</table>")[0]
        assert measures.count("<tr>") - 1 >= len(card.measures)
        assert measures.count("<td>") == 5 * (measures.count("<tr>") - 1)
        linked = {part.partition('"')[0] for part in section.split("README.md#")[1:]}
        assert linked
        assert linked <= set(catalogue.sources())


def test_explain_says_what_a_metric_of_a_configuration_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """The confidence of the configuration given stands among the parameters, not the default's."""
    config = yaml.safe_load(DEFAULT.read_text(encoding="utf-8"))
    config["mortality"]["confidence"] = 0.998
    file = written(tmp_path, yaml.safe_dump(config))
    assert cli.main(["explain", "ncd_mortality", "--config", file]) == 0
    assert "    mortality.confidence = 0.998" in capsys.readouterr().out.splitlines()


def test_explain_tells_an_unknown_name_with_the_nearest(capsys: pytest.CaptureFixture[str]):
    """One line has the names that were meant, of metrics and of measures."""
    assert cli.main(["explain", "pm25_meen_ugm3", "--config", str(DEFAULT)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "no metric or measure is called 'pm25_meen_ugm3'; nearest are pm25_mean_ugm3" in said.err


def test_geography_tells_of_an_authority_at_the_date_given(capsys: pytest.CaptureFixture[str]):
    """Date and first year go to the answer; without a date it is that of the register."""
    asked = ["geography", "E47000006", "--as-at", "2016-01-01", "--from", "2015"]
    assert cli.main(asked) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "Tees Valley Combined Authority (E47000006)"
    assert "    2016-01-01:  to come" in told
    assert "How values of 2015-01-01 reach it" in told
    assert cli.main(["geography", "barnsley"]) == 0
    assert "    2026-09-30:  lives" in capsys.readouterr().out.splitlines()
    assert cli.main(["geography", "barnsley", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["codes"]["district"]["code"] == "E08000038"


def test_geography_tells_of_an_unknown_code_on_one_line(capsys: pytest.CaptureFixture[str]):
    """A code that never was is answered with the nearest, and nothing else is said."""
    assert cli.main(["geography", "E47000066"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "Hull and East Yorkshire Combined Authority (E47000016)" in said.err


def test_the_page_of_sources_is_whole_markdown():
    """Each source has a heading and a table of two columns with its licence and its place."""
    page = (ROOT / "data/README.md").read_text(encoding="utf-8")
    html = MarkdownIt("commonmark").enable("table").render(page)
    _, *sections = html.split("<h2>")
    assert [section.partition("<")[0] for section in sections] == list(catalogue.sources())
    for section, (name, card) in zip(sections, catalogue.sources().items(), strict=True):
        assert section.count("<td>") == 2 * section.count("<tr>") - 2
        assert f"<td>licence</td>\n<td>{card.licence}</td>" in section
        assert f"<td>where it goes</td>\n<td><code>data/{name}" in section
        assert '<a href="https://' in section
        assert "<em>" not in section


def test_an_error_ends_a_verb_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A step that meets bad input returns 1, says one line, and writes nothing."""
    keys = (
        '{"as_at": "2026-09-30", "columns": {}, "crs": null, "divides": false, "layer": null,'
        ' "vintage": null}'
    )
    raw, out = tmp_path / "lost.csv", tmp_path / "out.parquet"
    options = ["--raw", str(raw), "--out", str(out), "--keys", keys]
    assert cli.main(["prepare", "centroids", *options]) == 1
    error = capsys.readouterr().err.splitlines()
    assert [line for line in error if line.startswith("error: ")] == error[-1:]
    assert str(raw) in error[-1]
    assert not out.exists()


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]):
    """Help names every option, each with a word on what it is."""
    with pytest.raises(SystemExit) as end:
        cli.main([verb, "--help"])
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert said.startswith(f"usage: healthycities {verb}")
    assert len(said.split("\n\n")[1]) > 10


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]):
    """The help of the command names each verb with what it does."""
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    said = capsys.readouterr().out
    told = {line.split()[0] for line in said.splitlines() if line.startswith("    ")}
    assert set(VERBS) <= told


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "verb"),
        (["dance"], "dance"),
        (["describe", "weather"], "weather"),
        (["prepare", "gossip", "--raw", "a", "--out", "b", "--keys", "{}"], "gossip"),
        (["measure", "ncd_mortality", "--input", "deaths", "--out", "b", "--keys", "{}"], "name="),
        (["measure", "ncd_mortality", "--out", "b", "--keys", "{}"], "--year"),
        (["demo", "--folder", "a", "--keys", "{"], "--keys"),
        (["geography", "barnsley", "--as-at", "1/4/2025"], "a day such as 2019-01-01"),
    ],
)
def test_a_wrong_option_is_told(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
):
    """A misused command ends with 2 and names what it did not understand."""
    with pytest.raises(SystemExit) as end:
        cli.main(arguments)
    assert end.value.code == 2
    assert said in capsys.readouterr().err
