# Input and param functions only: which file holds what a card of the catalogue needs, and what a
# job is computed with.

from itertools import product

from healthycities.sources.demo.names import (
    STATIC_FILES,
    WORLD_FILE,
    YEARLY_FILES,
    file_name,
)
from healthycities.stages.needs import needs_of, sources_used
from healthycities.stages.raw_state import raw_state


def code_of(*modules):
    """Return what the results of modules depend on beside their inputs: code and libraries."""
    return f"{catalogue.code_digest(*modules)} with {installed}"


def raw_files(source, year="", pollutant=""):
    """Return the raw files of a source, for a year and pollutant where it has them."""
    if settings.sources[source].is_fetched:
        return [settings.fetched_path(source, year, pollutant)]
    if settings.sources[source].stands_here:
        return list(settings.raw_paths(source, year, pollutant))
    return [demo_file(source, year, pollutant)]


def demo_file(source, year="", pollutant=""):
    """Return the file of a source that the demonstration writes."""
    of_ndvi = settings.green_cover.of_ndvi
    return f"<raw>/{file_name(source, year, pollutant, of_ndvi=of_ndvi)}"


def raw_of(wildcards):
    """Return the raw files of the source that a rule prepares."""
    year, pollutant = wildcards.get("year", ""), wildcards.get("pollutant", "")
    return raw_files(wildcards.source, year, pollutant)


def raw_states(wildcards):
    """Return what tells the files of one's own that a rule prepares from others of their names.

    The others are written by rules, of which Snakemake knows when they ran.
    """
    if not settings.sources[wildcards.source].stands_here:
        return []
    return [raw_state(Path(path)) for path in raw_of(wildcards)]


def all_raw_files():
    """Return source and path of every raw file of the run, once each."""
    found = {}
    for source in catalogue.sources():
        if source in used_sources():
            for one in settings.cases(source):
                found.update({(source, path): None for path in raw_files(source, *one)})
    own = [(f"places.{name}", settings.places_path(name)) for name in settings.places]
    return [*found, *own]


def used_sources():
    """Return the sources that the metrics of the run rest on, and those that are drawn."""
    return sources_used(settings, needs_of(settings))


def file_of(need, year="", pollutant=""):
    """Return the file of something that a card needs."""
    name, _, fixed = need.partition(":")
    if name in catalogue.overlaps():
        return f"<overlaps>/{name}{catalogue.overlaps()[name].suffix}"
    card = catalogue.sources()[name]
    parts = {"pollutant": fixed or pollutant, "year": year}
    return "_".join([f"<prepared>/{name}", *(str(parts[part]) for part in card.by)]) + card.suffix


def needed_by(card, wildcards):
    """Return the files that a card needs, by name."""
    year, pollutant = wildcards.get("year", ""), wildcards.get("pollutant", "")
    return {need.partition(":")[0]: file_of(need, year, pollutant) for need in settings.uses(card)}


def overlap_inputs(wildcards):
    needed = needed_by(catalogue.overlaps()[wildcards.overlap], wildcards)
    return {**needed, **places_files()} if wildcards.overlap == catalogue.PLACES else needed


def places_files():
    """Return the prepared file of each set of places of one's own, by name."""
    return {f"places_{name}": f"<prepared>/places_{name}.parquet" for name in settings.places}


def metric_inputs(wildcards):
    """Return the files that a metric of a year needs, by name; several of what it pools."""
    card = catalogue.metrics()[wildcards.metric]
    found = needed_by(card, wildcards)
    for need in card.pooled:
        years = settings.pooled_years(card, need, int(wildcards.year))
        found[need] = [file_of(need, year) for year in years]
    return found


def told_apart(wildcards):
    """Return the options that say which year and pollutant a job is for."""
    names = [name for name in ("year", "pollutant") if name in wildcards.keys()]
    return " ".join(f"--{name} {wildcards[name]}" for name in names)


def named(wildcards, input):
    """Return inputs as name=path, for the command line."""
    files = ((name, [one] if isinstance(one, str) else one) for name, one in input.items())
    return [f"{name}={path}" for name, paths in files for path in paths]


def published_inputs():
    """Return the files of what the results are published with, beside the measures, by name."""
    small_areas = {"small_areas"} if settings.has_small_areas else set()
    own = {catalogue.PLACES} if settings.places else set()
    beside = {catalogue.COMPARED_WITH} & set(settings.sources)
    names = [*catalogue.ALWAYS, *sorted(small_areas | own | beside)]
    return {**{name: file_of(name) for name in names}, **places_files()}


def measured_files():
    """Return the files of all metrics, years and pollutants."""
    files = []
    for name in settings.chosen_metrics:
        by = catalogue.metrics()[name].by
        wanted = product(settings.pollutants if "pollutant" in by else ("",), settings.years)
        for pollutant, year in wanted:
            stem = "_".join(str(part) for part in (name, pollutant, year) if part)
            files.append(f"<measured>/{stem}.parquet")
    return files


def sources_with(suffix, *by):
    """Return a pattern of the sources whose files have a suffix and are told apart by wildcards."""
    cards = catalogue.sources().items()
    return "|".join(name for name, card in cards if (card.suffix, card.by) == (suffix, by))


def metrics_by(*by):
    """Return a pattern of the metrics whose files are told apart by these wildcards."""
    return "|".join(name for name, card in catalogue.metrics().items() if card.files_by == by)


def overlaps_with(suffix):
    """Return a pattern of the overlaps whose files have a suffix."""
    return "|".join(name for name, card in catalogue.overlaps().items() if card.suffix == suffix)
