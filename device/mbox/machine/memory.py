"""What a machine remembers, and the folder in which a stand-in keeps it (考勤机存储)."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from app.kernel.errors import NotFoundError
from app.kernel.secret import Secret
from device.mbox.terms import Anchor

_STATE = "machine.json"
_OWNER_ONLY = 0o600


@dataclass(slots=True)
class Batch:
    """已导出批次 — a file that left the machine; `answered` once the server has said it has it."""

    batch_id: str
    data: bytes
    answered: bool = False


@dataclass(slots=True)
class Memory:
    """考勤机存储 — all that outlives a power cut. Times are epoch milliseconds.

    `lines` are the record lines of the current epoch, written once and never again changed;
    `package_from` says from which record on which package was in use; `clock_ahead_ms` is how far
    the machine's clock is ahead of the true time, and `server_ahead_ms` how far the server was
    ahead of the machine's clock when they last spoke.
    """

    device_sn: str
    fw: str = "1.4.2"
    server: str | None = None
    key_id: str | None = None
    key: Secret | None = None
    epoch: int = 1
    boot: str = ""
    boot_at_ms: int = 0
    clock_ahead_ms: int = 0
    server_ahead_ms: int = 0
    exported_to: int = 0
    anchors: list[Anchor] = field(default_factory=list)
    package_from: list[tuple[int, str]] = field(default_factory=list)
    lines: list[bytes] = field(default_factory=list)
    packages: list[bytes] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)


class Folder:
    """存储文件夹 — one machine on disk: its state, records, packages and batches."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def inhabited(self) -> bool:
        """Whether a machine lives in it."""
        return (self.path / _STATE).exists()

    def load(self) -> Memory:
        """What the folder remembers. NotFoundError where no machine lives in it."""
        if not self.inhabited:
            raise NotFoundError("device.machine.none", folder=str(self.path))
        kept: dict[str, Any] = orjson.loads((self.path / _STATE).read_bytes())
        kept["key"] = Secret(kept["key"]) if kept["key"] else None
        kept["anchors"] = [Anchor(**anchor) for anchor in kept["anchors"]]
        kept["package_from"] = [(seq, package_id) for seq, package_id in kept["package_from"]]
        kept["lines"] = self._lines(kept["epoch"])
        kept["packages"] = [path.read_bytes() for path in sorted(self.path.glob("*.mbxpkg"))]
        kept["batches"] = [
            Batch(batch_id, self._batch(batch_id).read_bytes(), answered)
            for batch_id, answered in kept["batches"]
        ]
        return Memory(**kept)

    def save(self, memory: Memory) -> None:
        """Writes what is new, the state last: a stop in between loses no record that was taken."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        for number, package in enumerate(memory.packages, start=1):
            path = self.path / f"{number:06}.mbxpkg"
            if not path.exists():
                path.write_bytes(package)
        for batch in memory.batches:
            if not self._batch(batch.batch_id).exists():
                self._batch(batch.batch_id).write_bytes(batch.data)
        self._keep_lines(memory)
        state: dict[str, object] = {
            name: getattr(memory, name)
            for name in Memory.__slots__
            if name not in {"lines", "packages", "batches", "key", "anchors"}
        }
        state["key"] = memory.key.reveal() if memory.key else None
        state["anchors"] = [asdict(anchor) for anchor in memory.anchors]
        state["batches"] = [(batch.batch_id, batch.answered) for batch in memory.batches]
        new = self.path / f"{_STATE}.new"
        new.touch(_OWNER_ONLY)
        new.write_bytes(orjson.dumps(state, option=orjson.OPT_INDENT_2))
        new.replace(self.path / _STATE)

    def _lines(self, epoch: int) -> list[bytes]:
        """The whole lines of the journal; a line that a power cut tore was never answered for."""
        path = self._journal(epoch)
        parts = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [part + b"\n" for part in parts]

    def _keep_lines(self, memory: Memory) -> None:
        """Appends the new lines; writes all anew where the memory was set back."""
        path = self._journal(memory.epoch)
        written = self._lines(memory.epoch)
        torn = path.exists() and path.stat().st_size != sum(map(len, written))
        anew = torn or memory.lines[: len(written)] != written
        with path.open("wb" if anew else "ab") as journal:
            journal.writelines(memory.lines[0 if anew else len(written) :])
            journal.flush()
            os.fsync(journal.fileno())

    def _journal(self, epoch: int) -> Path:
        return self.path / f"records-{epoch}.ndjson"

    def _batch(self, batch_id: str) -> Path:
        return self.path / f"{batch_id}.mbxrec"
