"""收件 — a million records through the real job, beside a COPY of the same rows, in one run."""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, text

from app.attendance import commands as attendance
from app.attendance.terms import DeviceKind
from app.attendance.terms.drivers import Sent
from app.base import outbox
from app.base.site import Site, connect
from app.base.vault import Vault
from app.base.work import begin
from app.config import Config
from app.kernel.secret import Secret
from app.kernel.span import in_ms, local
from device.drivers import DRIVERS
from device.mbox.terms import NO_HASH, Anchor, Header, ulid
from device.mbox.writing import header_line
from jobs.queues import HANDLERS
from tests.load.ground import OPERATOR, Ground, ground, hold, populate
from tests.support.filing import session

GOAL, MEMORY_GOAL_MB = 0.25, 300

_SN = "MBX-LOAD"
_ROUNDS_A_PERSON = 4

_CARDS = """
insert into card (card_no, person_id, state, since, path)
select 'C' || person_no, id, 'active', '2010-01-01', path from person
"""
_SESSIONS = [
    session(f"s{n}", opens_at=f"2013-05-{18 + n}T07:30", closes_at=f"2013-05-{18 + n}T20:30")
    for n in range(4)
]


def main(argv: list[str]) -> None:
    """Measure and print rows a second, the ratio and the job's memory."""
    options = argparse.ArgumentParser(prog="python -m tests.load intake")
    options.add_argument("--records", type=int, default=1_000_000)
    options.add_argument("--people", type=int, default=100_000)
    options.add_argument("--job", help=argparse.SUPPRESS)
    chosen = options.parse_args(argv)
    if chosen.job:
        _job(json.loads(chosen.job))
        return
    with ground() as on, TemporaryDirectory() as folder:
        file = Path(folder) / "records.mbxrec"
        key = _prepare(on, chosen.people)
        _write(file, key, chosen.records, chosen.people)
        size = file.stat().st_size / 1e6
        people = f"{chosen.people:,} people with a card each"
        print(f"a file of {chosen.records:,} records of {people}, {size:.0f} MB", flush=True)
        message = _send(on, file)
        spent = _in_a_process(on, message)
        stored = _count(on.owner, "select count(*) from swipe where state = 'accepted'")
        limit = _copy_of_same_rows(on.owner)
    rate, most = chosen.records / spent["seconds"], chosen.records / limit
    print(
        f"intake {spent['seconds']:.1f} s, {rate:,.0f} records/s, {stored:,} accepted; "
        f"COPY of the same rows into the same keyed table {limit:.1f} s, {most:,.0f} rows/s"
    )
    print(
        f"ratio {rate / most:.2f} (goal: at least {GOAL}); "
        f"resident memory {spent['memory_mb']:.0f} MB (goal: under {MEMORY_GOAL_MB})"
    )


def _prepare(on: Ground, people: int) -> bytes:
    """People, a card each, a batch, and an enrolled terminal; its key."""
    populate(on.owner, people)
    with on.owner.begin() as connection:
        connection.exec_driver_sql(_CARDS)
    hold(on.site, ends_at="2013-05-21T18:00", sessions=_SESSIONS, plan={"strategy": "any"})
    with on.owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("vacuum analyze card"))
    with begin(on.site, OPERATOR) as work:
        code = attendance.register(work, _SN, "H0", DeviceKind.MBOX).enrol_code
    with begin(on.site, OPERATOR) as work:
        key = attendance.enrol(work, _SN, code or Secret("")).key
    return bytes.fromhex(key.reveal())


def _write(file: Path, key: bytes, records: int, people: int) -> None:
    """A machine's whole life in one file, in the bytes of the page."""
    boot_ms = in_ms(local("2013-05-18T07:00"))
    header = header_line(
        Header(
            device_sn=_SN, fw="1.4.2", key_id="k1", batch_id=ulid(boot_ms, bytes(10)),
            package_id=None, epoch=1, first_seq=1, last_seq=records, exported_at_ms=boot_ms,
            anchors=(Anchor("5f0c9a1e", 0, boot_ms, 40),), prev_hash=NO_HASH,
        )
    )  # fmt: skip
    mac = hmac.new(key, header, hashlib.sha256)
    last = NO_HASH
    with file.open("wb") as out:
        out.write(header)
        for line, last in _lines(records, people, boot_ms):  # noqa: B007  the last one is used
            mac.update(line)
            out.write(line)
        out.write(
            b'{"t":"T","count":%d,"last_hash":"%b","hmac":"%b"}\n'
            % (records, last.hex().encode(), mac.hexdigest().encode())
        )


