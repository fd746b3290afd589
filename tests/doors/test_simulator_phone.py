"""The phone in the browser: who holds it, what it shows, and what the program keeps and refuses."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from app.accounts.terms import AccountKind, Mode
from app.config import ROOT
from tests.support.simulator import Simulator
from tests.support.wechat_client import ACCOUNTS, SERVICE, account

ACCOUNT, MINI = ACCOUNTS[SERVICE], account("mini", AccountKind.MINI, Mode.PLAIN)
HE_MIN = "o_he_min"
STATIC = ROOT / "wechat" / "simulator" / "static"


@pytest.fixture
def platform(simulator: Simulator) -> Simulator:
    cookies = [{"name": "kejiao_phone_yingchuan"}]
    simulator.put(replace(ACCOUNT, mode=Mode.PLAIN), "http://127.0.0.1:1/", cookies=cookies)
    simulator.user(ACCOUNT, HE_MIN, name="何敏", unionid="he", phone="13900000001")
    simulator.user(ACCOUNT, "o_zheng_hai", name="郑海", subscribed=False)
    simulator.options(speed=100)
    return simulator


def state(platform: Simulator, openid: str = HE_MIN, **query: str) -> Any:
    return platform.call("GET", f"/_sim/phone?{urlencode({'openid': openid, **query})}")


# ------------------------------------------------------------------ what it shows


def test_the_page_runs_nothing_but_its_own_files(platform: Simulator) -> None:
    page = platform.call("GET", "/")

    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert b"<script>" not in page.body
    assert b" style=" not in page.body
    assert b" onclick" not in page.body


def test_what_is_vendored_is_what_was_published() -> None:
    [line] = (STATIC / "vendor" / "VERSIONS.txt").read_text().splitlines()

    digest = hashlib.sha256((STATIC / "vendor" / "jsqr" / "jsQR.js").read_bytes()).hexdigest()
    assert line.endswith(f"sha256 {digest}")
    assert "Apache License" in (STATIC / "vendor" / "jsqr" / "LICENSE").read_text()


def test_a_chat_is_told_in_words_with_the_attempts_that_it_took(platform: Simulator) -> None:
    platform.do(HE_MIN, "say", text="学分")

    told = state(platform).said

    assert [one["kind"] for one in told["chat"]] == ["mine", "fault"]
    assert told["chat"][1]["text"] == "该公众号暂时无法提供服务，请稍后再试"
    assert [(row["what"], row["attempt"], row["result"]) for row in told["rows"]] == [
        ("消息 学分", 3, "没连上，不再发"),
        ("消息 学分", 2, "没连上，将重发"),
        ("消息 学分", 1, "没连上，将重发"),
    ]
    raw = platform.control("GET", f"/phone/raw/{told['rows'][0]['raw']}")
    assert "<Content><![CDATA[学分]]></Content>" in raw["message"]


def test_a_page_that_is_up_to_date_is_told_nothing(platform: Simulator) -> None:
    version = state(platform).said["version"]

    assert state(platform, version=version).status == 204
    platform.advance(60)
    assert state(platform, version=version).status == 200


def test_the_same_person_is_found_on_another_account(platform: Simulator) -> None:
    platform.put(MINI)
    platform.user(MINI, "m_he_min", unionid="he", name="何敏")

    told = state(platform, appid=MINI.appid).said

    assert (told["user"]["openid"], told["account"]["about"]) == ("m_he_min", "小程序")


def test_a_fault_is_ticked_and_unticks_itself_when_it_is_over(platform: Simulator) -> None:
    def ticked() -> list[str]:
        return [one["label"] for one in state(platform).said["faults"] if one["on"]]

    for label in ("lost", "quota", "refuses"):
        path = f"/phone/fault?openid={HE_MIN}"
        platform.control("POST", path, {"label": label, "on": True})

    assert ticked() == ["lost", "quota", "refuses"]
    platform.do(HE_MIN, "say", text="学分")
    assert ticked() == ["quota", "refuses"]


def test_a_newcomer_does_not_follow_yet(platform: Simulator) -> None:
    made = {"appid": ACCOUNT.appid, "name": "钱新", "phone": "13900000009"}

    openid = platform.control("POST", "/phone/newcomer", made)["openid"]

    assert state(platform, openid).said["user"]["about"] == "没有关注"


def test_who_starts_over_keeps_accounts_and_people(platform: Simulator) -> None:
    platform.do(HE_MIN, "say", text="学分")
    platform.advance(3600)

    platform.control("POST", "/phone/restart")

    told = state(platform).said
    assert (told["chat"], told["rows"], told["ahead"]) == ([], [], 0)
    assert len(told["users"]) == 2


# ------------------------------------------------------------------ who holds the phone


def opened(platform: Simulator, openid: str, cookie: str = "") -> Any:
    query = urlencode({"openid": openid, "url": "http://127.0.0.1:8000/m/yingchuan/"})
    return platform.call("GET", f"/open?{query}", **({"Cookie": cookie} if cookie else {}))


def test_a_page_is_opened_as_the_person_who_then_holds_the_phone(platform: Simulator) -> None:
    answer = opened(platform, HE_MIN)

    assert (answer.status, answer.headers["Location"]) == (
        302, "http://127.0.0.1:8000/m/yingchuan/",
    )  # fmt: skip
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    asked = {
        "appid": ACCOUNT.appid, "redirect_uri": "http://127.0.0.1:8000/m/yingchuan/in",
        "response_type": "code", "scope": "snsapi_base", "state": "a",
    }  # fmt: skip
    held = {"Cookie": cookie.partition(";")[0]}
    back = platform.call("GET", f"/connect/oauth2/authorize?{urlencode(asked)}", **held)
    assert urlsplit(back.headers["Location"]).path == "/m/yingchuan/in"


def test_what_one_person_was_given_is_not_left_to_the_next(platform: Simulator) -> None:
    same = opened(platform, HE_MIN, f"wechat_simulator_holder={HE_MIN}")
    other = opened(platform, "o_zheng_hai", f"wechat_simulator_holder={HE_MIN}")

    assert "kejiao_phone_yingchuan" not in str(same.headers_all("Set-Cookie"))
    gone = [one for one in other.headers_all("Set-Cookie") if "kejiao_phone" in one]
    assert len(gone) == 1
    assert "Max-Age=0" in gone[0]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/m/", "file:///etc/passwd", ""])
def test_only_a_page_of_the_web_is_opened(platform: Simulator, url: str) -> None:
    assert platform.call("GET", f"/open?openid={HE_MIN}&url={quote(url)}").status == 400


# ------------------------------------------------------------------ the mini-program


@contextmanager
def answering(said: dict[str, object]) -> Iterator[tuple[str, list[Any]]]:
    """A product's door for proofs of a phone, and what it was given."""
    came: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer = json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(
        target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/bind/phone", came
    server.shutdown()
    thread.join()
    server.server_close()


def test_whoever_allows_it_proves_a_number_with_codes_of_their_own(platform: Simulator) -> None:
    page, held = f"/mini/{MINI.appid}/pages/bind?ticket=T7", {"X-Sim-Openid": HE_MIN}
    form = {"Content-Type": "application/x-www-form-urlencoded", **held}
    with answering({"state": "bound"}) as (url, came):
        platform.put(MINI, phone_proof_url=url)
        asks = platform.call("GET", page, **held).body.decode()
        refused = platform.call("POST", page, b"deny=", **form).body.decode()
        allowed = platform.call("POST", page, b"allow=", **form).body.decode()

    assert "139****0001" in asks
    assert "你没有同意" in refused
    assert "绑定好了" in allowed
    [given] = came
    assert set(given) == {"ticket", "js_code", "phone_code"}
    assert given["ticket"] == "T7"
    codes = urlencode(
        {
            "appid": MINI.appid, "secret": MINI.secret.reveal(), "js_code": given["js_code"],
            "grant_type": "authorization_code",
        }
    )  # fmt: skip
    openid = platform.call("GET", f"/sns/jscode2session?{codes}").said["openid"]
    assert openid in {one["openid"] for one in platform.control("GET", "/users")}


def test_who_shares_a_number_is_asked_for_the_name(platform: Simulator) -> None:
    page, held = f"/mini/{MINI.appid}", {"X-Sim-Openid": HE_MIN}
    form = {"Content-Type": "application/x-www-form-urlencoded", **held}
    with answering({"state": "name_needed"}) as (url, came):
        platform.put(MINI, phone_proof_url=url)
        asked = platform.call("POST", page, b"allow=", **form).body.decode()
        platform.call("POST", page, urlencode({"allow": "", "name": "何敏"}).encode(), **form)

    assert 'name="name"' in asked
    assert came[1]["name"] == "何敏"


def test_a_link_into_the_mini_program_leads_to_the_page_that_plays_it(platform: Simulator) -> None:
    platform.put(MINI)
    asked = {
        "grant_type": "client_credential", "appid": MINI.appid, "secret": MINI.secret.reveal(),
    }  # fmt: skip
    token = platform.call("POST", "/cgi-bin/stable_token", asked).said["access_token"]

    body = {"path": "/pages/bind/phone", "query": "ticket=T7"}
    told = platform.call("POST", f"/wxa/generate_urllink?access_token={token}", body).said

    assert told["url_link"] == f"{platform.url}/mini/{MINI.appid}/pages/bind/phone?ticket=T7"


# ------------------------------------------------------------------ the program


@contextmanager
def program(*arguments: str, **environ: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "wechat.simulator", *arguments], cwd=ROOT, text=True,
        env=os.environ | environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=20)


