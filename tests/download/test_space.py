from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from healthycities.download.space import require_space, writing
from healthycities.errors import DownloadError


def test_what_fits_may_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """As many bytes as are free fit, and one more does not; the folder is made."""
    usage = shutil.disk_usage(tmp_path)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage)
    require_space(tmp_path / "new", 1000)
    assert (tmp_path / "new").is_dir()
    with pytest.raises(DownloadError, match=r"new: the disk has 1,000 bytes free, and 1,001 are"):
        require_space(tmp_path / "new", 1001)


def test_a_disk_that_is_full_is_told(tmp_path: Path):
    """What the system says is one message with the name of the file."""
    with (
        pytest.raises(DownloadError, match=r"x: cannot be written: No space left on device\. Make"),
        writing(tmp_path / "x"),
    ):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
