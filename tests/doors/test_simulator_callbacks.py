"""What the simulator sends to the product: sealed as the platform does, three times, strictly read.

A listener stands for the product and answers what a test tells it; the last tests ask our own.
"""

from __future__ import annotations

import base64
import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import xmltodict
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from app.accounts.terms import AccountKind, Mode
from app.base.site import Site
from tests.support.simulator import Product, Simulator
from tests.support.wechat_client import ACCOUNTS, AES_KEY, CITY_OFFICE, SERVICE, Official, account

OPENID, ACCOUNT = "o_he_min", ACCOUNTS[CITY_OFFICE]
NAME = f"gh_{ACCOUNT.appid}"
FAULT = "unavailable"

Answer = Callable[[dict[str, str], bytes], tuple[int, bytes]]


def reply(content: str = "好", *, to: str = OPENID, by: str = NAME, **members: str) -> bytes:
    """A reply of the product."""
    whole = {
        "ToUserName": to, "FromUserName": by, "CreateTime": "1", "MsgType": "text",
        "Content": content, **members,
    }  # fmt: skip
    inner = "".join(f"<{name}><![CDATA[{text}]]></{name}>" for name, text in whole.items())
    return f"<xml>{inner}</xml>".encode()


@dataclass
class Listener:
    """A product that answers as it is told, and remembers what came."""

    url: str
    answer: Answer = field(default=lambda _query, _body: (200, reply()))
    came: list[tuple[dict[str, str], bytes, str]] = field(default_factory=list)


@pytest.fixture
def listener() -> Iterator[Listener]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            query = dict(parse_qsl(urlsplit(self.path).query))
            heard.came.append((query, body, self.headers["Content-Type"]))
            status, answer = heard.answer(query, body)
            try:
                self.send_response(status)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
            except OSError:
                self.close_connection = True  # the platform hung up

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard = Listener(f"http://127.0.0.1:{server.server_port}/wechat/x")
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    yield heard
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def platform(simulator: Simulator, listener: Listener) -> Simulator:
    simulator.put(ACCOUNT, listener.url)
    simulator.user(ACCOUNT, OPENID, name="何敏")
    simulator.options(speed=10)
    return simulator


def members(body: bytes) -> Any:
    return xmltodict.parse(body)["xml"]


