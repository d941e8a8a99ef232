# Step 1: raw files. Files of one's own stand under data_dir; those of publishers are fetched into it,
# for all runs of the project; the demonstration writes its own.

DEMO = ("demo", "authorities", "authorities_as_at", "include")


rule fetch_demo_places:
    output:
        [f"<raw>/{name}" for name in [*STATIC_FILES.values(), WORLD_FILE]],
    params:
        given=settings.part(*DEMO),
        code=code_of("stages.demo"),
    log:
        "<logs>/fetch_demo_places.log",
    benchmark:
        "<benchmarks>/fetch_demo_places.tsv"
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
    message:
        "Writing the demonstration's places (SYNTHETIC)"
    shell:
        'healthycities demo --folder "$(dirname {output[0]:q})" --keys {params.given:q} 2> {log:q}'


rule fetch_demo_land_cover:
    input:
        f"<raw>/{WORLD_FILE}",
        f"<raw>/{STATIC_FILES['small_areas']}",
    output:
        demo_file("land_cover"),
    params:
        given=settings.part("demo", "green_cover.of_ndvi"),
        code=code_of("stages.demo"),
    log:
        "<logs>/fetch_demo_land_cover.log",
    benchmark:
        "<benchmarks>/fetch_demo_land_cover.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    message:
        "Writing the demonstration's land cover (SYNTHETIC)"
    shell:
        'healthycities demo --folder "$(dirname {output[0]:q})" --land-cover'
        " --keys {params.given:q} 2> {log:q}"


rule fetch_demo_year:
    input:
        f"<raw>/{WORLD_FILE}",
    output:
        [f"<raw>/{name}" for name in YEARLY_FILES.values()],
    params:
        given=settings.part(*DEMO),
        code=code_of("stages.demo"),
    log:
        "<logs>/fetch_demo_year_{year}.log",
    benchmark:
        "<benchmarks>/fetch_demo_year_{year}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    message:
        "Writing the demonstration's values of {wildcards.year} (SYNTHETIC)"
    shell:
        'healthycities demo --folder "$(dirname {output[0]:q})" --year {wildcards.year}'
        " --keys {params.given:q} 2> {log:q}"


# What was fetched is told by its address and hash, so that an edit of the code fetches nothing again.
rule fetch:
    output:
        "<fetched>/{fetched_file}",
    params:
        given=lambda wildcards: fetched[wildcards.fetched_file].keys,
        lock_file=settings.lock_file,
    log:
        "<logs>/fetch_{fetched_file}.log",
    benchmark:
        "<benchmarks>/fetch_{fetched_file}.tsv"
    threads: 1
    resources:
        mem_mb=1000,
        # A resource, not a parameter: where a file is fetched from changes no result.
        downloads=settings.downloads.model_dump_json(),
    message:
        "Fetching {wildcards.fetched_file}"
    shell:
        "healthycities download --keys {params.given:q}"
        " --downloads {resources.downloads:q} --lock-file {params.lock_file:q} --out {output:q}"
        " 2> {log:q}"
