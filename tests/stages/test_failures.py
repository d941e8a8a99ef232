from __future__ import annotations

from pathlib import Path

from healthycities.stages.failures import failures

ERROR = "error: deaths.csv: line 17: expected a number. Correct the row."


def run_log(folder: Path, *logs: Path) -> list[Path]:
    """Write what Snakemake writes of jobs that failed."""
    said = [
        f"Error in rule x:\n    jobid: 1\n    log: {log} (check log file(s) for error details)\n"
        for log in logs
    ]
    file = folder / "snakemake.log"
    file.write_text("Building DAG of jobs...\n" + "".join(said), encoding="utf-8")
    return [file]


def log(folder: Path, name: str, text: str) -> Path:
    """Write the log of a job."""
    file = folder / f"{name}.log"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_error_line_of_a_job_is_all_that_is_said(tmp_path: Path):
    """What the job logged before its error is left out."""
    one = log(tmp_path, "one", f"INFO healthycities: reading\n{ERROR}\n")
    assert failures(run_log(tmp_path, one)) == [ERROR]


def test_each_failed_job_speaks_once(tmp_path: Path):
    """Two jobs give two texts, in order, even where Snakemake names one of them twice."""
    one, two = log(tmp_path, "one", ERROR), log(tmp_path, "two", "error: b.csv: is empty. Mend it.")
    assert failures(run_log(tmp_path, one, two, one)) == [ERROR, "error: b.csv: is empty. Mend it."]


def test_other_failures_are_shown_by_the_end_of_the_log(tmp_path: Path):
    """A traceback is shown by its last twenty lines, under the name of the log."""
    one = log(tmp_path, "one", "".join(f"line {n}\n" for n in range(100)))
    (said,) = failures(run_log(tmp_path, one))
    assert said.splitlines() == [f"{one} ends with:", *(f"line {n}" for n in range(80, 100))]


def test_a_job_that_said_nothing_is_told_by_name(tmp_path: Path):
    """Of an empty log, and of one that is not there, no reason is guessed."""
    one, two = log(tmp_path, "one", ""), tmp_path / "two.log"
    assert failures(run_log(tmp_path, one, two)) == [
        f"{file}: the job wrote nothing into its log; what Snakemake says of it stands above."
        for file in (one, two)
    ]


def test_a_log_may_stand_in_a_folder_of_any_name(tmp_path: Path):
    """Spaces and commas in a path do not cut it."""
    folder = tmp_path / "my results, new"
    folder.mkdir()
    assert failures(run_log(tmp_path, log(folder, "one", ERROR))) == [ERROR]


def test_a_run_without_failed_jobs_has_nothing_to_tell(tmp_path: Path):
    """Logs of other jobs are not named, and so not read."""
    log(tmp_path, "one", ERROR)
    assert failures(run_log(tmp_path)) == []