def _lines(records: int, people: int, boot_ms: int) -> Iterator[tuple[bytes, bytes]]:
    """Each person swipes four times, a day apart, in an order of its own each day."""
    chance = random.Random(1)
    day_ms, h = 86_400_000, NO_HASH
    a_day = -(-records // _ROUNDS_A_PERSON)
    order: list[int] = []
    for seq in range(1, records + 1):
        day, place = divmod(seq - 1, a_day)
        if place % people == 0:
            order = chance.sample(range(1, people + 1), people)
        person = 100_000_000 + order[place % people]
        mono = day * day_ms + 1_800_000 + place * 36_000_000 // a_day
        moment = time.gmtime((boot_ms + mono) // 1000 + 28_800)
        cut = (
            b'{"t":"R","seq":%d,"activity_id":"B1","person_no":"%d","card_no":"C%d","uid_h":"%032x",'
            b'"at_dev":"%04d-%02d-%02dT%02d:%02d:%02d+08:00","boot":"5f0c9a1e","mono_ms":%d,'
            b'"dir":"none","src":"card","res":"ok"'
            % (seq, person, person, person, *moment[:6], mono)
        )
        h = hashlib.sha256(h + cut).digest()
        yield b'%b,"h":"%b"}\n' % (cut, h.hex().encode()), h


def _send(on: Ground, file: Path) -> int:
    """Store the file as the CLI does; the message of the job."""

    def blocks() -> Iterator[bytes]:
        with file.open("rb") as opened:
            while block := opened.read(1 << 20):
                yield block

    began = time.perf_counter()
    with begin(on.site, OPERATOR) as work:
        attendance.upload(work, Sent.weighed(blocks))
    print(f"stored as it came in {time.perf_counter() - began:.1f} s", flush=True)
    [message] = work.messages
    return message.id


def _in_a_process(on: Ground, message: int) -> dict[str, float]:
    """Do the job in a process of its own, which says how long it took and how much it held."""
    config = on.site.config
    asked = {"database_url": config.database_url.reveal(), "message": message}
    done = subprocess.run(
        [sys.executable, "-m", "tests.load", "intake", "--job", json.dumps(asked)],
        check=True, capture_output=True, text=True, env=os.environ,
    )  # fmt: skip
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def _job(asked: dict[str, str]) -> None:
    engine = connect(asked["database_url"], pool_size=8)
    nothing = Secret("")
    config = Config(
        database_url=Secret(asked["database_url"]), owner_url=nothing, redis_url="", keys=nothing,
        index_key=nothing, secret=nothing, public_url="", production=False, pool_size=8,
        statement_timeout_ms=0,
    )  # fmt: skip
    vault = Vault({"k1": b"k" * 32}, b"i" * 32)
    site = Site(config=config, engine=engine, vault=vault, handlers=HANDLERS, drivers=DRIVERS)
    began = time.perf_counter()
    outbox.deliver(site, int(asked["message"]))
    seconds = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "memory_mb": memory}))


def _copy_of_same_rows(owner: Engine) -> float:
    """Seconds to COPY the same rows into a table of the same shape, keys and indexes."""
    raw = owner.raw_connection()
    try:
        cursor = raw.cursor()
        cursor.execute("create table ready (like swipe including all)")
        with cursor.copy("copy swipe to stdout (format binary)") as out:
            body = b"".join(bytes(block) for block in out)
        raw.commit()
        began = time.perf_counter()
        with cursor.copy("copy ready from stdin (format binary)") as into:
            for start in range(0, len(body), 1 << 20):
                into.write(body[start : start + (1 << 20)])
        raw.commit()
        return time.perf_counter() - began
    finally:
        raw.close()


def _count(owner: Engine, sql: str) -> int:
    with owner.connect() as connection:
        return int(connection.execute(text(sql)).scalar_one())
