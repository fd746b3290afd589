"""推送 — messages and events on their way to the product: five seconds, three times, and mishaps.

A message keeps its MsgId and CreateTime in every delivery; time stamp, nonce and cipher are new.
"""

from __future__ import annotations

import http.client
import secrets
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode, urlsplit

from wechat.simulator import envelopes
from wechat.simulator.envelopes import FaultyReplyError, Letter
from wechat.simulator.world import Account, Json, User, World

PATIENCE_S = 5.0
MOST_ATTEMPTS = 3
_STAGGER = 20  # an overlapping attempt starts after this part of the patience
_OK, _BROKEN = 200, 500
_LARGEST = 1_000_000


class Verdict(StrEnum):
    """结果 — what the platform made of an attempt."""

    RUNNING = "running"
    SHOWN = "shown"  # 显示回复
    QUIET = "quiet"  # 不用回复
    SAME = "same"  # 重复投递，回复一样
    OTHER = "other"  # 重复投递，回复变了
    TIMEOUT = "timeout"
    UNREACHED = "unreached"
    CUT = "cut"
    BROKEN = "broken"  # 5xx
    FAULTY = "faulty"


_AGAIN = {Verdict.TIMEOUT, Verdict.UNREACHED, Verdict.CUT, Verdict.BROKEN}
_GOOD = {Verdict.SHOWN, Verdict.QUIET}


@dataclass(slots=True, kw_only=True)
class Attempt:
    """一次投递 — what was sent, what came, and how long it took in milliseconds."""

    number: int
    order: int
    at: float
    query: dict[str, str] = field(default_factory=dict)
    body: str = ""
    status: int | None = None
    ms: float = 0.0
    answer: bytes = b""
    verdict: Verdict = Verdict.RUNNING
    cause: str = ""
    seen: Json | None = None

    def told(self) -> Json:
        return {
            "attempt": self.number, "at": self.at, "status": self.status, "ms": round(self.ms, 1),
            "verdict": self.verdict, "cause": self.cause, "query": self.query,
            "sent": self.body, "body": self.answer.decode(errors="replace"), "shown": self.seen,
        }  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Delivery:
    """一条消息的投递 — the message, and its attempts. `spoken` ones show a fault to the person."""

    number: int
    account: Account
    openid: str
    members: Json
    message: bytes
    spoken: bool
    at: float
    name: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    shown: list[Json] = field(default_factory=list)
    held: bool = False

    @property
    def appid(self) -> str:
        return self.account.appid

    @property
    def what(self) -> str:
        """MsgType, or the Event."""
        return str(self.members.get("Event") or self.members.get("MsgType"))

    def told(self) -> Json:
        return {
            "number": self.number, "openid": self.openid, "appid": self.appid,
            "members": self.members, "message": self.message.decode(), "held": self.held,
            "msgid": self.members.get("MsgId"), "shown": self.shown,
            "deliveries": [one.told() for one in self.attempts],
        }  # fmt: skip


def compose(world: World, account: Account, user: User, members: Json, *, spoken: bool) -> Delivery:
    """A message of the person to the account, not yet sent. Hold the world's lock."""
    at = int(world.clock.wall())
    head = {"ToUserName": account.username, "FromUserName": user.openid, "CreateTime": at}
    if "Event" in members:
        whole = head | {"MsgType": "event", **members}
    else:
        whole = head | {**members, "MsgId": secrets.randbelow(10**17) + 24 * 10**17}
    return _posted(world, account, user, whole, envelopes.plain(account, whole), spoken=spoken)


def compose_raw(world: World, account: Account, user: User, message: bytes) -> Delivery:
    """Any bytes at all, signed and sealed as a message would be. Hold the world's lock."""
    return _posted(world, account, user, {"MsgType": "raw"}, message, spoken=True)


def _posted(
    world: World, account: Account, user: User, members: Json, message: bytes, *, spoken: bool
) -> Delivery:  # fmt: skip
    delivery = Delivery(
        number=world.next_number(), account=account, openid=user.openid, members=members,
        message=message, spoken=spoken, at=world.clock(),
    )  # fmt: skip
    world.deliveries.append(delivery)
    return delivery


