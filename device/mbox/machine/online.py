"""The stand-in MBOX900 with a network: it enrols, fetches packages and uploads (考勤机联网)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

import orjson

from app.kernel.errors import InvalidError, NotFoundError, UnavailableError
from app.kernel.secret import Secret
from device.mbox.contents import Package
from device.mbox.machine.memory import Batch
from device.mbox.machine.offline import OfflineMachine
from device.mbox.machine.wire import Request, Response, Send, over_http, packed
from device.mbox.signing import headers
from device.mbox.terms import Anchor

_OK, _ACCEPTED = 200, 202
_GOOD = range(200, 300)
_POLL_S = 0.2
_NONCE = 16
_FOREIGN = "device.package.bad_signature"


class Machine(OfflineMachine):
    """考勤机替身 — an MBOX900 with its network cable in.

    Requests go to `memory.server` over HTTP, or to `send` where one is given. What the server
    refuses to do for enrolment, time and packages raises UnavailableError with its words; answers
    to uploads, heartbeats and `call` are given back as they came, whatever their status.
    """

    send: Send | None = None

    def enrol(self, code: str) -> str:
        """Trades the one-time code for a key, which the machine keeps. Returns the key's id."""
        body = orjson.dumps({"device_sn": self.memory.device_sn, "code": code})
        asked = Request("POST", "/device/v1/enrol", {"Content-Type": "application/json"}, body)
        said = self._told(self._exchange(asked))
        self.memory.key_id, self.memory.key = str(said["key_id"]), Secret(str(said["key"]))
        return self.memory.key_id

    def synchronise(self) -> Anchor:
        """Asks the server for its time: an anchor for the records, an offset for the signatures."""
        asked_ms = self.clock()
        said = self._told(self._exchange(Request("GET", "/device/v1/time")))
        rtt_ms = self.clock() - asked_ms
        return self.meet(int(said["server_ms"]) + rtt_ms // 2, rtt_ms)

    def fetch(self) -> list[Package]:
        """Downloads, checks, loads and acknowledges the packages it has not got.

        A machine that was enrolled anew passes over those that were signed with its older key;
        InvalidError where the newest is none of its own.
        """
        self.synchronise()
        newest = self.status()["package_seq"]
        found = self._told(self.call("GET", f"/device/v1/packages?after={newest}"))["packages"]
        loaded = []
        older: InvalidError | None = None
        for one in sorted(found, key=lambda one: int(one["package_seq"])):
            path = f"/device/v1/packages/{one['package_id']}"
            answer = self.call("GET", path)
            self._told(answer)
            if hashlib.sha256(answer.body).hexdigest() != one["sha256"]:
                raise InvalidError("device.package.altered", file=one["package_id"])
            try:
                loaded.append(self.load(answer.body))
            except InvalidError as refused:
                if refused.code != _FOREIGN:
                    raise
                older = refused
                continue
            older = None
            self._told(self.call("POST", f"{path}/ack"))
        if older is not None:
            raise older
        return loaded

    def upload(self, *, wait_s: float = 0) -> list[Response]:
        """Exports what is new, then sends every batch the server has not yet answered.

        A batch is sent with the same bytes and the same batch id until it has its answer. Waits up
        to `wait_s` for one that is queued.
        """
        self.synchronise()
        self.export_all()
        waiting = [batch for batch in self.memory.batches if not batch.answered]
        return [self.send_batch(batch, wait_s=wait_s) for batch in waiting]

    def send_batch(self, batch: Batch, *, wait_s: float = 0, gzipped: bool = True) -> Response:
        """Sends one batch, once; its answer, or the later one that a queued batch comes to."""
        extra = {"Idempotency-Key": batch.batch_id, "Content-Type": "application/x-ndjson"}
        if gzipped:
            extra["Content-Encoding"] = "gzip"
        body = packed(batch.data) if gzipped else batch.data
        answer = self.call("POST", "/device/v1/records", body, extra=extra)
        batch.answered = answer.status in {_OK, _ACCEPTED}
        until = time.monotonic() + wait_s
        while batch.answered and answer.said.get("state") == "queued" and time.monotonic() < until:
            time.sleep(_POLL_S)
            answer = self.call("GET", f"/device/v1/records/{batch.batch_id}")
        return answer

    def heartbeat(self) -> Response:
        """Tells the server how the machine is."""
        extra = {"Content-Type": "application/json"}
        return self.call("POST", "/device/v1/heartbeat", orjson.dumps(self.status()), extra=extra)

    def show_proof(self, uid: bytes, account: str | None = None) -> str:
        """Asks for the address that proves this card was just held to the reader, for a minute."""
        asked = {"uid": uid.hex().upper()} | ({"account": account} if account else {})
        extra = {"Content-Type": "application/json"}
        answer = self.call("POST", "/device/v1/proof", orjson.dumps(asked), extra=extra)
        return str(self._told(answer)["url"])

    def call(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        extra: Mapping[str, str] | None = None,
        time_s: int | None = None,
        nonce: str | None = None,
        key: bytes | None = None,
        signed_body: bytes | None = None,
    ) -> Response:
        """One signed request. Another time, nonce, key or signed body are ways to misbehave."""
        server_ms = self.shown_ms + self.memory.server_ahead_ms
        signed = headers(
            key or self.key,
            device_sn=self.memory.device_sn,
            method=method,
            path=path,
            body=body if signed_body is None else signed_body,
            time=server_ms // 1000 if time_s is None else time_s,
            nonce=nonce or self.chance(_NONCE).hex(),
        )
        return self._exchange(Request(method, path, signed | dict(extra or {}), body))

    def _exchange(self, request: Request) -> Response:
        if self.send is None:
            if self.memory.server is None:
                raise NotFoundError("device.machine.no_server")
            self.send = over_http(self.memory.server)
        return self.send(request)

    def _told(self, answer: Response) -> dict[str, Any]:
        """What a good answer says. UnavailableError with the server's words for any other."""
        if answer.status not in _GOOD:
            error = answer.said.get("error") or {}
            raise UnavailableError(
                "device.server.refused",
                status=answer.status,
                server_code=error.get("code", ""),
                message=error.get("message", ""),
            )
        return answer.said
