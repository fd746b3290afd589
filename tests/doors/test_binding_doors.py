"""Where proofs come in: the mini-program, a terminal, a desk, and the pages of the phone."""

from __future__ import annotations

import io
import json
import re
import stat
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine, text

from app.accounts import commands, queries
from app.accounts.commands import requests
from app.accounts.queries.binding import binding_state
from app.accounts.terms import AccountKind, OfficialAccount
from app.accounts.terms.proofs import Bound, NotBound
from app.base import qr
from app.base.site import Site
from app.base.work import begin
from app.kernel.secret import Secret
from device.mbox.machine import Machine
from device.mbox.machine.__main__ import main as machine_command
from tests.conftest import Clock
from tests.support.binding import (
    PHONES,
    by_card,
    by_phone,
    by_slip,
    follower,
    slip_of,
    ticket_of,
)
from tests.support.cast import CARDIOLOGY, HE_MIN, OPERATOR, UIDS, ZHENG_HAI, ZHOU_LAN, Spoken
from tests.support.paper import printed
from tests.support.phones import OpenPhone
from tests.support.platforms import Met
from tests.support.serving import app_of
from tests.support.simulator import Product
from tests.support.terminal import MakeTerminal
from tests.support.wechat_client import ACCOUNTS, CITY_OFFICE, SERVICE

Cli = Callable[..., Spoken]
NEW, MINE = "o-new", "m-he-min"

pytestmark = pytest.mark.usefixtures("cast", "official")


def bound(site: Site, openid: str = NEW) -> str | None:
    found = queries.binding_of(site, SERVICE, openid)
    return found and found.person_no


# ------------------------------------------------------------------ the mini-program


@pytest.fixture
def program(met: Met) -> OfficialAccount:
    """A mini-program on both sides, and He Min in it with her own phone."""
    filed = replace(
        ACCOUNTS[CITY_OFFICE], slug="mini", kind=AccountKind.MINI, appid="wx-mini", verified=True
    )
    with begin(met.site, OPERATOR) as work:
        commands.put_official_account(work, filed)
    met.simulator.put(filed)
    met.simulator.user(filed, MINE, phone=PHONES[HE_MIN])
    return filed


@pytest.fixture
def web(met: Met, program: OfficialAccount) -> FlaskClient:
    return app_of(met.site).test_client()


def codes(met: Met, openid: str = MINE) -> dict[str, str]:
    """What the mini-program gets from WeChat, for one use."""
    told = met.simulator.control("POST", f"/users/{openid}/codes")
    return {"js_code": told["js_code"], "phone_code": told["phone_code"]}


def post(web: FlaskClient, ticket: Secret, **sent: Any) -> tuple[int, Any]:
    answer = web.post("/api/mini/v1/bind/phone", json={"ticket": ticket.reveal(), **sent})
    return answer.status_code, answer.get_json()


def test_a_phone_in_the_mini_program_binds_the_openid_of_the_ticket(
    met: Met, web: FlaskClient
) -> None:
    answer = post(web, ticket_of(met.site, NEW), **codes(met))

    assert answer == (200, {"state": "bound"})
    assert (bound(met.site), bound(met.site, MINE)) == (HE_MIN, None)


def test_t_bind_7_a_code_used_twice_is_refused(met: Met, web: FlaskClient) -> None:
    used = codes(met)
    post(web, ticket_of(met.site, NEW), **used)

    status, said = post(web, ticket_of(met.site, "o-thief"), **used)

    assert (status, said["error"]["code"]) == (422, "accounts.bind.refused")
    assert said["error"]["message"] == (
        "没有绑定成功。请换一种证明，或请科教科帮你确认。今天还能试 4 次。"
    )
    assert bound(met.site, "o-thief") is None


def test_t_bind_7_a_phone_code_used_twice_is_refused_with_a_fresh_log_in(
    met: Met, web: FlaskClient
) -> None:
    phone_code = codes(met)["phone_code"]
    post(web, ticket_of(met.site, NEW), **codes(met) | {"phone_code": phone_code})

    answer = post(
        web, ticket_of(met.site, "o-thief"), **codes(met) | {"phone_code": phone_code}
    )  # fmt: skip

    assert answer[0] == 422
    assert bound(met.site, "o-thief") is None


def test_t_bind_7_another_apps_watermark_is_refused(met: Met, web: FlaskClient) -> None:
    told = {
        "errcode": 0, "errmsg": "ok",
        "phone_info": {
            "phoneNumber": PHONES[HE_MIN], "purePhoneNumber": PHONES[HE_MIN], "countryCode": "86",
            "watermark": {"appid": "wx-of-somebody-else", "timestamp": 1},
        },
    }  # fmt: skip
    met.simulator.fault(path="getuserphonenumber", do={"status": 200, "body": json.dumps(told)})

    status, said = post(web, ticket_of(met.site, NEW), **codes(met))

    assert (status, said["error"]["code"]) == (422, "accounts.bind.refused")
    assert bound(met.site) is None