def running(process: subprocess.Popen[str]) -> Simulator:
    assert process.stdout is not None
    return Simulator(process.stdout.readline().strip())


def test_the_program_does_not_run_beside_a_product_in_production() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wechat.simulator"], cwd=ROOT, text=True, capture_output=True,
        env=os.environ | {"KEJIAO_MODE": "production"}, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (2, "")
    assert "production" in done.stderr


def test_what_a_platform_must_not_forget_is_there_when_it_starts_again(tmp_path: Path) -> None:
    kept = tmp_path / "simulator.json"
    with program("--keep", str(kept)) as process:
        first = running(process)
        first.put(ACCOUNT)
        first.user(ACCOUNT, HE_MIN, name="何敏")
        first.do(HE_MIN, "unsubscribe")
        asked = {
            "grant_type": "client_credential", "appid": ACCOUNT.appid,
            "secret": ACCOUNT.secret.reveal(),
        }  # fmt: skip
        token = first.call("POST", "/cgi-bin/stable_token", asked).said["access_token"]
        tag = {"tag": {"name": "已绑定"}}
        first.call("POST", f"/cgi-bin/tags/create?access_token={token}", tag)
    with program("--keep", str(kept)) as process:
        second = running(process)
        tags = second.call("GET", f"/cgi-bin/tags/get?access_token={token}").said["tags"]
        [user] = second.control("GET", "/users")

    assert [one["name"] for one in tags] == ["已绑定"]
    assert (user["name"], user["subscribed"]) == ("何敏", False)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


@pytest.mark.parametrize("held", [b"", b"{}", b"\xff", b'{"number": 1, "accounts": [7]}'])
def test_a_file_that_is_none_of_its_own_is_passed_over(tmp_path: Path, held: bytes) -> None:
    kept = tmp_path / "simulator.json"
    kept.write_bytes(held)

    with program("--keep", str(kept)) as process:
        assert running(process).control("GET", "/users") == []
