"""The command `python -m device.mbox.machine`: a stand-in MBOX900 on the desk (考勤机命令)."""

from __future__ import annotations

import argparse
import functools
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias

import orjson

from app.base import qr
from app.kernel.errors import CmeError, ConflictError
from app.kernel.secret import Secret
from app.kernel.span import in_ms, local
from device.mbox.codec import peek
from device.mbox.contents import Package
from device.mbox.machine import tricks
from device.mbox.machine.memory import Folder, Memory
from device.mbox.machine.online import Machine
from device.mbox.machine.roll import Card
from device.mbox.machine.wire import Response
from device.mbox.terms import Anchor, Direction, Source

REFUSED = 2
ABOUT = """A stand-in MBOX900 attendance terminal. It keeps its memory in a folder, takes activity
packages from a file or from the server, takes taps, and exports record batches to a file or uploads
them. Every command prints one JSON document. Times without a zone are Beijing time."""

Options: TypeAlias = argparse.Namespace
Said: TypeAlias = dict[str, Any] | list[dict[str, Any]]
Verb: TypeAlias = Callable[[Machine, Options], Said]


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command, or what `play` reads. Exit 0 done; 2 refused, with a line on stderr."""
    parser = _parser()
    options = parser.parse_args(arguments)
    plays = options.verb is None
    acts = [parser.parse_args(orjson.loads(line)) for line in sys.stdin] if plays else [options]
    folder, said = Folder(options.state), []
    try:
        fresh = bool(acts) and acts[0].verb is _enrol and not folder.inhabited
        machine = Machine(_new(acts[0]) if fresh else folder.load())
        true_clock = machine.clock
        try:
            for act in acts:
                machine.clock = functools.partial(in_ms, act.now) if act.now else true_clock
                said.append(act.verb(machine, act))
        finally:
            if said:
                folder.save(machine.memory)
    except CmeError as why:
        facts = ", ".join(f"{name}: {value}" for name, value in why.facts.items())
        sys.stderr.write(f"{why.code}{f' ({facts})' if facts else ''}\n")
        return REFUSED
    except OSError as why:
        sys.stderr.write(f"{why}\n")
        return REFUSED
    shown = said if plays else said[0]
    sys.stdout.write(orjson.dumps(shown, option=orjson.OPT_INDENT_2).decode() + "\n")
    return 0


def _new(options: Options) -> Memory:
    return Memory(device_sn=options.sn)


def _enrol(machine: Machine, options: Options) -> Said:
    if options.sn != machine.memory.device_sn:
        raise ConflictError("device.machine.another", device_sn=machine.memory.device_sn)
    machine.memory.server = options.server or machine.memory.server
    if options.key is not None:
        machine.memory.key, machine.memory.key_id = Secret(options.key.hex()), options.key_id
    elif options.code is not None:
        machine.enrol(options.code)
    else:
        raise ConflictError("device.machine.needs", options="--code or --key")
    return {"device_sn": machine.memory.device_sn, "key_id": machine.memory.key_id}


def _move(machine: Machine, options: Options) -> Said:
    machine.memory.server = options.url
    return {"server": options.url}


def _load(machine: Machine, options: Options) -> Said:
    return [_package(machine.load(path.read_bytes())) for path in options.packages]


def _fetch(machine: Machine, _: Options) -> Said:
    return [_package(package) for package in machine.fetch()]


def _sync(machine: Machine, options: Options) -> Said:
    if options.server_shows is None:
        return _anchor(machine.synchronise())
    return _anchor(machine.meet(in_ms(options.server_shows)))


def _tap(machine: Machine, options: Options) -> Said:
    if options.clock_offset is not None:
        machine.set_clock(options.clock_offset)
    if options.boot is not None and options.boot != machine.memory.boot:
        machine.restart(options.boot)
    card = Card(uid=options.uid, card_no=options.card, person_no=options.person)
    if card == Card():
        raise ConflictError("device.machine.needs", options="--uid, --card or --person")
    tap = machine.tap(
        card,
        at=options.at,
        activity_id=options.activity,
        direction=Direction(options.dir),
        source=options.src and Source(options.src),
    )
    return {
        "seq": tap.record.seq,
        "activity_id": tap.record.activity_id,
        "person_no": tap.record.person_no,
        "name": tap.person.name if tap.person else None,
        "res": tap.record.res,
        "welcome": tap.welcome,
    }


def _export(machine: Machine, options: Options) -> Said:
    batch = machine.export(
        first_seq=options.first,
        last_seq=options.last,
        batch_id=options.batch_id,
        device_sn=options.as_device,
        key=bytes(32) if options.wrong_key else None,
        with_anchors=not options.no_anchors,
    )
    header, data = peek(batch.data), batch.data
    out = options.out / header.file_name if header and options.out.is_dir() else options.out
    if options.flip is not None:
        data = tricks.flipped(data, *options.flip)
    if options.crlf:
        data = tricks.with_crlf(data)
    if options.bom:
        data = tricks.with_mark(data)
    if options.cut is not None:
        data = tricks.cut(data, options.cut)
    out.write_bytes(data)
    return {
        "file": str(out),
        "batch_id": batch.batch_id,
        "first_seq": header.first_seq if header else None,
        "last_seq": header.last_seq if header else None,
        "left": machine.last_seq - machine.memory.exported_to,
    }


def _upload(machine: Machine, options: Options) -> Said:
    if options.again:
        for batch in machine.memory.batches:
            batch.answered = False
    return [_answer(answer) for answer in machine.upload(wait_s=options.wait)]


def _heartbeat(machine: Machine, _: Options) -> Said:
    return _answer(machine.heartbeat())


def _proof(machine: Machine, options: Options) -> Said:
    machine.synchronise()
    url = machine.show_proof(options.uid, options.account)
    if options.draw:
        sys.stderr.write(f"{qr.drawn(url)}\n")
    return {"url": url}


def _restart(machine: Machine, options: Options) -> Said:
    return {"boot": machine.restart(options.boot)}


def _clear(machine: Machine, _: Options) -> Said:
    return {"epoch": machine.clear()}


def _rewind(machine: Machine, options: Options) -> Said:
    machine.rewind(options.seq)
    return {"last_seq": machine.last_seq}


def _show(machine: Machine, _: Options) -> Said:
    memory = machine.memory
    return {
        "device_sn": memory.device_sn,
        "server": memory.server,
        "key_id": memory.key_id,
        "epoch": memory.epoch,
        "boot": memory.boot,
        "last_seq": machine.last_seq,
        "unanswered": [batch.batch_id for batch in memory.batches if not batch.answered],
        **machine.status(),
    }


def _package(package: Package) -> dict[str, Any]:
    manifest = package.manifest
    return {
        "package_id": manifest.package_id,
        "package_seq": manifest.package_seq,
        "activities": [activity.activity_id for activity in package.activities],
        "roster": len(package.roster),
        "revoked": len(package.revoked),
    }


def _anchor(anchor: Anchor) -> dict[str, Any]:
    return asdict(anchor)


def _answer(answer: Response) -> dict[str, Any]:
    return {"http_status": answer.status, **answer.said}


def _moment(text: str) -> datetime:
    return local(text)


def _seconds(text: str) -> timedelta:
    return timedelta(seconds=float(text))


def _flip(text: str) -> tuple[int, int]:
    place, _, bit = text.partition(":")
    return int(place), int(bit or 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m device.mbox.machine", description=ABOUT)
    parser.add_argument(
        "--state", type=Path, default=Path("var/mbox900"), help="folder of the machine's memory"
    )
    parser.add_argument(
        "--now", type=_moment, metavar="TIME", help="the true time, for rehearsals; default: now"
    )
    verbs = parser.add_subparsers(required=True, metavar="COMMAND")

    def verb(name: str, run: Verb, about: str) -> argparse.ArgumentParser:
        found = verbs.add_parser(name, help=about, description=about)
        found.set_defaults(verb=run)
        return found

    enrol = verb("enrol", _enrol, "begin a machine: trade the one-time code for a key, or give one")
    enrol.add_argument("--sn", required=True, help="serial number")
    enrol.add_argument("--server", metavar="URL", help="http address of the server")
    enrol.add_argument("--code", help="one-time code from `device register`")
    enrol.add_argument("--key", type=bytes.fromhex, metavar="HEX", help="a key already handed out")
    enrol.add_argument("--key-id", default="k1", help="its id; default k1")

    move = verb("move", _move, "from now on the server has another address")
    move.add_argument("url", metavar="URL", help="http address of the server")

    load = verb("load", _load, "load packages from files")
    load.add_argument("packages", type=Path, nargs="+", metavar="FILE.mbxpkg")

    verb("fetch", _fetch, "download new packages")

    sync = verb("sync", _sync, "ask the server for its time, and note an anchor")
    sync.add_argument(
        "--server-shows", type=_moment, metavar="TIME", help="ask nobody: the server shows this now"
    )
    _tap_options(verb("tap", _tap, "hold a card to the reader, or type a person's number"))
    _export_options(verb("export", _export, "write the next batch of records to a file"))

    upload = verb("upload", _upload, "send every batch that has no answer yet")
    upload.add_argument("--wait", type=float, default=0.0, metavar="SECONDS", help="for the result")
    upload.add_argument(
        "--again", action="store_true", help="also those that have one, with the same bytes"
    )

    verb("heartbeat", _heartbeat, "tell the server how the machine is")
    proof = verb("proof", _proof, "hold a card to the reader, and show the code that binds it")
    proof.add_argument("--uid", type=bytes.fromhex, metavar="HEX", required=True, help="its UID")
    proof.add_argument("--account", metavar="SLUG", help="the account on which to bind")
    proof.add_argument("--draw", action="store_true", help="draw the code, on standard error")
    restart = verb("restart", _restart, "switch off and on")
    restart.add_argument("--boot", help="name of the boot; default: a random one")
    verb("clear", _clear, "clear the records: the next epoch begins at number 1")
    rewind = verb("rewind", _rewind, "misbehave: go back as if an old backup had been put back")
    rewind.add_argument("seq", type=int, metavar="SEQ", help="the record that is the newest then")
    verb("show", _show, "say what the machine remembers")
    about = "do what standard input says in one go, each line a JSON list of a command's words"
    verbs.add_parser("play", help=about, description=about).set_defaults(verb=None)
    return parser


def _tap_options(tap: argparse.ArgumentParser) -> None:
    tap.add_argument("--uid", type=bytes.fromhex, metavar="HEX", help="the card's UID")
    tap.add_argument("--card", metavar="CARD_NO", help="the number read from the card")
    tap.add_argument("--person", metavar="PERSON_NO", help="a number typed in")
    tap.add_argument("--at", type=_moment, metavar="TIME", help="what the machine's clock shows")
    tap.add_argument("--activity", metavar="ID", help="default: the one that is on")
    tap.add_argument("--dir", choices=[*Direction], default=Direction.NONE, help="default none")
    tap.add_argument("--src", choices=[*Source], help="default card, or key for a typed number")
    tap.add_argument(
        "--clock-offset",
        type=_seconds,
        metavar="SECONDS",
        help="from now on the machine's clock is so far ahead of the true time",
    )
    tap.add_argument("--boot", help="switch off and on first, unless this boot is running")


def _export_options(export: argparse.ArgumentParser) -> None:
    export.add_argument("--out", type=Path, required=True, help="file, or a folder to name it in")
    export.add_argument("--from", dest="first", type=int, metavar="SEQ", help="first record")
    export.add_argument("--to", dest="last", type=int, metavar="SEQ", help="last record")
    lies = export.add_argument_group("ways to misbehave")
    lies.add_argument("--batch-id", metavar="ULID", help="another batch's id")
    lies.add_argument("--as-device", metavar="SN", help="another machine's serial number")
    lies.add_argument("--wrong-key", action="store_true", help="sign with a key of zeros")
    lies.add_argument("--no-anchors", action="store_true", help="leave the anchors out")
    lies.add_argument("--flip", type=_flip, metavar="BYTE[:BIT]", help="turn over one bit")
    lies.add_argument("--cut", type=int, metavar="BYTES", help="keep only the first bytes")
    lies.add_argument("--crlf", action="store_true", help="line ends as on Windows")
    lies.add_argument("--bom", action="store_true", help="a byte order mark in front")


if __name__ == "__main__":
    sys.exit(main())