def test_a_ticket_comes_back_once(met: Met, web: FlaskClient) -> None:
    ticket = ticket_of(met.site, NEW)
    post(web, ticket, js_code="none", phone_code="none")

    status, said = post(web, ticket, **codes(met))

    assert (status, said["error"]["code"]) == (404, "accounts.bind.ticket")
    assert bound(met.site) is None


def test_a_ticket_that_is_no_good_asks_nothing_of_the_platform(met: Met, web: FlaskClient) -> None:
    for ticket in ("unknown", "x" * 128):
        assert post(web, Secret(ticket), **codes(met))[0] == 404

    assert met.asked("/jscode2session") == met.asked("/getuserphonenumber") == 0


def test_who_tried_too_often_asks_nothing_of_the_platform(met: Met, web: FlaskClient) -> None:
    for _ in range(5):
        by_slip(met.site, NEW, Secret("0" * 12))

    status, said = post(web, ticket_of(met.site, NEW), **codes(met))

    assert (status, said["error"]["code"]) == (422, "accounts.bind.refused")
    assert met.asked("/jscode2session") == 0


def test_while_the_platform_is_silent_nothing_is_counted_and_the_ticket_stays(
    met: Met, web: FlaskClient
) -> None:
    ticket = ticket_of(met.site, NEW)
    met.simulator.fault(path="jscode2session", do={"status": 502, "body": ""}, times=9)

    status, _ = post(web, ticket, **codes(met))
    met.simulator.mend()

    assert status == 503
    assert binding_state(met.site, SERVICE, NEW).tries_left == 5
    assert post(web, ticket, **codes(met)) == (200, {"state": "bound"})


def test_the_mini_program_is_told_of_the_day_to_wait_and_of_a_name_that_lacks(
    met: Met, web: FlaskClient, clock: Clock
) -> None:
    by_slip(met.site, "o-old", slip_of(met.site, HE_MIN))

    status, said = post(web, ticket_of(met.site, NEW), **codes(met))

    assert (status, said["state"]) == (200, "pending")
    assert said["until"] == "2013-05-26T09:00:00+08:00"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"{", b'{"ticket": 1, "js_code": "a", "phone_code": "b"}',
        b'{"ticket": "t", "js_code": "a"}', b'{"ticket": "", "js_code": "a", "phone_code": "b"}',
        b'{"ticket": "t", "js_code": "a", "phone_code": "b", "phone": "13900000001"}',
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_in_words(web: FlaskClient, body: bytes) -> None:
    answer = web.post("/api/mini/v1/bind/phone", data=body, content_type="application/json")

    assert answer.status_code == 422
    assert answer.get_json()["error"]["code"] == "wechat.mini.request"


def test_a_body_that_is_too_large_is_refused(web: FlaskClient) -> None:
    assert web.post("/api/mini/v1/bind/phone", data=b" " * 5000).status_code == 413


def test_without_a_mini_program_nothing_can_be_proven(met: Met) -> None:
    web = app_of(met.site).test_client()

    status, said = post(web, ticket_of(met.site, NEW), js_code="a", phone_code="b")

    assert (status, said["error"]["code"]) == (503, "wechat.mini.none")


# ------------------------------------------------------------------ T-BIND-6


def test_t_bind_6_an_openid_that_is_sent_to_the_mini_programs_door_is_refused(
    met: Met, web: FlaskClient
) -> None:
    for name in ("openid", "slug", "person_no"):
        status, _ = post(web, ticket_of(met.site, NEW), **codes(met), **{name: "o-thief"})
        assert status == 422

    assert (bound(met.site), bound(met.site, "o-thief")) == (None, None)


def test_t_bind_6_an_openid_that_is_sent_to_the_pages_is_not_looked_at(
    site: Site, phone: OpenPhone
) -> None:
    victim, thief = phone("o-victim"), phone("o-thief")
    code = slip_of(site, HE_MIN)

    thief.client.post(
        f"/m/{SERVICE}/bind/slip?openid=o-victim&slug={CITY_OFFICE}",
        data={"form_token": thief.csrf, "code": code.reveal(), "openid": "o-victim"},
        headers={"X-Openid": "o-victim", "Cookie2": f"openid={victim.token.reveal()}"},
    )

    assert (bound(site, "o-victim"), bound(site, "o-thief")) == (None, HE_MIN)