def send(world: World, delivery: Delivery) -> Delivery:
    """Send until it is answered, as the platform does; do not hold the world's lock.

    With `reorder` it is held back until the next one has been sent.
    """
    with world.lock:
        if world.reorder and not world.held:
            delivery.held = True
            world.held.append(delivery)
            world.touch()
            return delivery
        behind, world.held = world.held, []
    _deliver(world, delivery)
    for late in behind:
        late.held = False
        _deliver(world, late)
    return delivery


def later(
    world: World, account: Account, user: User, members: Json, *, seconds: float
) -> None:  # fmt: skip
    """Let an event follow, unseen by the person. Hold the world's lock."""
    if account.filed.callback_url:
        delivery = compose(world, account, user, members, spoken=False)
        world.timers.later(seconds / world.speed, lambda: _deliver(world, delivery))


# ------------------------------------------------------------------ the attempts


def _deliver(world: World, delivery: Delivery) -> None:
    with world.lock:
        mishap = world.faults.of_callback(delivery.what, delivery.appid) or {}
        at_once = MOST_ATTEMPTS if world.overlap else int(mishap.get("overlap") or 0)
        more = max(world.duplicate, int(mishap.get("duplicate") or 0))
    if at_once:
        _overlapping(world, delivery, mishap, at_once)
    else:
        for number in range(1, MOST_ATTEMPTS + 1):
            attempt = _attempt(world, delivery, number, mishap)
            _show(world, delivery, attempt)
            if attempt.verdict not in _AGAIN:
                break
    for _ in range(more):
        attempt = _attempt(world, delivery, len(delivery.attempts) + 1, {})
        _show(world, delivery, attempt)
    with world.lock:
        if delivery.spoken and not any(
            one.verdict in _GOOD or one.verdict is Verdict.FAULTY for one in delivery.attempts
        ):
            _give(world, delivery, {"msgtype": "unavailable"})
        world.touch()


def _overlapping(world: World, delivery: Delivery, mishap: Json, count: int) -> None:
    """Every attempt starts while those before it are still running."""
    running: list[Future[Attempt]] = []
    with ThreadPoolExecutor(count) as pool:
        for number in range(1, count + 1):
            running.append(pool.submit(_attempt, world, delivery, number, mishap))
            time.sleep(PATIENCE_S / world.speed / _STAGGER)
    for one in running:
        _show(world, delivery, one.result())


