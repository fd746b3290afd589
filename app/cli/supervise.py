"""启动 — what `./run` does: services, migrations, the parts, the main job, and an orderly end."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import click

from app import config
from app.base import words
from app.cli import db, processes
from app.cli.keeping import Child, Keeper, Part
from app.cli.services import Services
from app.kernel.errors import CmeError, ConflictError, UnavailableError

_HOST = "127.0.0.1"
_USUAL_PORT = 8000
_USUAL_SIMULATOR_PORT = 8001
_READY_S = 60.0
_LOOK_S = 0.1
_REFUSED, _FAULT, _INTERRUPTED = 2, 1, 130

# The settings that say where WeChat is.
_PLATFORM = ("KEJIAO_WECHAT_API", "KEJIAO_WECHAT_OPEN")
_WEB = (
    "-m", "gunicorn", "app.main:create_app()", "--worker-class", "gthread", "--workers", "2",
    "--threads", "4", "--graceful-timeout", "10", "--no-control-socket", "--bind",
)  # fmt: skip
_BEHIND = {
    "worker": ("-m", "jobs.worker"),
    "relay": ("-m", "jobs.relay"),
    "scheduler": ("-m", "jobs.schedule"),
}


def _help_of(name: str) -> str:
    return words.sentence("run", f"help.{name}", {})


@click.command(help=_help_of("run"))
@click.option("--once", is_flag=True, help=_help_of("once"))
@click.option(
    "--json", "report", type=click.Path(dir_okay=False, path_type=Path), help=_help_of("json")
)
@click.option("--port", type=click.IntRange(1, 65_535), help=_help_of("port"))
def main(*, once: bool, report: Path | None, port: int | None) -> None:
    """Run until Ctrl-C. Exit 0 stopped · 2 refused · 1 our fault · 130 stopped while starting."""
    # Also SIGINT: a shell's background job is born deaf to it. Under nohup, deafness is wanted.
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if ending is not signal.SIGHUP or signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, signal.default_int_handler)
    run = Run(config.state_folder())
    try:
        happened = run.start(port, once=once)
        if report is not None:
            report.parent.mkdir(parents=True, exist_ok=True)
            _write(report, json.dumps(happened, ensure_ascii=False, indent=1) + "\n", mode=0o644)
        if not once:
            run.stay()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
    except ConflictError as error:
        click.echo(words.of_error(error), err=True)
        sys.exit(_REFUSED)
    except CmeError as error:
        click.echo(words.of_error(error), err=True)
        sys.exit(_FAULT)
    finally:
        # From here on nothing interrupts us, or something would stay behind.
        for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(ending, signal.SIG_IGN)
        run.stop()


class Run:
    """One run: what it started, in order, and where others find it."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._record = state / "run.json"
        self._open = ExitStack()
        self._parts: list[Part] = []
        self._web = ""
        self._simulator: str | None = None

    def start(self, port: int | None, *, once: bool) -> dict[str, Any]:
        """Bring everything up and perform the main job; what happened is the answer."""
        started_at = time.monotonic()
        self._services = self._open_services()
        number = _free_port(_USUAL_PORT, wanted=port)
        self._web = f"http://{_HOST}:{number}"
        self._simulator = _simulator_wanted()
        self._provide()
        _say("migrating")
        db.upgrade(self._services.owner_url)
        _say("starting")
        self._start_parts(number)
        # While the parts come up, the demo city may already be made.
        with MainJob(self._web, self._simulator, once=once) as job:
            self._wait_until_ready(number)
            happened = job.done()
        _say("ready", web=self._web, seconds=round(time.monotonic() - started_at))
        if self._simulator is not None:
            _say("simulator", simulator=self._simulator)
        return happened

    def stay(self) -> None:
        """Keep all parts alive until somebody interrupts."""
        _say("stop_by")
        keeper = Keeper(self._parts, self._changed)
        with contextlib.suppress(KeyboardInterrupt):
            while True:
                keeper.look()
                time.sleep(_LOOK_S)

    def stop(self) -> None:
        """Stop what we started, those that need others first, and withdraw the record."""
        if self._parts:
            _say("stopping")
        self._open.close()

    def _open_services(self) -> Services:
        _say("services")
        services = Services(
            self._state,
            database_url=config.given("DATABASE_URL"),
            owner_url=config.given("OWNER_DATABASE_URL"),
            redis_url=config.given("REDIS_URL"),
        )
        try:
            self._open.enter_context(services)
        except ConflictError as error:
            raise _with_address(error, self._record) from None
        self._open.callback(self._record.unlink, missing_ok=True)
        self._parts += services.started
        return services

    def _provide(self) -> None:
        """Give the settings to our children by environment; the owner's address is not for them."""
        made = _made_secrets(self._state / "secrets.env")
        chosen = {
            "DATABASE_URL": self._services.database_url,
            "REDIS_URL": self._services.redis_url,
            "KEJIAO_PUBLIC_URL": self._web,
        }
        if self._simulator is not None:
            chosen |= dict.fromkeys(_PLATFORM, self._simulator)
        given = {name: value for name in (*made, *chosen) if (value := config.given(name))}
        config.provide({**made, **chosen, **given})

    def _start_parts(self, port: int) -> None:
        web = Child("web", (*_WEB, f"{_HOST}:{port}"), state=self._state)
        behind = [
            Child(name, command, state=self._state)
            for name, command in (self._simulating() | _BEHIND).items()
        ]
        for child in (web, *behind):
            self._open.callback(child.stop)
            child.start()
            self._parts.append(child)
        for child in (web, *behind):
            self._open.callback(child.ask)
        self._write_record()

    def _simulating(self) -> dict[str, tuple[str, ...]]:
        """The simulator as a part; it keeps what the platform must not forget beside our data."""
        if self._simulator is None:
            return {}
        port = str(urlsplit(self._simulator).port)
        kept = str(self._state / "simulator.json")
        given = ("--port", port, "--web", self._web, "--keep", kept)
        return {"simulator": ("-m", "wechat.simulator", *given)}

    def _wait_until_ready(self, port: int) -> None:
        log = self._state / "log" / "web.log"
        web = next(part for part in self._parts if part.name == "web")
        processes.wait_for(lambda: web.poll() is not None or _answers(port), _READY_S)
        if web.poll() is not None or not _answers(port):
            raise UnavailableError("run.web.silent", log=log, said=processes.tail(log))

    def _changed(self, part: Part, ended: int | str | None) -> None:
        if ended is None:
            self._write_record()
            _say("back", name=part.name, pid=part.pid)
        else:
            _say("fell", name=part.name, ended=ended)

    def _write_record(self) -> None:
        record = {
            "web": self._web,
            "simulator": self._simulator,
            "database_url": self._services.database_url,
            "owner_database_url": self._services.owner_url,
            "redis_url": self._services.redis_url,
            "pids": {part.name: part.pid for part in self._parts if part.pid is not None},
        }
        _write(self._record, json.dumps(record, indent=1) + "\n", mode=0o600)