def test_t_bind_6_without_a_session_no_proof_is_even_looked_at(
    site: Site, app_client: FlaskClient, count: Callable[..., int]
) -> None:
    code = slip_of(site, HE_MIN)

    for path in ("bind/slip", "bind/card/x", "bind/ask"):
        answer = app_client.post(f"/m/{SERVICE}/{path}?openid={NEW}", data={"code": code.reveal()})
        assert answer.status_code == 403

    assert count("binding") == count("binding_try") == 0


@pytest.fixture
def app_client(site: Site) -> FlaskClient:
    return app_of(site).test_client()


# ------------------------------------------------------------------ a terminal


@pytest.fixture
def machine(make_terminal: MakeTerminal) -> Machine:
    return make_terminal()


def test_a_card_at_a_terminal_shows_the_page_that_binds(site: Site, machine: Machine) -> None:
    url = machine.show_proof(bytes.fromhex(UIDS[HE_MIN]))

    found = re.fullmatch(rf"http://127\.0\.0\.1:1/m/{SERVICE}/bind/card/([\w-]{{22}})", url)
    assert found
    assert by_card(site, NEW, Secret(found[1])) == Bound()
    assert bound(site) == HE_MIN


def proof(machine: Machine, body: bytes, **lies: Any) -> tuple[int, str]:
    answer = machine.call(
        "POST", "/device/v1/proof", body, extra={"Content-Type": "application/json"}, **lies
    )
    return answer.status, answer.said.get("error", {}).get("code", "")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"uid": UIDS[ZHENG_HAI]}, (404, "cards.proof.refused")),
        ({"uid": "04FFFFFFFFFFFF"}, (404, "cards.proof.refused")),
        ({"uid": UIDS[HE_MIN], "account": "nowhere"}, (404, "accounts.official.unknown")),
        ({"uid": "04A1"}, (400, "device.request.proof")),
        ({"uid": HE_MIN}, (400, "device.request.proof")),
        ({"uid": UIDS[HE_MIN], "card_no": HE_MIN}, (400, "device.request.proof")),
        ({"card_no": HE_MIN}, (400, "device.request.proof")),
        ([], (400, "device.request.proof")),
    ],
)
def test_a_terminal_is_refused_what_is_not_its_own_or_no_chip(
    machine: Machine, body: object, said: tuple[int, str]
) -> None:
    assert proof(machine, json.dumps(body).encode()) == said


def test_only_a_terminals_signature_asks_for_a_proof(machine: Machine) -> None:
    body = json.dumps({"uid": UIDS[HE_MIN]}).encode()

    assert proof(machine, body, key=b"k" * 32) == (401, "device.request.signature")
    assert proof(machine, body, signed_body=b"{}") == (401, "device.request.signature")
    assert proof(machine, body, nonce="n" * 16) == (200, "")
    assert proof(machine, body, nonce="n" * 16) == (401, "device.request.nonce")


def test_the_machine_draws_the_code_on_request(
    site: Site, cli: Cli, product: Product, tmp_path: Path
) -> None:
    address = product(site)
    registered = cli("device", "register", "MBX-00033", "--unit", "H1", "--json").json
    state = ["--state", str(tmp_path / "machine")]
    out, err = io.StringIO(), io.StringIO()

    with redirect_stdout(io.StringIO()):
        assert machine_command([
            *state, "enrol", "--sn", "MBX-00033", "--server", address,
            "--code", registered["enrol_code"],
        ]) == 0  # fmt: skip
    with redirect_stdout(out), redirect_stderr(err):
        code = machine_command([*state, "proof", "--uid", UIDS[HE_MIN], "--draw"])

    url = json.loads(out.getvalue())["url"]
    assert code == 0
    assert err.getvalue() == f"{qr.drawn(url)}\n"
    assert by_card(site, NEW, Secret(url.rpartition("/")[2])) == Bound()


def test_a_code_is_drawn_as_it_is() -> None:
    """Two modules a sign: read back, the drawing is the code again."""
    rows = qr.modules("http://127.0.0.1:8000/m/yingchuan/bind/card/abcdefghijklmnopqrstuv")
    halves = {" ": (True, True), "▄": (True, False), "▀": (False, True), "█": (False, False)}
    drawn = qr.drawn("http://127.0.0.1:8000/m/yingchuan/bind/card/abcdefghijklmnopqrstuv")

    read = []
    for line in drawn.splitlines():
        pairs = [halves[sign] for sign in line]
        read += [tuple(upper for upper, _ in pairs), tuple(lower for _, lower in pairs)]

    assert tuple(read[: len(rows)]) == rows
    assert len(rows) == len(rows[0])


# ------------------------------------------------------------------ a desk


