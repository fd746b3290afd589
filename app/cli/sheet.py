"""导入文件 — reading the CSV file that an operator names."""

from __future__ import annotations

from pathlib import Path

from app.kernel.errors import InvalidError
from app.kernel.sheet import LARGEST, Columns, Sheet, read_csv


def read(path: Path, columns: Columns) -> Sheet:
    """The sheet in that file. InvalidError where there is no such file, or it is no such sheet."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except PermissionError:
        raise InvalidError("imports.file.unreadable", file=path) from None
    except OSError:
        raise InvalidError("imports.file.missing", file=path) from None
    return read_csv(content, columns)