class MainJob:
    """主要的事 — the demo city where it is not made yet, its upload, its award, its questions.

    A program of its own does it, waits for the web as far as it must, and tells what it does on
    standard error. Leaving early ends it.
    """

    def __init__(self, web: str, simulator: str | None, *, once: bool) -> None:
        command = [sys.executable, "-m", "app", "demo", "run", "--json", "--web", web]
        if simulator is not None:
            command += ["--simulator", simulator]
        self._process = subprocess.Popen(
            [*command, "--once"] if once else command,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=config.ROOT,
            start_new_session=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            # A Ctrl-C reached only us; the job goes, and whomever it has started.
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait()

    def done(self) -> dict[str, Any]:
        """What happened, once all is done. UnavailableError where it failed."""
        said, _ = self._process.communicate()
        if self._process.returncode != 0:
            raise UnavailableError("run.demo.failed")
        happened: dict[str, Any] = json.loads(said)
        return happened


def _say(code: str, **facts: object) -> None:
    click.echo(words.sentence("run", f"said.{code}", facts))


def _simulator_wanted() -> str | None:
    """Where the simulator will answer; None where WeChat itself does, or is said to be elsewhere.

    A product in production speaks to nobody but WeChat.
    """
    if config.given("KEJIAO_MODE") == "production" or any(map(config.given, _PLATFORM)):
        return None
    return f"http://{_HOST}:{_free_port(_USUAL_SIMULATOR_PORT)}"


def _free_port(usual: int, *, wanted: int | None = None) -> int:
    """The port asked for, else the usual one, else any. ConflictError when that asked is taken."""
    for port in (wanted,) if wanted else (usual, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ConflictError("run.port.taken", port=wanted)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _with_address(error: ConflictError, record: Path) -> ConflictError:
    """The refusal of a second run, naming where the first one answers if it says so."""
    if not record.exists():
        return error
    return ConflictError("run.state.already_up", web=json.loads(record.read_text())["web"])


def _made_secrets(path: Path) -> dict[str, str]:
    """Keys of this installation, made once and kept: without them nothing that is sealed opens."""
    if not path.exists():
        made = {
            "KEJIAO_KEYS": f"k1:{_random_key()}",
            "KEJIAO_INDEX_KEY": _random_key(),
            "KEJIAO_SECRET": secrets.token_urlsafe(32),
        }
        _write(path, "".join(f"{name}={value}\n" for name, value in made.items()), mode=0o600)
    lines = path.read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line)


def _random_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _write(path: Path, text: str, *, mode: int) -> None:
    """Write a file whole or not at all."""
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=mode)
    new.chmod(mode)
    new.write_text(text, encoding="utf-8")
    new.replace(path)


if __name__ == "__main__":
    main(prog_name="./run")
