"""Step 5: the results of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from healthycities import catalogue
from healthycities.catalogue import Measure
from healthycities.publish.layers import PublishedFiles
from healthycities.publish.results import publish
from healthycities.settings import Settings
from healthycities.stages.described import described
from healthycities.stages.needs import needs_of, overlaps_used, sources_used


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
    inputs : the files ``areas``, ``borders``, ``districts`` and, where the run has any,
        ``small_areas``, ``places`` and ``places_`` with the name of each set of these, and
        ``fingertips``.
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
        PublishedFiles(
            areas=inputs["areas"],
            borders=inputs["borders"],
            districts=inputs["districts"],
            small_areas=inputs.get("small_areas"),
            places=inputs.get("places"),
            outlines={name: inputs[f"places_{name}"] for name in settings.places},
            compared_with=inputs.get(catalogue.COMPARED_WITH),
        ),
        by_source,
        measures={name: measure for name, (measure, _) in measures.items()},
        sources_of={name: sources for name, (_, sources) in measures.items()},
        code_of=code_of(settings),
    )


def measures_of(settings: Settings) -> dict[str, tuple[Measure, tuple[str, ...]]]:
    """Return every measure of a run by its name, with the sources behind it."""
    found = {}
    for metric in settings.chosen_metrics:
        card = catalogue.metrics()[metric]
        sources = tuple(sorted(sources_used(settings, settings.uses(card))))
        for measure in described(card, settings):
            found[measure.name] = (measure, sources)
    return found


def code_of(settings: Settings) -> dict[str, str]:
    """Return the digest of the code of each step of a run, by the verb and name of the step.

    They are the digests that the rules of the steps carry, so that the code which is told beside
    the results is the code that made them, and changes with nothing else.
    """
    needs = needs_of(settings)
    sources = sources_used(settings, needs)
    demo = any(settings.sources[name].provider == "demo" for name in sources)
    fetched = any(settings.sources[name].is_fetched for name in sources)
    modules = {
        **({"demo": ()} if demo else {}),
        **({"fetch": ()} if fetched else {}),
        **{f"prepare {name}": (f"sources.{name}",) for name in sources},
        **({"prepare places": ("sources.own_places",)} if settings.places else {}),
        **{f"overlap {name}": (f"overlaps.{name}",) for name in overlaps_used(settings, needs)},
        **{f"measure {name}": (f"metrics.{name}",) for name in settings.chosen_metrics},
        "publish": (),
    }
    return {
        step: catalogue.code_digest(f"stages.{step.partition(' ')[0]}", *rest)
        for step, rest in sorted(modules.items())
    }
