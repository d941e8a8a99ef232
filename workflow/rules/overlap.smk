# Step 3: what depends on geometry alone, built once for all years.


def overlap_code(wildcards):
    return code_of("stages.overlap", f"overlaps.{wildcards.overlap}")


def overlap_keys(wildcards):
    return settings.part(*catalogue.overlaps()[wildcards.overlap].settings)


def overlap_threads(wildcards):
    # Half of the cores, so that two such jobs run side by side: neither can start with all of them
    # busy before it has compiled its kernel on one.
    return max(1, workflow.cores // 2) if catalogue.overlaps()[wildcards.overlap].parallel else 1


def overlap_mem_mb(wildcards, input):
    # Roads take seven to fourteen times the size of their compressed files, beyond the first 2 GB.
    return 2000 + 10 * int(input.size_mb)


rule overlap:
    input:
        unpack(overlap_inputs),
    output:
        "<overlaps>/{overlap}.parquet",
    wildcard_constraints:
        overlap=overlaps_with(".parquet"),
    params:
        inputs=named,
        given=overlap_keys,
        code=overlap_code,
    log:
        "<logs>/overlap_{overlap}.log",
    benchmark:
        "<benchmarks>/overlap_{overlap}.tsv"
    threads: overlap_threads
    resources:
        mem_mb=overlap_mem_mb,
        # A resource, not a parameter: where the work runs changes no result, and reruns nothing.
        scheduler=settings.compute.scheduler,
    message:
        "Building {wildcards.overlap} (threads: {threads})"
    shell:
        "healthycities overlap {wildcards.overlap} --input {params.inputs:q}"
        " --keys {params.given:q} --scheduler {resources.scheduler:q} --workers {threads}"
        " --out {output:q} 2> {log:q}"


use rule overlap as overlap_weights with:
    output:
        "<overlaps>/{overlap}.npz",
    wildcard_constraints:
        overlap=overlaps_with(".npz"),
    log:
        "<logs>/overlap_{overlap}.log",
    benchmark:
        "<benchmarks>/overlap_{overlap}.tsv"
