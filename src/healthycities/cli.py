"""The command line: one verb for each step of the workflow, and a few for people."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from healthycities import catalogue, settings
from healthycities.errors import ConfigError, HealthycitiesError

DEFAULT_CONFIG = "config/config.yaml"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb; return 0, or 1 after one line that says what is wrong and what to do."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)
    try:
        options.handle(options)
    except HealthycitiesError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        return 1
    return 0


# Handlers import their step when they run: each verb loads only the libraries that it needs.


def _check(options: argparse.Namespace) -> None:
    from healthycities.stages.check import check

    for line in check(read_config(options.config), options.config):
        print(line)  # noqa: T201


def _demo(options: argparse.Namespace) -> None:
    from healthycities.stages.demo import (
        draw_land_cover,
        draw_places,
        draw_year,
    )

    if options.land_cover:
        draw_land_cover(options.folder, options.keys)
    elif options.year is None:
        draw_places(options.folder, options.keys)
    else:
        draw_year(options.folder, options.year, options.keys)


def _fetch(options: argparse.Namespace) -> None:
    from healthycities.stages.fetch import fetch, plan

    given = settings.from_mapping(read_config(options.config), options.config)
    if options.plan:
        lines = plan(given)
    else:
        lines = fetch(given, offline=options.offline, update=options.update)
    for line in lines:
        print(line)  # noqa: T201


def _download(options: argparse.Namespace) -> None:
    from healthycities.stages.fetch import download

    download(options.keys, options.downloads, options.lock_file, options.out)


def _doctor(options: argparse.Namespace) -> None:
    from healthycities.stages.doctor import doctor, page, require_well

    given = settings.from_mapping(read_config(options.config), options.config)
    findings = doctor(given)
    for line in page(findings):
        print(line)  # noqa: T201
    require_well(findings)


def _prepare(options: argparse.Namespace) -> None:
    from healthycities.stages.prepare import prepare

    prepare(
        options.source,
        options.raw,
        options.out,
        options.keys,
        year=options.year,
        pollutant=options.pollutant,
    )


def _places(options: argparse.Namespace) -> None:
    from healthycities.stages.prepare import prepare_places

    prepare_places(options.raw, options.out, options.keys)


def _overlap(options: argparse.Namespace) -> None:
    from healthycities.stages.overlap import overlap

    overlap(
        options.overlap,
        dict(options.input),
        options.out,
        options.keys,
        scheduler=options.scheduler,
        workers=options.workers,
    )


def _measure(options: argparse.Namespace) -> None:
    from healthycities.stages.measure import measure

    measure(
        options.metric,
        _together(options.input),
        options.out,
        options.keys,
        year=options.year,
        pollutant=options.pollutant,
    )


def _publish(options: argparse.Namespace) -> None:
    from healthycities.stages.publish import publish_run

    publish_run(
        options.folder,
        settings.from_mapping(options.keys),
        options.measures,
        dict(options.input),
        options.raw,
    )


def _describe(options: argparse.Namespace) -> None:
    from healthycities.stages import describe

    print(describe.PAGES[options.page](), end="")  # noqa: T201


def _explain(options: argparse.Namespace) -> None:
    from healthycities.stages.explain import explain

    given = settings.from_mapping(read_config(options.config), options.config)
    print(explain(options.name, given), end="")  # noqa: T201


def _geography(options: argparse.Namespace) -> None:
    from healthycities.geography.register import as_at_of_register
    from healthycities.stages.geography import geography

    as_at = options.as_at or as_at_of_register()
    print(geography(options.area, as_at, options.since, as_json=options.json), end="")  # noqa: T201


class _NoKeyTwice(yaml.SafeLoader):  # type: ignore[misc]
    """Refuses a mapping that gives a key twice, of which plain YAML would take the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Read a mapping, once its keys are known to differ."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key '{key}' is given twice", key_node.start_mark
                )
            seen.add(key)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


def read_config(file: Path) -> dict[str, Any]:
    """Read a configuration file as it stands.

    Raises
    ------
    ConfigError : it is absent, is no YAML, or holds no keys.
    """
    try:
        config = yaml.load(file.read_text(encoding="utf-8"), Loader=_NoKeyTwice)
    except OSError as error:
        raise ConfigError(
            f"cannot be read ({error.strerror})", file=file, mend="Give the path of a YAML file."
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        told = " ".join(str(error).split())
        raise ConfigError(f"is no YAML: {told}", file=file, mend="Mend the line.") from error
    if not isinstance(config, dict):
        raise ConfigError(
            "expected keys and values", file=file, mend=f"Start from a copy of {DEFAULT_CONFIG}."
        )
    return config


def _together(given: Sequence[tuple[str, Path]]) -> dict[str, Path | list[Path]]:
    """Return paths by name: one, or a list where a name is given several times."""
    found: dict[str, list[Path]] = {}
    for name, path in given:
        found.setdefault(name, []).append(path)
    return {name: paths[0] if len(paths) == 1 else paths for name, paths in found.items()}


def _named_path(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"expected name=path, found {text!r}")
    return name, Path(path)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"expected a day such as 2019-01-01, found {text!r}"
        ) from error


