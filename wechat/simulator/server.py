"""服务器 — the simulator on a port of this machine: the platform, its control, and the phone."""

from __future__ import annotations

import json
import re
import socket
import struct
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Flask, Response, abort, redirect, render_template, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from wechat.simulator import book, control, drawing, mini, phone
from wechat.simulator.addresses import gate
from wechat.simulator.api import oauth
from wechat.simulator.api.oauth import DeclinedError
from wechat.simulator.api.qrcodes import scene_behind
from wechat.simulator.errors import RefusedError
from wechat.simulator.world import Asked, Json, World

HOST = "127.0.0.1"
_LARGEST = 12 * 1024 * 1024
_HTML = "<html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"
_GATE = gate()


def create_app(world: World) -> Flask:
    """The application around a world."""
    flask = Flask("wechat.simulator")
    flask.config["MAX_CONTENT_LENGTH"] = _LARGEST
    flask.json.sort_keys = False  # type: ignore[attr-defined]
    flask.json.ensure_ascii = False  # type: ignore[attr-defined]
    flask.extensions["world"] = world
    flask.before_request(_only_from_here)
    flask.after_request(phone.guarded)
    flask.register_blueprint(control.blueprint)
    flask.register_blueprint(phone.blueprint)
    flask.register_blueprint(mini.blueprint)
    flask.add_url_rule(oauth.AUTHORIZE, view_func=_authorize)
    flask.add_url_rule("/cgi-bin/showqrcode", view_func=_picture)
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH"]
    flask.add_url_rule("/<path:path>", view_func=_call, methods=methods)
    return flask


class Server:
    """A running simulator; `url` is where it answers."""

    def __init__(self, world: World, port: int = 0) -> None:
        self.world = world
        self._server: BaseWSGIServer = make_server(
            HOST, port, create_app(world), threaded=True, request_handler=_Quiet
        )
        self.url = world.url = f"http://{HOST}:{self._server.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def start(self) -> None:
        """Answer from a thread of its own."""
        self._thread.start()

    def serve(self) -> None:
        """Answer until somebody interrupts."""
        self._server.serve_forever()

    def stop(self) -> None:
        """Answer no more."""
        self.world.timers.stop()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Quiet(WSGIRequestHandler):
    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        """The other side went, or is to think that we did."""
        self.close_connection = True
        # Reader and writer hold the same socket; only this closes it at once.
        socket.close(self.connection.detach())

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002
        """Nothing: what was asked is told by /_sim/requests."""


# ------------------------------------------------------------------ who may ask


def _only_from_here() -> None:
    """A page of another site must not reach us by a name of its own, nor move us by a form."""
    host = request.host.rpartition(":")[0] or request.host
    if host not in {HOST, "localhost"}:
        abort(403)
    origin = request.headers.get("Origin")
    foreign = origin not in {None, f"http://{request.host}"}
    if foreign and request.method != "GET":
        abort(403)


# ------------------------------------------------------------------ calls of the platform


def _call(path: str) -> ResponseReturnValue:
    """A call of the product: faults first, then the platform's answer; all of it is kept."""
    started = time.monotonic()
    world, path = control.world(), f"/{path}"
    args, raw = request.args.to_dict(), request.get_data(cache=True)
    files: dict[str, bytes] = {}
    if request.mimetype == "multipart/form-data":
        files = {name: one.read() for name, one in request.files.items()}
    appid = _appid(world, args, raw)
    with world.lock:
        fault = world.faults.of_call(path, appid)
    answer: Any = None
    if fault and (ruined := _ruined(fault)) is not None:
        response, answer = ruined, fault
    else:
        answer = _answer(world, path, args, raw, files)
        response = _spoken(path, answer)
        if fault and "truncate" in fault:
            whole = response.get_data()
            response.set_data(whole[: len(whole) // 2])
            response.headers["Content-Length"] = str(len(whole))
            response.headers["Connection"] = "close"
    ms = (time.monotonic() - started) * 1000
    with world.lock:
        world.asked.append(
            Asked(world.next_number(), request.method, path, args, _readable(raw), world.clock(),
                  response.status_code, answer, appid, ms)
        )  # fmt: skip
    if fault and ("reset" in fault or "hang" in fault):
        return Response(_hung_up(request.environ["werkzeug.socket"]))
    return response


def _answer(
    world: World, path: str, args: Mapping[str, str], raw: bytes, files: Mapping[str, bytes]
) -> Json:  # fmt: skip
    try:
        with world.lock:
            return _GATE.answer(
                world, request.method, path, args, raw, files, request.remote_addr or ""
            )
    except RefusedError as refused:
        return refused.told()


def _spoken(path: str, answer: Json) -> Response:
    kind = "text/plain" if path.startswith("/sns/") else "application/json; encoding=utf-8"
    return Response(json.dumps(answer, ensure_ascii=False), content_type=kind)


def _ruined(fault: Json) -> Response | None:
    """What goes out instead of an answer; None where the answer itself goes out, late or cut."""
    if "delay" in fault:
        time.sleep(float(fault["delay"]))
    if "hang" in fault:
        time.sleep(float(fault["hang"]))
        return Response(status=504)
    if "reset" in fault:
        return Response(status=504)
    if "errcode" in fault:
        told = RefusedError(int(fault["errcode"])).told()
        if "errmsg" in fault:
            told["errmsg"] = str(fault["errmsg"])
        return _spoken(request.path, told)
    if "status" in fault:
        return Response(str(fault.get("body", "")), status=int(fault["status"]))
    if "html" in fault:
        return Response(_HTML, content_type="text/html")
    return None


def _hung_up(held: socket.socket) -> Iterator[bytes]:
    """No answer at all: the other side reads a reset."""
    held.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    yield from ()
    raise ConnectionResetError


def _appid(world: World, args: Mapping[str, str], raw: bytes) -> str:
    """Whose call it seems to be, for faults and for reading later."""
    with world.lock:
        for account in world.accounts.values():
            if args.get("access_token", "") in account.tokens or args.get("appid") == account.appid:
                return account.appid
    found = re.search(rb'"appid"\s*:\s*"([^"]+)"', raw)
    return found[1].decode(errors="replace") if found else ""


def _readable(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw.decode(errors="replace")


# ------------------------------------------------------------------ pages of the platform


def _authorize() -> ResponseReturnValue:
    """网页授权 — back to the page that asks, with a code of whoever holds the phone."""
    world = control.world()
    with world.lock:
        try:
            asked = list(request.args.items(multi=True))
            onward = oauth.authorize(world, asked, phone.holder(world))
        except DeclinedError as declined:
            page = render_template("declined.html", words=book.say("declined", declined.code))
            return page, 400 if declined.code != "browser" else 403
    return redirect(onward)


def _picture() -> ResponseReturnValue:
    """二维码图片 — of a ticket."""
    world = control.world()
    with world.lock:
        found = scene_behind(world, request.args.get("ticket", ""))
    if found is None:
        abort(404)
    return Response(drawing.png(found[1].url), content_type="image/png")
