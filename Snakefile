"""healthycities: from official open data to health-environment metrics per mayoral authority.

    snakemake                                      the embedded default, config/config.yaml
    snakemake --configfile config/england.yaml     a configuration of one's own

A configuration stands alone: it is not merged with the default.
"""

from snakemake.utils import min_version

from healthycities import catalogue
from healthycities.settings import from_mapping
from healthycities.stages.check import require_files

min_version("9.8")


if "sources" not in config:

    configfile: "config/config.yaml"


settings = from_mapping(config)
require_files(settings)

RESULT_FILES = [
    f"healthycities_{settings.run_name}.gpkg",
    "measures.parquet",
    "measures.csv",
    "provenance.json",
    "report.html",
]


pathvars:
    results=settings.run_dir,
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