_OPTIONS: dict[str, dict[str, Any]] = {
    "--config": {"type": Path, "default": Path(DEFAULT_CONFIG), "help": "YAML file"},
    "--folder": {"type": Path, "required": True, "help": "folder that receives the files"},
    "--raw": {"type": Path, "nargs": "+", "required": True, "help": "raw files"},
    "--raw-of": {
        "type": _named_path,
        "nargs": "*",
        "default": [],
        "dest": "raw",
        "help": "source=path of each raw file",
    },
    "--input": {"type": _named_path, "nargs": "+", "default": [], "help": "name=path of each"},
    "--measures": {"type": Path, "nargs": "+", "required": True, "help": "files of measures"},
    "--out": {"type": Path, "required": True, "help": "file to write"},
    "--keys": {"type": json.loads, "required": True, "help": "keys of the configuration, as JSON"},
    "--year": {"type": int, "help": "year"},
    "--land-cover": {"action": "store_true", "help": "only the raster of land cover"},
    "--pollutant": {"help": "pollutant"},
    "--scheduler": {"default": "threads", "help": "threads, processes, synchronous or tcp://…"},
    "--workers": {"type": int, "default": 1, "help": "number of threads or processes"},
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="healthycities", description=__doc__)
    verbs = parser.add_subparsers(required=True, metavar="verb")

    def verb(
        name: str, handle: Callable[[argparse.Namespace], None], about: str, *options: str
    ) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=about, description=about)
        added.set_defaults(handle=handle)
        for option in options:
            added.add_argument(option, **_OPTIONS[option])
        return added

    given = ("--input", "--out", "--keys")
    verb("check", _check, "find every error of a configuration in one go", "--config")
    describe = verb("describe", _describe, "print a page that is written from the code")
    describe.add_argument("page", choices=("schema", "sources", "metrics"))
    explain = verb(
        "explain", _explain, "say what a metric is, how it is made and from what", "--config"
    )
    explain.add_argument("name", metavar="METRIC", help="name of a metric's file, or of a measure")
    geography = verb(
        "geography", _geography, "say what an authority or district is, and was, at a date"
    )
    geography.add_argument(
        "area", metavar="AREA", help="code, key or name of an authority; code or name of a district"
    )
    geography.add_argument(
        "--as-at", type=_day, help="date asked about; by default the day of the register"
    )
    geography.add_argument(
        "--from",
        type=int,
        default=2011,
        dest="since",
        metavar="YEAR",
        help="first year whose codes of districts are told; by default 2011",
    )
    geography.add_argument("--json", action="store_true", help="the same as JSON")
    verb(
        "demo",
        _demo,
        "write the demonstration's raw files",
        "--folder",
        "--year",
        "--land-cover",
        "--keys",
    )
    fetch = verb(
        "fetch",
        _fetch,
        "fetch the official files of a configuration, and pin them",
        "--config",
    )
    fetch.add_argument("--plan", action="store_true", help="only say what would be fetched")
    fetch.add_argument("--offline", action="store_true", help="ask no network")
    fetch.add_argument(
        "--update",
        nargs="*",
        metavar="NAME",
        help="ask for these files or sources anew, and take what comes in place of what is pinned;"
        " without a name, for all",
    )
    verb(
        "doctor",
        _doctor,
        "look at the installation, the machine, the network and the publishers",
        "--config",
    )
    download = verb("download", _download, "fetch one official file", "--keys", "--out")
    download.add_argument(
        "--downloads",
        type=json.loads,
        required=True,
        help="section downloads of the configuration, as JSON",
    )
    download.add_argument("--lock-file", type=Path, required=True, help="pins of the project")
    prepare = verb(
        "prepare",
        _prepare,
        "read and check the raw files of a source",
        *("--raw", "--out", "--keys", "--year", "--pollutant"),
    )
    prepare.add_argument("source", choices=sorted(catalogue.sources()))
    verb("places", _places, "read and check places of one's own", *("--raw", "--out", "--keys"))
    overlap = verb(
        "overlap", _overlap, "build what all years share", *given, "--scheduler", "--workers"
    )
    overlap.add_argument("overlap", choices=sorted(catalogue.overlaps()))
    measure = verb("measure", _measure, "compute a metric", *given, "--pollutant")
    measure.add_argument("--year", **{**_OPTIONS["--year"], "required": True})
    measure.add_argument("metric", choices=sorted(catalogue.metrics()))
    verb(
        "publish",
        _publish,
        "write the results of a run",
        *("--folder", "--keys", "--measures", "--input", "--raw-of"),
    )
    return parser
