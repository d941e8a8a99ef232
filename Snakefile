"""healthycities: from official open data to health-environment metrics per mayoral authority.

    snakemake                                      the embedded default, config/config.yaml
    snakemake --configfile config/england.yaml     a configuration of one's own

A configuration stands alone: it is not merged with the default.
"""

import os
import re
import sys
from pathlib import Path

import snakemake
from snakemake.utils import min_version

from healthycities import catalogue
from healthycities.errors import HealthycitiesError
from healthycities.libraries import computing_with
from healthycities.stages.check import checked_settings
from healthycities.stages.failures import failures
from healthycities.stages.wanted import wanted_files

min_version("9.8")

# Jobs run the command that belongs to this Python, whether or not its environment is activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


if not workflow.configfiles:

    configfile: "config/config.yaml"


try:
    settings = checked_settings(config, ", ".join(map(str, workflow.configfiles)))
    installed = computing_with()
    fetched = wanted_files(settings)
except HealthycitiesError as error:
    # Not a WorkflowError, which would put a traceback of this file after the message.
    sys.exit(f"error: {error}")

RESULT_FILES = [
    settings.geopackage_name,
    "measures.parquet",
    "measures.csv",
    "provenance.json",
    "report.html",
]


pathvars:
    results=settings.run_dir,
    fetched=settings.fetched_dir,
    raw=f"{settings.run_dir}/steps/raw",
    prepared=f"{settings.run_dir}/steps/prepared",
    overlaps=f"{settings.run_dir}/steps/overlaps",
    measured=f"{settings.run_dir}/steps/measured",
    logs=f"{settings.run_dir}/logs",
    benchmarks=f"{settings.run_dir}/benchmarks",


wildcard_constraints:
    year=r"\d{4}",
    pollutant="|".join(settings.pollutants) or "none",
    source="|".join(catalogue.sources()),
    overlap="|".join(catalogue.overlaps()),
    metric="|".join(catalogue.metrics()),
    place_set="|".join(settings.places) or "none",
    fetched_file="|".join(map(re.escape, fetched)) or "none",


include: "workflow/rules/common.smk"
include: "workflow/rules/fetch.smk"
include: "workflow/rules/prepare.smk"
include: "workflow/rules/overlap.smk"
include: "workflow/rules/measure.smk"
include: "workflow/rules/publish.smk"


rule all:
    default_target: True
    input:
        [f"<results>/{name}" for name in RESULT_FILES],


onsuccess:
    print("", f"Results: {settings.run_dir}/report.html and {settings.geopackage_name}", "", sep="\n")


# The last thing said of a run that failed is what is wrong and what to do.
onerror:
    print("", *failures(map(Path, log)), "", sep="\n", file=sys.stderr)
