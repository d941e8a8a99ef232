"""After a run that failed: what the jobs that failed said, for the end of the output."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

_FAILED = re.compile(r"^ +log: (.+) \(check log file", re.MULTILINE)
"""How Snakemake's own log names the log of a job that failed; each rule has one."""

_LAST_LINES = 20


def failures(run_logs: Iterable[Path]) -> list[str]:
    """Return one text for each job that failed: its ``error:`` line, or the end of its log.

    Parameters
    ----------
    run_logs : Snakemake's own logs of the run, which name the logs of the jobs that failed.
    """
    texts = [file.read_text(encoding="utf-8", errors="replace") for file in run_logs]
    names = dict.fromkeys(name for text in texts for name in _FAILED.findall(text))
    return [_said(Path(name)) for name in names]


def _said(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.is_file() else []
    for number, line in enumerate(lines):
        if line.startswith("error: "):
            return "\n".join(lines[number:])
    if not lines:
        return f"{log}: the job wrote nothing into its log; what Snakemake says of it stands above."
    return "\n".join([f"{log} ends with:", *lines[-_LAST_LINES:]])