def signature(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()  # noqa: S324


def unsealed(cipher: str) -> tuple[bytes, str]:
    """The text inside, and the app id behind it."""
    key = base64.b64decode(AES_KEY + "=")
    opened = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = opened.update(base64.b64decode(cipher)) + opened.finalize()
    body = plain[16 : -plain[-1]]
    length = int.from_bytes(body[:4], "big")
    return body[4 : 4 + length], body[4 + length :].decode()


def verdicts(done: Any) -> list[str]:
    return [one["verdict"] for one in done["deliveries"]]


# ------------------------------------------------------------------ the envelope


def test_a_plain_message_is_signed_and_says_who_and_what(
    platform: Simulator, listener: Listener
) -> None:
    done = platform.do(OPENID, "say", text="学分 ]]> <b>")

    [(query, body, kind)] = listener.came
    said = members(body)
    assert query["signature"] == signature(
        ACCOUNT.token.reveal(), query["timestamp"], query["nonce"]
    )
    assert set(query) == {"signature", "timestamp", "nonce", "openid"}
    assert (query["openid"], kind) == (OPENID, "text/xml")
    assert (said["FromUserName"], said["ToUserName"], said["MsgType"]) == (OPENID, NAME, "text")
    assert said["Content"] == "学分 ]]> <b>"
    assert said["MsgId"] == str(done["msgid"])
    assert done["shown"] == [{"msgtype": "text", "content": "好"}]


@pytest.mark.parametrize("mode", [Mode.COMPAT, Mode.SAFE])
def test_a_sealed_message_opens_with_the_key_alone(
    platform: Simulator, listener: Listener, mode: Mode
) -> None:
    platform.put(ACCOUNT, listener.url, mode=mode, aes_key=AES_KEY)

    platform.do(OPENID, "say", text="学分")

    [(query, body, _)] = listener.came
    outer = members(body)
    text, appid = unsealed(outer["Encrypt"])
    signed = signature(ACCOUNT.token.reveal(), query["timestamp"], query["nonce"], outer["Encrypt"])
    assert (query["encrypt_type"], query["msg_signature"]) == ("aes", signed)
    assert (members(text)["Content"], appid) == ("学分", ACCOUNT.appid)
    assert ("Content" in outer) is (mode is Mode.COMPAT)


def test_a_mini_program_may_have_its_messages_in_json(
    platform: Simulator, listener: Listener
) -> None:
    mini = account("mini", AccountKind.MINI, Mode.PLAIN)
    platform.put(mini, listener.url, format="json")
    platform.user(mini, "m_he_min")
    listener.answer = lambda _query, _body: (200, b"success")

    done = platform.do("m_he_min", "say", text="学分")

    assert listener.came[0][2] == "application/json"
    assert '"Content": "学分"' in listener.came[0][1].decode()
    assert verdicts(done) == ["quiet"]


def test_one_answer_to_a_popup_is_an_object_and_two_are_a_list(
    platform: Simulator, listener: Listener
) -> None:
    listener.answer = lambda _query, _body: (200, b"")

    platform.do(OPENID, "popup", T1="accept")
    platform.do(OPENID, "popup", T1="accept", T2="reject")

    one, two = (members(body)["SubscribeMsgPopupEvent"] for _, body, _ in listener.came)
    assert one["List"]["TemplateId"] == "T1"
    assert [part["SubscribeStatusString"] for part in two["List"]] == ["accept", "reject"]


# ------------------------------------------------------------------ five seconds, three times


def test_who_is_slow_is_asked_three_times_and_then_the_person_reads_regrets(
    platform: Simulator, listener: Listener
) -> None:
    def slow(_query: dict[str, str], _body: bytes) -> tuple[int, bytes]:
        time.sleep(0.8)
        return 200, reply()

    listener.answer = slow

    done = platform.do(OPENID, "say", text="学分")

    assert verdicts(done) == ["timeout"] * 3
    assert done["shown"] == [{"msgtype": FAULT}]
    queries, bodies, _ = zip(*listener.came, strict=True)
    assert len({query["nonce"] for query in queries}) == 3
    assert len({members(body)["MsgId"] for body in bodies}) == 1
    assert len({members(body)["CreateTime"] for body in bodies}) == 1


@pytest.mark.parametrize("status", [500, 502])
def test_a_fault_of_the_server_is_asked_again_and_an_answer_ends_it(
    platform: Simulator, listener: Listener, status: int
) -> None:
    listener.answer = lambda _query, _body: (
        (status, b"") if len(listener.came) < 2 else (200, reply())
    )

    done = platform.do(OPENID, "say", text="学分")

    assert verdicts(done) == ["broken", "shown"]
    assert [one["msgtype"] for one in done["shown"]] == ["text"]


def test_where_nobody_listens_it_is_tried_three_times(platform: Simulator) -> None:
    platform.put(ACCOUNT, "http://127.0.0.1:1/")

    assert verdicts(platform.do(OPENID, "say", text="学分")) == ["unreached"] * 3


@pytest.mark.parametrize(
    ("mishap", "seen"),
    [
        ({"late": 6}, ["timeout", "shown"]),
        ({"lost": True}, ["unreached", "shown"]),
        ({"cut": True}, ["cut", "shown"]),
        ({"overlap": 2}, ["same", "shown"]),
        ({"duplicate": 2}, ["shown", "same", "same"]),
    ],
)
def test_a_mishap_befalls_one_message(
    platform: Simulator, listener: Listener, mishap: dict[str, object], seen: list[str]
) -> None:
    platform.fault(callback="text", do=mishap)

    first = platform.do(OPENID, "say", text="学分")
    second = platform.do(OPENID, "say", text="学分")

    assert sorted(verdicts(first)) == sorted(seen)
    assert verdicts(second) == ["shown"]
    assert len(first["shown"]) == 1


def test_who_answers_a_resend_otherwise_is_found_out(
    platform: Simulator, listener: Listener
) -> None:
    platform.options(duplicate=1)
    listener.answer = lambda _query, _body: (200, reply(str(len(listener.came))))

    done = platform.do(OPENID, "say", text="学分")

    assert verdicts(done) == ["shown", "other"]
    assert [one["content"] for one in done["shown"]] == ["1"]


def test_overlapping_deliveries_run_at_once(platform: Simulator, listener: Listener) -> None:
    platform.options(overlap=True, speed=5)
    inside, most, lock = 0, 0, threading.Lock()

    def count(_query: dict[str, str], _body: bytes) -> tuple[int, bytes]:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        time.sleep(0.3)
        with lock:
            inside -= 1
        return 200, reply()

    listener.answer = count

    done = platform.do(OPENID, "say", text="学分")

    assert most == 3
    assert sorted(verdicts(done)) == ["same", "same", "shown"]


def test_messages_may_come_in_another_order(platform: Simulator, listener: Listener) -> None:
    platform.options(reorder=True)

    held = platform.do(OPENID, "say", text="一")
    platform.do(OPENID, "say", text="二")

    assert held["held"]
    assert [members(body)["Content"] for _, body, _ in listener.came] == ["二", "一"]


# ------------------------------------------------------------------ what may come back


GOOD = {"empty": b"", "success": b"success"}
FAULTY = {
    "json": b"{}",
    "words": "好".encode(),
    "broken": b"<xml><a></xml>",
    "entities": b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>',
    "another root": b"<html></html>",
    "to another": reply(to="o_zheng_hai"),
    "from another": reply(by="gh_other"),
    "no text": reply(""),
    "too long": reply("字" * 683),
    "an unknown kind": reply(MsgType="smoke"),
    "no time": reply(CreateTime="now"),
    "sealed without need": b"<xml><Encrypt><![CDATA[x]]></Encrypt></xml>",
}


@pytest.mark.parametrize("name", GOOD)
def test_nothing_to_say_is_silence(platform: Simulator, listener: Listener, name: str) -> None:
    listener.answer = lambda _query, _body: (200, GOOD[name])

    done = platform.do(OPENID, "say", text="学分")

    assert (verdicts(done), done["shown"]) == (["quiet"], [])


@pytest.mark.parametrize("name", FAULTY)
def test_what_is_no_reply_is_a_fault_that_the_person_sees(
    platform: Simulator, listener: Listener, name: str
) -> None:
    listener.answer = lambda _query, _body: (200, FAULTY[name])

    done = platform.do(OPENID, "say", text="学分")

    assert verdicts(done) == ["faulty"]
    assert done["deliveries"][0]["cause"]
    assert done["shown"] == [{"msgtype": FAULT}]


def test_a_refusal_is_a_fault_and_is_not_asked_again(
    platform: Simulator, listener: Listener
) -> None:
    listener.answer = lambda _query, _body: (403, b"")

    done = platform.do(OPENID, "say", text="学分")

    assert (verdicts(done), done["shown"]) == (["faulty"], [{"msgtype": FAULT}])


def test_in_safe_mode_a_plain_reply_is_a_fault(platform: Simulator, listener: Listener) -> None:
    platform.put(ACCOUNT, listener.url, mode=Mode.SAFE, aes_key=AES_KEY)

    assert verdicts(platform.do(OPENID, "say", text="学分")) == ["faulty"]


@pytest.mark.parametrize(
    ("articles", "verdict"),
    [(1, "shown"), (2, "faulty")],
)
def test_a_reply_of_news_has_one_article(
    platform: Simulator, listener: Listener, articles: int, verdict: str
) -> None:
    item = "<item><Title>标准</Title><Description/><PicUrl/><Url>http://a/</Url></item>"
    news = reply(MsgType="news", ArticleCount=str(articles)).replace(
        b"</xml>", f"<Articles>{item * articles}</Articles></xml>".encode()
    )
    listener.answer = lambda _query, _body: (200, news)

    assert verdicts(platform.do(OPENID, "say", text="标准")) == [verdict]


# ------------------------------------------------------------------ events that follow


def test_a_template_message_is_followed_by_its_outcome(
    platform: Simulator, listener: Listener
) -> None:
    service = ACCOUNTS[SERVICE]
    template = {"template_id": "T1", "title": "提醒", "content": "{{thing1.DATA}}"}
    platform.put(service, listener.url, templates=[template], mode=Mode.PLAIN)
    listener.answer = lambda _query, _body: (200, b"success")
    token = platform.call(
        "POST", "/cgi-bin/stable_token",
        {"grant_type": "client_credential", "appid": service.appid, "secret": "s" * 32},
    ).said["access_token"]  # fmt: skip

    for openid, facts in (("o_a", {}), ("o_b", {"blocked": True})):
        platform.user(service, openid, **facts)
        body = {"touser": openid, "template_id": "T1", "data": {"thing1": {"value": "好"}}}
        platform.call("POST", f"/cgi-bin/message/template/send?access_token={token}", body)
    platform.settle()

    outcomes = {
        told["FromUserName"]: (told["Event"], told["Status"])
        for told in (members(body) for _, body, _ in listener.came)
    }
    assert outcomes == {
        "o_a": ("TEMPLATESENDJOBFINISH", "success"),
        "o_b": ("TEMPLATESENDJOBFINISH", "failed:user block"),
    }
    assert [one["kind"] for one in platform.sent("o_a")] == ["template"]
    assert platform.sent("o_b") == []


# ------------------------------------------------------------------ our own product


@pytest.mark.parametrize("slug", [SERVICE, CITY_OFFICE])
def test_the_product_answers_as_the_platform_wants_it(
    simulator: Simulator, official: Official, product: Product, site: Site, slug: str
) -> None:
    filed = ACCOUNTS[slug]
    simulator.put(filed, f"{product(site)}/wechat/{slug}")
    simulator.user(filed, "o_new")
    simulator.options(duplicate=2)

    done = simulator.do("o_new", "say", text="你好")

    assert verdicts(done) == ["shown", "same", "same"]
    assert done["shown"][0]["content"].startswith("没看懂")
    assert simulator.control("POST", f"/accounts/{filed.appid}/verify")["verified"] is True
