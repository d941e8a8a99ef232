# Step 5: the results. Nothing reads them again: QGIS alters a GeoPackage when it opens it.


rule publish:
    input:
        **published_inputs(),
        measures=measured_files(),
        raw=[path for _, path in all_raw_files()],
    output:
        [f"<results>/{name}" for name in RESULT_FILES],
    params:
        # By a function, because Snakemake would fill the braces of a path such as deaths_{year}.csv.
        given=lambda wildcards: settings.whole(),
        code=code_of("stages.publish"),
        # Snakemake alters no number, but the provenance names its version.
        snakemake=snakemake.__version__,
        inputs=lambda wildcards, input: [f"{name}={input[name]}" for name in published_inputs()],
        raw=lambda wildcards, input: [
            f"{source}={path}"
            for (source, _), path in zip(all_raw_files(), input.raw, strict=True)
        ],
    log:
        "<logs>/publish.log",
    benchmark:
        "<benchmarks>/publish.tsv"
    threads: 1
    resources:
        mem_mb=2000,
    message:
        "Writing the results"
    shell:
        'healthycities publish --folder "$(dirname {output[0]:q})" --keys {params.given:q}'
        " --measures {input.measures:q} --input {params.inputs:q} --raw-of {params.raw:q}"
        " 2> {log:q}"