def _attempt(world: World, delivery: Delivery, number: int, mishap: Json) -> Attempt:
    """One delivery over HTTP, timed and judged."""
    with world.lock:
        account = delivery.account
        attempt = Attempt(number=number, order=world.next_number(), at=world.clock())
        letter = envelopes.sealed(
            account, delivery.openid, delivery.message, world.clock.wall()
        )  # fmt: skip
        attempt.query, attempt.body = letter.query, letter.body.decode()
        delivery.attempts.append(attempt)
        world.touch()
    first = number == 1
    patience = PATIENCE_S / world.speed
    started = time.monotonic()
    try:
        url = "" if first and mishap.get("lost") else account.filed.callback_url
        attempt.status, attempt.answer = _carried(url, letter, patience)
        late = float(mishap.get("late") or 0) / world.speed if first else 0.0
        if late:
            time.sleep(max(0.0, min(late, patience - (time.monotonic() - started))))
        attempt.verdict = Verdict.QUIET
        if time.monotonic() - started >= patience:
            attempt.verdict = Verdict.TIMEOUT
        elif first and mishap.get("cut"):
            attempt.answer = attempt.answer[: len(attempt.answer) // 2]
            attempt.verdict, attempt.cause = Verdict.CUT, "cut"
    except TimeoutError:
        attempt.verdict = Verdict.TIMEOUT
    except (OSError, http.client.HTTPException) as error:
        attempt.verdict, attempt.cause = Verdict.UNREACHED, type(error).__name__
    attempt.ms = (time.monotonic() - started) * 1000
    if attempt.verdict is Verdict.QUIET:
        _judge(account, delivery, attempt)
    return attempt


def _judge(account: Account, delivery: Delivery, attempt: Attempt) -> None:
    if attempt.status is not None and attempt.status >= _BROKEN:
        attempt.verdict = Verdict.BROKEN
        return
    if attempt.status != _OK:
        attempt.verdict, attempt.cause = Verdict.FAULTY, f"HTTP {attempt.status}"
        return
    try:
        attempt.seen = envelopes.opened(account, delivery.openid, attempt.answer)
    except FaultyReplyError as error:
        attempt.verdict, attempt.cause = Verdict.FAULTY, str(error)
    else:
        attempt.verdict = Verdict.QUIET if attempt.seen is None else Verdict.SHOWN


def _show(world: World, delivery: Delivery, attempt: Attempt) -> None:
    """Let the person see it, unless an earlier attempt was answered: then it is only compared."""
    with world.lock:
        before = [
            one for one in delivery.attempts
            if one is not attempt and one.verdict in _GOOD
        ]  # fmt: skip
        if before and attempt.verdict in _GOOD:
            alike = before[0].seen == attempt.seen
            attempt.verdict = Verdict.SAME if alike else Verdict.OTHER
        elif attempt.verdict is Verdict.SHOWN and attempt.seen is not None:
            _give(world, delivery, attempt.seen)
        elif attempt.verdict is Verdict.FAULTY and delivery.spoken and not before:
            _give(world, delivery, {"msgtype": "unavailable"})
        world.touch()


def _give(world: World, delivery: Delivery, seen: Json) -> None:
    delivery.shown.append(seen)
    user = world.users.get(delivery.openid)
    if user is not None:
        kind = "fault" if seen["msgtype"] == "unavailable" else "reply"
        world.add(user, kind, {**seen, "delivery": delivery.number})


# ------------------------------------------------------------------ over HTTP


def _carried(url: str, letter: Letter, patience: float) -> tuple[int, bytes]:
    """Status and body. TimeoutError when the whole takes longer than the patience."""
    address = urlsplit(url)
    if not address.hostname:
        raise ConnectionError("nowhere")
    query = "&".join(filter(None, (address.query, urlencode(letter.query))))
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=patience)
    over = _Deadline(connection, patience)
    try:
        headers = {
            "Content-Type": letter.content_type,
            "User-Agent": "Mozilla/4.0",
            "Accept": "*/*",
        }
        target = f"{address.path or '/'}?{query}"
        connection.request("POST", target, letter.body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(_LARGEST)
    except (OSError, http.client.HTTPException):
        if over.passed:
            raise TimeoutError from None
        raise
    finally:
        over.cancel()
        connection.close()


class _Deadline:
    """Hangs up when the time is over, however slowly the answer trickles in."""

    def __init__(self, connection: http.client.HTTPConnection, seconds: float) -> None:
        self.passed = False
        self._connection = connection
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        """It was in time."""
        self._timer.cancel()

    def _hang_up(self) -> None:
        self.passed = True
        held: Any = self._connection.sock
        if held is not None:
            try:
                held.shutdown(socket.SHUT_RDWR)
            except OSError:
                return


def verified(world: World, account: Account) -> Json:
    """接入验证 — whether the product gives a random text back as it was."""
    echostr = str(secrets.randbelow(10**19))
    with world.lock:
        query = envelopes.signed(account, world.clock.wall()) | {"echostr": echostr}
    address = urlsplit(account.filed.callback_url)
    if not address.hostname:
        return {"verified": False, "cause": "no callback_url"}
    connection = http.client.HTTPConnection(
        address.hostname, address.port, timeout=PATIENCE_S / world.speed
    )
    try:
        connection.request("GET", f"{address.path}?{urlencode(query)}")
        answer = connection.getresponse()
        body = answer.read(_LARGEST)
    except (OSError, http.client.HTTPException) as error:
        return {"verified": False, "cause": type(error).__name__}
    finally:
        connection.close()
    right = answer.status == _OK and body == echostr.encode()
    return {"verified": right, "status": answer.status, "body": body.decode(errors="replace")}
