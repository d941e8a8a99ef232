"""Before the first step: every error of a configuration, and every file that is not there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from healthycities import catalogue
from healthycities.errors import ConfigError, SourceError
from healthycities.settings import Settings, from_mapping
from healthycities.sources.demo.names import DISTRICTS_SINCE, DRAWN, WITH_DISTRICTS, YEARLY_FILES
from healthycities.stages.wanted import wanted_files


def check(config: Mapping[str, Any], file: Path) -> list[str]:
    """Return lines that say what a configuration asks for.

    Raises
    ------
    ConfigError, SourceError : as `checked_settings` and `wanted_files` raise them.
    """
    settings = checked_settings(config, file)
    return [
        f"{file}: no error found",
        f"results: {settings.run_dir}/{settings.geopackage_name}",
        f"years: {', '.join(map(str, settings.years))}",
        *_spans(settings),
        f"metrics: {', '.join(settings.chosen_metrics)}",
        *_fetched(settings),
        *(
            f"left out: {name}, which needs {', '.join(lacking)}"
            for name, lacking in settings.left_out.items()
        ),
    ]


def _fetched(settings: Settings) -> list[str]:
    """Say how many files are fetched, and about how much they are if none is there yet."""
    wanted = wanted_files(settings).values()
    about_mb = sum(one.offer.size_mb for one in wanted)
    told = f"fetched from publishers: {len(wanted)} files, about {about_mb:,.0f} MB"
    return [f"{told}; healthycities fetch --plan names them"] if wanted else []


def _spans(settings: Settings) -> list[str]:
    """Say which years are taken together, and by which metrics."""
    back = settings.mortality.pooled_years - 1
    pooled = [name for name in settings.chosen_metrics if catalogue.metrics()[name].pooled]
    if not back or not pooled:
        return []
    spans = [f"{year - back} to {year}" for year in settings.years]
    return [f"years together: {', '.join(spans)} ({', '.join(pooled)})"]


def checked_settings(config: Mapping[str, Any], file: str | Path | None = None) -> Settings:
    """Read a configuration that a run can start on.

    Raises
    ------
    ConfigError : with every problem of the configuration.
    SourceError : with every file that it names and that is not there.
    """
    settings = from_mapping(config, file)
    _require_demo_sources(settings, file)
    _require_demo_pollutants(settings, file)
    _require_demo_date(settings, file)
    _require_demo_region(settings, file)
    require_files(settings, file)
    return settings


def _require_demo_sources(settings: Settings, file: str | Path | None) -> None:
    lacking = sorted(_drawn(settings) - DRAWN)
    if lacking:
        raise ConfigError(
            f"the demonstration does not have {', '.join(lacking)}",
            file=file,
            place="sources",
            mend="Give a file of your own, or leave it out.",
        )


def _require_demo_pollutants(settings: Settings, file: str | Path | None) -> None:
    lacking = sorted(set(settings.pollutants) - set(YEARLY_FILES))
    if "air_quality" in _drawn(settings) and lacking:
        raise ConfigError(
            f"the demonstration has no map of {', '.join(lacking)}",
            file=file,
            place="pollutants",
            mend="Leave it out, or give files of your own under sources.air_quality.",
        )


def _require_demo_date(settings: Settings, file: str | Path | None) -> None:
    older = settings.authorities_as_at < DISTRICTS_SINCE
    drawn = sorted(_drawn(settings) & set(WITH_DISTRICTS))
    if older and drawn:
        raise ConfigError(
            f"the demonstration has the districts since {DISTRICTS_SINCE}, not those of"
            f" {settings.authorities_as_at}",
            file=file,
            place="authorities_as_at",
            mend=f"Give {DISTRICTS_SINCE} or a later date, or files of your own for"
            f" {', '.join(f'sources.{name}' for name in drawn)}.",
        )


def _require_demo_region(settings: Settings, file: str | Path | None) -> None:
    many = settings.authorities == "all" or len(settings.authorities) > 1
    if many and "land_cover" in _drawn(settings):
        raise ConfigError(
            "the demonstration draws land cover at 10 m for one authority at a time",
            file=file,
            place="authorities",
            mend="Name one, such as [greater_manchester], or give a file of your own under"
            " sources.land_cover.",
        )


def _drawn(settings: Settings) -> set[str]:
    """Return the sources that the demonstration writes."""
    return {name for name, source in settings.sources.items() if source.provider == "demo"}


def require_files(settings: Settings, file: str | Path | None = None) -> None:
    """Refuse a configuration that names files which are not there, naming all of them.

    Raises
    ------
    SourceError : with every source and path.
    """
    lost = [line for name in settings.sources for line in _lost(settings, name)]
    lost += [
        f"places.{name}: {settings.places_path(name)}"
        for name in settings.places
        if not Path(settings.places_path(name)).is_file()
    ]
    if lost:
        raise SourceError(
            f"{len(lost)} file{'s' if len(lost) > 1 else ''} of the configuration cannot be found:"
            "\n  " + "\n  ".join(lost),
            file=file,
            mend="Put each file there, or correct its path; data/README.md says where each comes"
            " from.",
        )


def _lost(settings: Settings, name: str) -> list[str]:
    """One line for each file of a source, by year and pollutant where it has them, not there."""
    if not settings.sources[name].stands_here:
        return []
    lost = [
        f"sources.{name}: {settings.raw_pattern(name, *one)}{_why_earlier(settings, one[0])}"
        for one in settings.cases(name)
        if not any(Path(path).is_file() for path in settings.raw_paths(name, *one))
    ]
    return list(dict.fromkeys(lost))


def _why_earlier(settings: Settings, year: object) -> str:
    """Say why a file is wanted of a year that is not reported on."""
    if year in ("", *settings.years):
        return ""
    return f" (of {year}, for mortality.pooled_years is {settings.mortality.pooled_years})"
