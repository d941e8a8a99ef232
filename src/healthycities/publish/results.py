"""Everything that a run hands over, written whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pacsv

from healthycities.catalogue import Measure
from healthycities.geography.register import Register
from healthycities.io.atomic import replacing, write_json, write_text
from healthycities.io.geopackage import write_geopackage
from healthycities.io.tabular import read_parquet
from healthycities.publish import left_out_places
from healthycities.publish.assemble import Results, assemble
from healthycities.publish.authority_years import AUTHORITY_YEARS, authority_years
from healthycities.publish.compared import COMPARED, compared
from healthycities.publish.dictionary import dictionary, layer_descriptions
from healthycities.publish.disclose import disclosed
from healthycities.publish.guide import Guide, credits_of
from healthycities.publish.layers import PublishedFiles, spatial_layers
from healthycities.publish.provenance import provenance
from healthycities.publish.reconcile import require_parts_add_up
from healthycities.publish.report import render
from healthycities.settings import Settings


def publish(
    run_dir: Path,
    settings: Settings,
    measure_files: Sequence[Path],
    files: PublishedFiles,
    raw_files: Mapping[str, Sequence[Path]],
    measures: Mapping[str, Measure],
    sources_of: Mapping[str, tuple[str, ...]],
    code_of: Mapping[str, str],
) -> None:
    """Write the results of a run: GeoPackage, tables, provenance and report.

    The files take their final names together, once all of them are whole; the GeoPackage is the
    last. The same content gives the same bytes, whenever and wherever it is written.

    Parameters
    ----------
    run_dir : folder that receives the files.
    measure_files : Parquet files in the schema `tables.MEASURES`.
    files : the areas that they are of.
    raw_files : the raw files of each source, by its name.
    measures : what each measure is, by the name that its rows have.
    sources_of : names of the sources behind each measure, by its name.
    code_of : digest of the code of each step of the run, by the name of the step.

    Raises
    ------
    HealthycitiesError : the parts do not fit together; nothing is written then.
    """
    results = assemble(measure_files, files.areas, files.places, synthetic=settings.synthetic)
    require_parts_add_up(results)
    # After the sums were held against one another, and before anything is made of the results.
    results = disclosed(results, measures, settings.disclosure)
    guide = Guide(measures, sources_of, credits_of(settings))
    guide.require(results.measures["metric"].unique())
    frames = spatial_layers(results, files, Register.load(), settings.authorities_as_at)
    borders = read_parquet(files.borders)
    beside = _beside(results, files, settings)
    origin = provenance(settings, raw_files, guide.credits, code_of, borders)
    left_out = left_out_places.said(results, files.outlines, guide)
    page = render(results, frames, guide, settings, borders, left_out)
    with ExitStack() as moves:
        # The last to be entered is the first to take its name.
        package = moves.enter_context(replacing(run_dir / settings.geopackage_name))
        report = moves.enter_context(replacing(run_dir / "report.html"))
        told = moves.enter_context(replacing(run_dir / "provenance.json"))
        csv = moves.enter_context(replacing(run_dir / "measures.csv"))
        parquet = moves.enter_context(replacing(run_dir / "measures.parquet"))
        write_tables(results.measures, parquet, csv)
        write_json(told, origin)
        write_text(report, page)
        _write_package(package, results, frames, guide, settings, beside)


def _beside(results: Results, files: PublishedFiles, settings: Settings) -> dict[str, pd.DataFrame]:
    """Return the table of results beside published ones, by its name; none without the latter."""
    if files.compared_with is None:
        return {}
    published = read_parquet(files.compared_with)
    return {COMPARED: compared(results.measures, published, settings.burden.leading)}


def write_tables(measures: pd.DataFrame, parquet: Path, csv: Path) -> None:
    """Write the long table twice: the same rows in the same order, every number in full.

    The CSV is UTF-8 with Unix lines; texts stand in quotes, and what is missing is empty.
    """
    measures.to_parquet(parquet, index=False)
    # Ten times as fast as pandas, whose writer takes a tenth of the step.
    pacsv.write_csv(pa.Table.from_pandas(measures, preserve_index=False), csv)


def _write_package(
    path: Path,
    results: Results,
    frames: Mapping[str, gpd.GeoDataFrame],
    guide: Guide,
    settings: Settings,
    beside: Mapping[str, pd.DataFrame],
) -> None:
    tables = {
        "measures": results.measures,
        AUTHORITY_YEARS: authority_years(results, Register.load()),
        **beside,
        "dictionary": dictionary(results, frames, guide, beside),
    }
    as_at = settings.authorities_as_at
    descriptions = layer_descriptions(results, frames, guide, as_at, beside)
    write_geopackage(path, {**frames, **tables}, descriptions=descriptions)