def test_a_desk_shows_the_code_for_a_card(site: Site, cli: Cli) -> None:
    said = cli("card", "proof", HE_MIN, "--json")
    words = cli("card", "proof", ZHOU_LAN, "--account", CITY_OFFICE)

    assert said.code == words.code == 0
    assert said.json["expires_at"] == "2013-05-25T09:01:00+08:00"
    assert by_card(site, NEW, Secret(said.json["url"].rpartition("/")[2])) == Bound()
    url = words.out.strip().splitlines()[-1]
    assert f"/m/{CITY_OFFICE}/bind/card/" in url
    assert qr.drawn(url) in words.out


def test_a_card_that_cannot_be_shown_is_refused_in_words(cli: Cli) -> None:
    said = cli("card", "proof", "999999", "--json")

    assert (said.code, said.json["error"]["code"]) == (2, "cards.proof.refused")


def test_slips_are_printed_to_a_sheet_that_only_its_owner_reads(
    site: Site, cli: Cli, tmp_path: Path
) -> None:
    page, plain = tmp_path / "slips.pdf", tmp_path / "slips.txt"

    said = cli("wechat", "slips", "--department", CARDIOLOGY, "--out", page, "--json")
    cli("wechat", "slips", "--department", CARDIOLOGY, "--out", plain)

    assert said.json == {"slips": 2, "file": str(page)}
    assert stat.S_IMODE(page.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode) == 0o600
    sheet = printed(page.read_bytes())
    assert "激活条：心内科，2 人" in sheet
    older = re.findall(r"(?m)^[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$", sheet)
    newer = re.findall(r"激活码　(\S+)", plain.read_text())
    assert [len(older), len(newer)] == [2, 2]
    assert by_slip(site, NEW, Secret(older[0])) == NotBound(4)
    assert by_slip(site, NEW, Secret(newer[0].lower())) == Bound()


def test_slips_that_could_not_be_written_were_not_made(
    cli: Cli, tmp_path: Path, count: Callable[..., int]
) -> None:
    refused = cli("wechat", "slips", "--department", CARDIOLOGY, "--out", tmp_path, "--json")

    assert (refused.code, refused.json["error"]["code"]) == (2, "accounts.slip.unwritable")
    assert count("activation_slip") == 0


def test_slips_are_told_where_there_is_no_file(site: Site, cli: Cli) -> None:
    said = cli("wechat", "slips", "--department", CARDIOLOGY, "--person", HE_MIN, "--json")
    words = cli("wechat", "slips", "--department", CARDIOLOGY, "--person", ZHOU_LAN)

    [slip] = said.json["codes"]
    assert (slip["person_no"], slip["expires_at"]) == (HE_MIN, "2013-06-08T09:00:00+08:00")
    assert by_slip(site, NEW, Secret(slip["code"])) == Bound()
    assert re.search(r"周岚　人员编号 990100002\n激活码　[0-9A-Z-]{14}\n", words.out)


def test_requests_are_listed_approved_and_refused_at_a_desk(
    site: Site, cli: Cli, owner: Engine
) -> None:
    for openid, name in (("o-1", "何敏"), ("o-2", "周岚")):
        with follower(site, openid)() as work:
            requests.ask_human(work, SERVICE, openid, name, "心内科", "换了手机")

    listed = cli("wechat", "requests", "--json").json["requests"]
    approved = cli("wechat", "approve", listed[0]["id"], "--person", HE_MIN, "--as", "钱管理")
    refused = cli("wechat", "refuse", listed[1]["id"], "--reason", "电话没人接", "--json")
    again = cli("wechat", "approve", listed[0]["id"], "--person", HE_MIN, "--json")

    assert [(one["name"], one["likely"]) for one in listed] == [
        ("何敏", [HE_MIN]), ("周岚", [ZHOU_LAN]),
    ]  # fmt: skip
    assert approved.out == "绑定好了，已经告诉申请的人。\n"
    assert refused.json == {"refused": True}
    assert (again.code, again.json["error"]["code"]) == (2, "accounts.request.unknown")
    assert (bound(site, "o-1"), bound(site, "o-2")) == (HE_MIN, None)
    assert cli("wechat", "requests", "--json").json == {"requests": []}
    with owner.connect() as connection:
        actor = connection.execute(
            text("select actor from audit_entry where table_name = 'binding'")
        ).scalar_one()
    assert actor == "钱管理"


def test_an_approval_that_must_wait_says_until_when(site: Site, cli: Cli) -> None:
    by_phone(site, "o-old", PHONES[HE_MIN])
    with follower(site, NEW)() as work:
        number = requests.ask_human(work, SERVICE, NEW, "何敏", "心内科")

    said = cli("wechat", "approve", number, "--person", HE_MIN, "--json")

    assert said.json == {"bound": False, "pending_until": "2013-05-26T09:00:00+08:00"}
