"""Step 5: the results of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from healthycities import catalogue
from healthycities.catalogue import Measure
from healthycities.metrics.measures import filled
from healthycities.publish.results import publish
from healthycities.settings import Settings
from healthycities.stages.needs import sources_behind


def publish_run(
    folder: Path,
    settings: Settings,
    measure_files: Sequence[Path],
    inputs: Mapping[str, Path],
    raw_files: Sequence[tuple[str, Path]],
) -> None:
    """Write the results of a run.

    Parameters
    ----------
    folder : folder of the run.
    settings : the whole configuration.
    measure_files : what the metrics wrote.
    inputs : the files ``areas``, ``districts`` and ``small_areas``.
    raw_files : name of the source and path of each raw file.
    """
    by_source: dict[str, list[Path]] = {}
    for source, path in raw_files:
        by_source.setdefault(source, []).append(path)
    measures = measures_of(settings)
    publish(
        folder,
        settings,
        measure_files,
        inputs["areas"],
        inputs["districts"],
        inputs["small_areas"],
        by_source,
        measures={name: measure for name, (measure, _) in measures.items()},
        sources_of={name: sources for name, (_, sources) in measures.items()},
    )


def measures_of(settings: Settings) -> dict[str, tuple[Measure, tuple[str, ...]]]:
    """Return every measure of a run by its name, with the sources behind it."""
    found = {}
    for metric in settings.chosen_metrics:
        card = catalogue.metrics()[metric]
        sources = tuple(sorted(sources_behind(settings, settings.uses(card))))
        keys = settings.keys(*card.settings)
        pollutants = settings.pollutants if "pollutant" in card.by else (None,)
        for pollutant in pollutants:
            for measure in filled(card, keys, pollutant).values():
                found[measure.name] = (measure, sources)
    return found
