# Step 2: raw files of any publisher and vintage to checked files of one form.


def prepare_code(wildcards):
    return code_of("stages.prepare", f"sources.{wildcards.source}")


def source_keys(wildcards):
    return settings.source_part(wildcards.source)


def prepare_mem_mb(wildcards, input):
    # What is read of a GeoPackage of roads takes two and a half times the size of the file.
    return 1000 + 3 * int(input.size_mb)


rule prepare:
    input:
        raw=raw_of,
    output:
        "<prepared>/{source}.parquet",
    wildcard_constraints:
        source=sources_with(".parquet"),
    params:
        given=source_keys,
        code=prepare_code,
        raw=raw_states,
        of=told_apart,
    log:
        "<logs>/prepare_{source}.log",
    benchmark:
        "<benchmarks>/prepare_{source}.tsv"
    threads: 1
    resources:
        mem_mb=prepare_mem_mb,
    message:
        "Reading {wildcards.source}"
    shell:
        "healthycities prepare {wildcards.source} {params.of} --raw {input.raw:q}"
        " --keys {params.given:q} --out {output:q} 2> {log:q}"


use rule prepare as prepare_year with:
    output:
        "<prepared>/{source}_{year}.parquet",
    wildcard_constraints:
        source=sources_with(".parquet", "year"),
    log:
        "<logs>/prepare_{source}_{year}.log",
    benchmark:
        "<benchmarks>/prepare_{source}_{year}.tsv"
    message:
        "Reading {wildcards.source} of {wildcards.year}"


use rule prepare as prepare_grid with:
    output:
        "<prepared>/{source}_{pollutant}_{year}.tif",
    wildcard_constraints:
        source=sources_with(".tif", "pollutant", "year"),
    log:
        "<logs>/prepare_{source}_{pollutant}_{year}.log",
    benchmark:
        "<benchmarks>/prepare_{source}_{pollutant}_{year}.tsv"
    message:
        "Reading {wildcards.source} of {wildcards.pollutant} in {wildcards.year}"


# Places of one's own are small areas or districts, as a list, or outlines.
rule prepare_places:
    input:
        raw=lambda wildcards: settings.places_path(wildcards.place_set),
    output:
        "<prepared>/places_{place_set}.parquet",
    params:
        given=lambda wildcards: settings.places_part(wildcards.place_set),
        code=code_of("stages.prepare", "sources.own_places"),
        raw=lambda wildcards: raw_state(Path(settings.places_path(wildcards.place_set))),
    log:
        "<logs>/prepare_places_{place_set}.log",
    benchmark:
        "<benchmarks>/prepare_places_{place_set}.tsv"
    threads: 1
    resources:
        mem_mb=prepare_mem_mb,
    message:
        "Reading places.{wildcards.place_set}"
    shell:
        "healthycities places --raw {input.raw:q} --keys {params.given:q} --out {output:q}"
        " 2> {log:q}"


# A raster of any size stays where it is: this writes a small file that says which one it is, with
# its hash, so that what rests on it is computed anew when it is replaced.
use rule prepare as prepare_raster with:
    output:
        "<prepared>/{source}.json",
    wildcard_constraints:
        source=sources_with(".json"),
    log:
        "<logs>/prepare_{source}.log",
    benchmark:
        "<benchmarks>/prepare_{source}.tsv"
    message:
        "Checking the raster of {wildcards.source}"
