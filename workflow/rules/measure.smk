# Step 4: the metrics of each year, and pollutant where they have them.


def metric_code(wildcards):
    return code_of("stages.measure", f"metrics.{wildcards.metric}")


def metric_keys(wildcards):
    return settings.part(*catalogue.metrics()[wildcards.metric].settings)


rule measure:
    input:
        unpack(metric_inputs),
    output:
        "<measured>/{metric}_{year}.parquet",
    wildcard_constraints:
        metric=metrics_by("year"),
    params:
        inputs=named,
        given=metric_keys,
        code=metric_code,
        of=told_apart,
    log:
        "<logs>/measure_{metric}_{year}.log",
    benchmark:
        "<benchmarks>/measure_{metric}_{year}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    message:
        "Computing {wildcards.metric} of {wildcards.year}"
    shell:
        "healthycities measure {wildcards.metric} {params.of} --input {params.inputs:q}"
        " --keys {params.given:q} --out {output:q} 2> {log:q}"


use rule measure as measure_pollutant with:
    output:
        "<measured>/{metric}_{pollutant}_{year}.parquet",
    wildcard_constraints:
        metric=metrics_by("pollutant", "year"),
    log:
        "<logs>/measure_{metric}_{pollutant}_{year}.log",
    benchmark:
        "<benchmarks>/measure_{metric}_{pollutant}_{year}.tsv"
    message:
        "Computing {wildcards.metric} of {wildcards.pollutant} in {wildcards.year}"
