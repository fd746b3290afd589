"""The stand-in MBOX900 without a network: it loads packages, takes taps, exports (考勤机)."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.kernel.errors import ConflictError, InvalidError, NotFoundError
from app.kernel.span import at_ms, in_ms, shown
from device.mbox.contents import Activity, Listed, Package
from device.mbox.lines import members_of, record_of
from device.mbox.machine.memory import Batch, Memory
from device.mbox.machine.roll import Card, Roll, on_now, session_now
from device.mbox.package import read
from device.mbox.terms import NO_HASH, Anchor, Direction, Header, Record, Result, Source, ulid
from device.mbox.writing import moment_text, record_line, sealed

MAX_ANCHORS = 64  # in a header, which is one line

_MINUTE_MS = 60_000
_ENTROPY = 10


@dataclass(frozen=True, slots=True)
class Tap:
    """刷卡结果 — what was written down, whom the machine greets, and whether it lets them in."""

    record: Record
    person: Listed | None
    welcome: bool


class OfflineMachine:
    """考勤机替身 — what an MBOX900 does by itself.

    `clock` gives the true time in epoch milliseconds, `chance` so many random bytes: with both
    given, a machine does the same things to the byte every time. What it remembers is in `memory`;
    whoever keeps that beyond the process saves it (`Folder`).
    """

    def __init__(
        self,
        memory: Memory,
        *,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        chance: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self.memory = memory
        self.clock = clock
        self.chance = chance
        self._rolls = [Roll(read(data, self.key)) for data in memory.packages]
        self._recall()

    @property
    def key(self) -> bytes:
        """The device key. NotFoundError before enrolment."""
        if not self.memory.key:
            raise NotFoundError("device.machine.not_enrolled")
        return bytes.fromhex(self.memory.key.reveal())

    @property
    def shown_ms(self) -> int:
        """What the machine's own clock shows, right or wrong, as epoch milliseconds."""
        return self.clock() + self.memory.clock_ahead_ms

    @property
    def last_seq(self) -> int:
        """The number of the newest record of this epoch, 0 where there is none."""
        return len(self.memory.lines)

    @property
    def newest(self) -> Package:
        """The newest package. NotFoundError before the first."""
        if not self._rolls:
            raise NotFoundError("device.machine.no_package")
        return self._rolls[-1].package

    def load(self, data: bytes) -> Package:
        """Takes in a package. InvalidError where it cannot be read or is another machine's."""
        package = read(data, self.key)
        if package.manifest.device_sn != self.memory.device_sn:
            raise InvalidError("device.package.other_device", device_sn=package.manifest.device_sn)
        if all(roll.package.manifest != package.manifest for roll in self._rolls):
            self.memory.packages.append(data)
            self._rolls.append(Roll(package))
        return package

    def meet(self, server_ms: int, rtt_ms: int = 0) -> Anchor:
        """Notes what the server's clock shows right now: an anchor, and how far ahead it is."""
        true_ms = self.clock()
        self._boot(true_ms)
        self.memory.server_ahead_ms = server_ms - self.shown_ms
        anchor = Anchor(self.memory.boot, true_ms - self.memory.boot_at_ms, server_ms, rtt_ms)
        self.memory.anchors.append(anchor)
        return anchor

    def restart(self, boot: str | None = None) -> str:
        """Switches off and on: another boot, whose running time starts anew. Returns its name."""
        self.memory.boot = boot or self.chance(4).hex()
        self.memory.boot_at_ms = self.clock()
        return self.memory.boot

    def set_clock(self, ahead: timedelta) -> None:
        """Sets the machine's clock that far ahead of the true time; behind it where negative."""
        self.memory.clock_ahead_ms = ahead // timedelta(milliseconds=1)

    def tap(
        self,
        card: Card,
        *,
        at: datetime | None = None,
        activity_id: str | None = None,
        direction: Direction = Direction.NONE,
        source: Source | None = None,
    ) -> Tap:
        """Writes down one swipe and says what the machine believes of it.

        `at` is what the machine's clock shows then; left out, it is now. An activity that no
        package knows is written down as told, judged by the newest roster. NotFoundError before the
        first package; ConflictError for a time before the machine was switched on.
        """
        shown_ms = self.shown_ms if at is None else in_ms(at)
        true_ms = shown_ms - self.memory.clock_ahead_ms
        shown_ms -= shown_ms % 1000  # the machine's clock has no finer hand
        now = at_ms(shown_ms)
        self._boot(true_ms)
        roll, activity = self._serving(activity_id, now)
        belief = roll.judge(card, now)
        record = Record(
            seq=self.last_seq + 1,
            activity_id=activity.activity_id if activity else str(activity_id),
            person_no=belief.person_no,
            card_no=belief.card_no,
            uid_h=belief.uid_h,
            at_ms=shown_ms,
            boot=self.memory.boot,
            mono_ms=true_ms - self.memory.boot_at_ms,
            dir=direction,
            src=source or card.source,
            res=belief.res,
        )
        if belief.res is Result.OK and activity and self._repeats(record, activity):
            record = replace(record, res=Result.SUPPRESSED)
        self._write(record, roll)
        unlisted = record.res in {Result.NOT_LISTED, Result.UNKNOWN_CARD}
        open_door = unlisted and activity is not None and activity.allow_unlisted
        return Tap(record, belief.person, belief.person is not None or open_door)

    def export(
        self,
        *,
        first_seq: int | None = None,
        last_seq: int | None = None,
        batch_id: str | None = None,
        device_sn: str | None = None,
        key: bytes | None = None,
        with_anchors: bool = True,
    ) -> Batch:
        """The next batch: the records not yet exported, as far as one package was in use.

        Given numbers export that range, also again and out of order. Another batch_id, device_sn or
        key, and no anchors, are ways to misbehave. ConflictError for numbers that are not there, or
        that two packages share.
        """
        first = self.memory.exported_to + 1 if first_seq is None else first_seq
        package_id, end = self._stretch(first)
        last = end if last_seq is None else last_seq
        if not 1 <= first <= last + 1 <= end + 1:
            raise ConflictError("device.machine.no_such_records", first=first, last=last, end=end)
        shown_ms = self.shown_ms
        boots = {*self._boots[first - 1 : last], self.memory.boot}
        anchors = [anchor for anchor in self.memory.anchors if anchor.boot in boots]
        header = Header(
            device_sn=device_sn or self.memory.device_sn,
            fw=self.memory.fw,
            key_id=self.memory.key_id or "none",
            batch_id=batch_id or ulid(max(0, shown_ms), self.chance(_ENTROPY)),
            package_id=package_id,
            epoch=self.memory.epoch,
            first_seq=first,
            last_seq=last,
            exported_at_ms=shown_ms - shown_ms % 1000,
            anchors=tuple(anchors[-MAX_ANCHORS:]) if with_anchors else (),
            prev_hash=self._hash(first - 1),
        )
        lines = self.memory.lines[first - 1 : last]
        data = sealed(header, lines, last_hash=self._hash(last), key=key or self.key)
        batch = Batch(header.batch_id, data)
        self.memory.batches.append(batch)
        if first <= self.memory.exported_to + 1:
            self.memory.exported_to = max(self.memory.exported_to, last)
        return batch

    def export_all(self) -> list[Batch]:
        """All that was not yet exported, a batch for each package that was in use."""
        batches = []
        while self.memory.exported_to < self.last_seq:
            batches.append(self.export())
        return batches

    def clear(self) -> int:
        """Clears the records: another epoch begins, at number 1. Returns it."""
        self.memory.epoch += 1
        self.memory.exported_to = 0
        self._keep(0)
        return self.memory.epoch

    def rewind(self, seq: int) -> None:
        """Misbehaves: back to when that record was the newest, as an old backup put back would."""
        self.memory.exported_to = min(self.memory.exported_to, seq)
        self._keep(seq)

    def status(self) -> dict[str, object]:
        """What a heartbeat says."""
        return {
            "battery": 100,
            "free_bytes": 8_000_000,
            "unsent": self.last_seq - self.memory.exported_to,
            "package_seq": self.newest.manifest.package_seq if self._rolls else 0,
            "device_time": moment_text(self.shown_ms),
        }

    def _keep(self, seq: int) -> None:
        """Forgets the records after that one."""
        del self.memory.lines[seq:]
        self.memory.package_from = [one for one in self.memory.package_from if one[0] <= seq]
        self._recall()

    def _recall(self) -> None:
        """Works out from the lines what must be at hand for the next one."""
        self._hashes: list[bytes] = []
        self._boots: list[str] = []
        self._counted: dict[tuple[str, str | None, str | None], int] = {}
        for line in self.memory.lines:
            *_, h = row = record_of(line[:-1], members_of(line[:-1]))
            self._note(Record(*row[:8], Direction(row[8]), Source(row[9]), Result(row[10])), h)

    def _boot(self, true_ms: int) -> None:
        """Sees to it that the machine was on by then.

        A rehearsal of a day long past may meet the server first, today: while a boot has no record
        of its own, its start moves back with the anchors that count from it.
        """
        memory = self.memory
        if not memory.boot:
            self.restart()
        if true_ms >= memory.boot_at_ms:
            return
        if memory.boot in self._boots:
            raise ConflictError(
                "device.machine.before_boot", on_since=shown(at_ms(memory.boot_at_ms))
            )
        earlier_ms = memory.boot_at_ms - true_ms + _MINUTE_MS
        memory.boot_at_ms -= earlier_ms
        memory.anchors = [
            replace(anchor, mono_ms=anchor.mono_ms + earlier_ms)
            if anchor.boot == memory.boot
            else anchor
            for anchor in memory.anchors
        ]

    def _serving(self, activity_id: str | None, now: datetime) -> tuple[Roll, Activity | None]:
        """The activity a swipe is for: the one named, else one that is on, newest package first."""
        newest = self.newest
        tasks = [(roll, one) for roll in reversed(self._rolls) for one in roll.package.activities]
        for roll, activity in tasks:
            named = activity.activity_id == activity_id
            if named or (activity_id is None and on_now(activity, now)):
                return roll, activity
        if activity_id is not None:
            return self._rolls[-1], None
        if not tasks:
            raise ConflictError("device.machine.no_activity", package=newest.manifest.package_id)
        return tasks[0]

    def _repeats(self, record: Record, activity: Activity) -> bool:
        """Whether the person was counted for this session less than suppress_seconds ago."""
        session = session_now(activity, at_ms(record.at_ms))
        before = self._counted.get((record.activity_id, session, record.person_no))
        if before is None:
            return False
        return 0 <= record.at_ms - before < activity.suppress_seconds * 1000

    def _write(self, record: Record, roll: Roll) -> None:
        package_id = roll.package.manifest.package_id
        if not self.memory.package_from or self.memory.package_from[-1][1] != package_id:
            self.memory.package_from.append((record.seq, package_id))
        line, h = record_line(record, self._hash(record.seq - 1))
        self.memory.lines.append(line)
        self._note(record, h)

    def _note(self, record: Record, h: bytes) -> None:
        self._hashes.append(h)
        self._boots.append(record.boot)
        if record.res is Result.OK:
            _, activity = self._serving(record.activity_id, at_ms(record.at_ms))
            session = session_now(activity, at_ms(record.at_ms)) if activity else None
            self._counted[record.activity_id, session, record.person_no] = record.at_ms

    def _hash(self, seq: int) -> bytes:
        return self._hashes[seq - 1] if seq else NO_HASH

    def _stretch(self, seq: int) -> tuple[str | None, int]:
        """The package in use at a record, and the last record for which it was."""
        package_id = None
        for start, used in self.memory.package_from:
            if start > seq:
                return package_id, start - 1
            package_id = used
        return package_id, self.last_seq
