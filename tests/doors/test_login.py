"""The pages of signing in, as a browser meets them."""

from __future__ import annotations

import hashlib
import re
import statistics
import time
from dataclasses import replace
from itertools import product

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts import commands, steps
from app.accounts.terms import Login
from app.base.site import Site
from app.base.work import begin
from app.kernel.actor import Role
from app.kernel.secret import Secret
from app.web import pictures
from tests.conftest import Clock
from tests.house.trees import ROOT
from tests.support.cast import CITY, COUNTY_HOSPITAL, HE_MIN, OPERATOR, SHAN_XIAO, ZHOU_LAN, Cast
from tests.support.entrance import ADMIN, OPENID, PASSWORD, Entrance
from tests.support.serving import app_of
from tests.support.wechat_client import ACCOUNTS, SERVICE

WRONG = "Wrong-9-waters-run"
NEW = "Another-9-kite-run"


@pytest.fixture
def web(entrance: Entrance) -> FlaskClient:
    return app_of(entrance.site).test_client()


@pytest.fixture
def secured(entrance: Entrance) -> Entrance:
    """The same site, as people reach it over HTTPS."""
    config = replace(entrance.site.config, public_url="https://kejiao.example")
    return replace(entrance, site=replace(entrance.site, config=config))


def token_in(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    return found[1] if found else ""


def send(
    web: FlaskClient, address: str, *, page: str | None = None, sender: str = "10.16.3.88",
    **fields: str,
) -> TestResponse:  # fmt: skip
    """Open the page and send its form."""
    token = token_in(web.get(page or address).text)
    return web.post(
        address, data={"form_token": token} | fields, environ_base={"REMOTE_ADDR": sender}
    )


def sign_in(web: FlaskClient, name: str = HE_MIN, password: str = PASSWORD) -> TestResponse:
    return send(web, "/login", name=name, password=password)


def by_code(web: FlaskClient, entrance: Entrance, password: str = PASSWORD) -> TestResponse:
    """From a bound phone to a signed-in computer, as a nurse does it."""
    code = entrance.ask().code.reveal()
    assert send(web, "/login/code", name=HE_MIN, code=code).location == "/login/password"
    return send(web, "/login/password", password=password, again=password)


def enrolled(web: FlaskClient, entrance: Entrance, login: Login) -> TestResponse:
    assert sign_in(web, login.name).location == "/login/enrol"
    page = web.get("/login/enrol").text
    number = entrance.number(login)
    return web.post("/login/enrol", data={"form_token": token_in(page), "number": number})


# ------------------------------------------------------------------ the way of a nurse


def test_a_nurse_resets_her_password_and_signs_in_with_it(
    web: FlaskClient, entrance: Entrance
) -> None:
    entrance.bind()

    done = by_code(web, entrance)
    home = web.get("/console/")
    out = send(web, "/console/out", page="/console/")
    again = sign_in(web)

    assert "密码设好了，已经登录" in done.text
    assert "何敏，你好" in home.text
    assert "颍川市第一人民医院" in home.text
    assert "已经退出" in out.text
    assert (again.status_code, again.location) == (302, "/console/")


def test_a_weak_password_is_told_why_and_the_code_is_not_lost(
    web: FlaskClient, entrance: Entrance
) -> None:
    entrance.bind()
    send(web, "/login/code", name=HE_MIN, code=entrance.ask().code.reveal())

    weak = send(web, "/login/password", password=f"Aa-{HE_MIN}", again=f"Aa-{HE_MIN}")
    differ = send(web, "/login/password", password=PASSWORD, again=NEW)
    good = send(web, "/login/password", password=PASSWORD, again=PASSWORD)

    assert (weak.status_code, differ.status_code, good.status_code) == (422, 422, 200)
    assert "密码里不要有一卡通号" in weak.text
    assert "两次填的密码不一样" in differ.text
    assert HE_MIN not in weak.text.replace(f'value="{HE_MIN}"', "")


def test_an_administrator_sets_up_the_second_factor_and_uses_it(
    web: FlaskClient, entrance: Entrance, clock: Clock
) -> None:
    login = entrance.admin()

    shown = enrolled(web, entrance, login)
    home = web.get("/console/")
    codes = re.findall(r"<code>(\w{5}) (\w{5})</code>", shown.text)
    send(web, "/console/out", page="/console/")
    clock.advance(seconds=30)
    asked = sign_in(web, ADMIN)
    wrong = send(web, "/login/second", number="000000")
    right = send(web, "/login/second", number=entrance.number(login))

    assert len(set(codes)) == 10
    assert "医院管理员" in home.text
    assert asked.location == "/login/second"
    assert (wrong.status_code, right.location) == (422, "/console/")


def test_who_governs_two_places_chooses(web: FlaskClient, entrance: Entrance) -> None:
    entrance.admin()
    login = entrance.admin(unit=COUNTY_HOSPITAL, password=None)
    enrolled(web, entrance, login)
    before = web.get_cookie("kejiao_console")

    chosen = send(web, "/console/capacity", page="/console/", grant=str(login.grants[1].id))
    after = web.get_cookie("kejiao_console")

    assert chosen.location == "/console/"
    assert web.get("/console/").text.count("正在使用") == 1
    assert before
    assert after
    assert before.value != after.value


# ------------------------------------------------------------------ scanning


def shown_number(page: str) -> int:
    found = re.search(r'<b class="big">(\d\d)</b>', page)
    assert found
    return int(found[1])


class Camera:
    """Stands for the phone's camera: it reads the link that the page draws."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.links: list[str] = []
        drawn = pictures.qr

        def see(link: str) -> pictures.Picture:
            self.links.append(link)
            return drawn(link)

        monkeypatch.setattr(pictures, "qr", see)

    @property
    def token(self) -> Secret:
        return Secret(self.links[-1].rpartition("/")[2])


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> Camera:
    return Camera(monkeypatch)


def tap(entrance: Entrance, token: Secret, number: int) -> bool:
    assert steps.scan_of(entrance.site, SERVICE, OPENID, token)
    with begin(entrance.site, entrance.cast.self(HE_MIN)) as work:
        return commands.confirm_scan(
            work, HE_MIN, token, number, card_no=HE_MIN, slug=SERVICE, openid=OPENID
        )


def test_the_phone_signs_the_computer_in(
    web: FlaskClient, entrance: Entrance, camera: Camera
) -> None:
    entrance.bind()
    page = web.get("/login").text
    number = shown_number(page)
    waiting = web.get("/login/scan").json

    assert tap(entrance, camera.token, number)
    confirmed = web.get("/login/scan").json
    came = web.post("/login", data={"form_token": token_in(page), "way": "scan"})

    assert camera.links[-1].startswith(f"{entrance.site.config.public_url}/m/{SERVICE}/scan/")
    assert waiting == {"state": "waiting", "left": 60}
    assert confirmed["state"] == "confirmed"
    assert came.location == "/console/"
    assert "微信扫码" in web.get("/console/").text


def test_a_wrong_number_leads_to_a_new_picture(
    web: FlaskClient, entrance: Entrance, camera: Camera
) -> None:
    entrance.bind()
    page = web.get("/login").text
    number = shown_number(page)

    assert not tap(entrance, camera.token, 10 if number != 10 else 11)

    assert web.get("/login/scan").json["state"] == "over"
    came = web.post("/login", data={"form_token": token_in(page), "way": "scan"})
    assert came.status_code == 200
    assert "手机上还没有点数字" in came.text
    fresh = web.get("/login/picture").text
    assert tap(entrance, camera.token, shown_number(fresh))


def test_another_computer_gets_nothing_of_it(
    web: FlaskClient, entrance: Entrance, camera: Camera
) -> None:
    entrance.bind()
    number = shown_number(web.get("/login").text)
    token = camera.token
    thief = app_of(entrance.site).test_client()
    page = thief.get("/login").text
    assert tap(entrance, token, number)

    came = thief.post("/login", data={"form_token": token_in(page), "way": "scan"})

    assert came.status_code == 200
    assert thief.get("/login/scan").json["state"] == "waiting"
    assert web.get("/login/scan").json["state"] == "confirmed"


def test_without_a_verified_service_account_there_is_no_picture(site: Site, cast: Cast) -> None:
    web = app_of(site).test_client()

    page = web.get("/login").text

    assert "用微信扫码" not in page
    assert "用密码" in page
    assert web.get("/login/picture").status_code == 204
    assert web.get("/login/scan").json == {"state": "over", "left": 0}


# ------------------------------------------------------------------ T-4: cookies and fixation


def cookies_of(*answers: TestResponse) -> list[str]:
    return [cookie for answer in answers for cookie in answer.headers.getlist("Set-Cookie")]


def walk(web: FlaskClient, entrance: Entrance, base: str) -> list[TestResponse]:
    """Every page that sets a cookie, once."""
    entrance.bind()
    code = entrance.ask().code.reveal()
    answers = [web.get("/login", base_url=base), web.get("/login/code", base_url=base)]
    sent = {"form_token": token_in(answers[-1].text), "name": HE_MIN, "code": code}
    answers.append(web.post("/login/code", data=sent, base_url=base))
    page = web.get("/login/password", base_url=base).text
    sent = {"form_token": token_in(page), "password": PASSWORD, "again": PASSWORD}
    answers.append(web.post("/login/password", data=sent, base_url=base))
    page = web.get("/console/", base_url=base).text
    sent = {"form_token": token_in(page)}
    answers.append(web.post("/console/out", data=sent, base_url=base))
    return answers


def test_t_4_every_cookie_over_https_is_the_hosts_own_and_closed(secured: Entrance) -> None:
    web = app_of(secured.site).test_client()

    cookies = cookies_of(*walk(web, secured, "https://kejiao.example"))

    names = {cookie.partition("=")[0] for cookie in cookies}
    assert names == {
        "__Host-kejiao_console", "__Host-kejiao_device", "__Host-kejiao_scan", "kejiao_form",
    }  # fmt: skip
    for cookie in cookies:
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        assert {"secure", "httponly"} <= flags, cookie
        assert flags & {"samesite=lax", "samesite=strict"}, cookie
        assert not any(flag.startswith("domain") for flag in flags), cookie
        if cookie.startswith("__Host-"):
            assert "path=/" in flags, cookie


def test_over_http_the_names_are_plain_and_the_cookies_still_closed(
    web: FlaskClient, entrance: Entrance
) -> None:
    cookies = cookies_of(*walk(web, entrance, "http://127.0.0.1:1"))

    for cookie in cookies:
        assert not cookie.startswith("__")
        assert "HttpOnly" in cookie
        assert "SameSite" in cookie


def test_t_4_no_session_that_was_there_before_is_there_afterwards(
    web: FlaskClient, entrance: Entrance
) -> None:
    entrance.claim()
    web.set_cookie("kejiao_console", "planted by somebody else")
    first = sign_in(web)
    one = web.get_cookie("kejiao_console")
    assert one
    web.get("/login")
    thief = app_of(entrance.site).test_client()
    thief.set_cookie("kejiao_console", "planted by somebody else")

    assert first.location == "/console/"
    assert one.value != "planted by somebody else"
    assert thief.get("/console/").location == "/login?over=1"


def test_signing_out_ends_the_session_and_clears_the_browser(
    web: FlaskClient, entrance: Entrance
) -> None:
    entrance.claim()
    sign_in(web)
    kept = web.get_cookie("kejiao_console")
    assert kept

    out = send(web, "/console/out", page="/console/")

    assert out.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert web.get_cookie("kejiao_console") is None
    assert web.get_cookie("kejiao_device") is not None
    web.set_cookie("kejiao_console", kept.value)
    assert web.get("/console/").status_code == 302


def test_after_half_an_hour_one_is_told_why_they_are_out(
    web: FlaskClient, entrance: Entrance, clock: Clock
) -> None:
    entrance.claim()
    sign_in(web)
    clock.advance(minutes=30)

    led = web.get("/console/")

    assert led.location == "/login?over=1"
    assert "半小时没有操作" in web.get(led.location).text


# ------------------------------------------------------------------ who may see what


PAGES = ("/console/", "/console/sessions", "/console/security")
UNFINISHED = ("/login/password", "/login/second", "/login/enrol")


@pytest.mark.parametrize("address", [*PAGES, *UNFINISHED])
def test_nobody_is_led_to_the_log_in(web: FlaskClient, cast: Cast, address: str) -> None:
    for answer in (web.get(address), web.post(address)):
        if answer.status_code != 405:
            assert (answer.status_code, answer.location) == (302, "/login")


@pytest.mark.parametrize("role", [Role.HOSPITAL_ADMIN, Role.AUDITOR])
def test_r_05_no_page_of_the_console_opens_without_the_second_factor(
    web: FlaskClient, entrance: Entrance, clock: Clock, role: Role
) -> None:
    unit = "H1" if role is Role.HOSPITAL_ADMIN else CITY
    login = entrance.admin(role=role, unit=unit)
    sign_in(web, ADMIN)
    for address in PAGES:
        assert web.get(address).location == "/login/enrol"
    enrolled(app_of(entrance.site).test_client(), entrance, login)
    clock.advance(seconds=30)
    web.delete_cookie("kejiao_console")
    sign_in(web, ADMIN)

    for address in PAGES:
        assert web.get(address).location == "/login/second"
    for address in ("/login/password", "/login/enrol"):
        assert web.get(address).location == "/login/second"


def test_a_code_leads_to_a_new_password_and_to_no_page(
    web: FlaskClient, entrance: Entrance
) -> None:
    entrance.bind()
    send(web, "/login/code", name=HE_MIN, code=entrance.ask().code.reveal())

    for address in (*PAGES, "/login", "/login/second", "/login/enrol"):
        assert web.get(address).location == "/login/password"


FORMS = (
    ("/console/capacity", {"grant": "1"}), ("/console/sessions", {"all": "1"}),
    ("/console/security/password", {"password": PASSWORD}),
    ("/console/security/second", {"number": "000000"}), ("/console/out", {}),
    ("/login/enrol", {"number": "000000"}),
)  # fmt: skip


@pytest.mark.parametrize(("address", "fields"), FORMS)
@pytest.mark.parametrize("token", ["", "0" * 64, "令牌"])
def test_a_form_of_another_site_changes_nothing(
    web: FlaskClient, entrance: Entrance, address: str, fields: dict[str, str], token: str
) -> None:
    entrance.claim()
    sign_in(web)

    answer = web.post(address, data=fields | {"form_token": token})

    assert answer.status_code == 403
    assert web.get("/console/").status_code == 200


def test_a_form_token_of_one_session_is_none_of_another(
    web: FlaskClient, entrance: Entrance
) -> None:
    entrance.claim()
    sign_in(web)
    other = app_of(entrance.site).test_client()
    sign_in(other)
    token = token_in(other.get("/console/").text)

    assert web.post("/console/out", data={"form_token": token}).status_code == 403


def test_the_log_in_form_of_another_site_signs_nobody_in(
    web: FlaskClient, entrance: Entrance
) -> None:
    entrance.claim()

    answer = web.post("/login", data={"name": HE_MIN, "password": PASSWORD})

    assert answer.status_code == 422
    assert web.get_cookie("kejiao_console") is None


@pytest.mark.parametrize("value", ["", "x", "-1", "1e3", "9" * 40, "１", "1 or 1=1"])
def test_a_number_that_is_none_is_refused_calmly(
    web: FlaskClient, entrance: Entrance, value: str
) -> None:
    entrance.claim()
    sign_in(web)

    for address, fields in (
        ("/console/capacity", {"grant": value}),
        ("/console/sessions", {"screen": "console", "id": value}),
        ("/console/sessions", {"screen": value, "id": "1"}),
    ):
        assert send(web, address, page="/console/", **fields).status_code == 404


# ------------------------------------------------------------------ enumeration


@pytest.mark.timeout(300)
def test_a_thousand_candidates_learn_nothing(web: FlaskClient, entrance: Entrance) -> None:
    """Status, words, length and headers are one for who is known here and who is not."""
    entrance.claim()
    entrance.claim(SHAN_XIAO, "o-shan-xiao")
    entrance.bind(ZHOU_LAN, "o-zhou-lan")
    entrance.ask(ZHOU_LAN, "o-zhou-lan")
    entrance.admin()
    with begin(entrance.site, entrance.cast.hospital_admin) as work:
        commands.freeze_login(work, SHAN_XIAO, reason="遗失手机")
    known = {HE_MIN, SHAN_XIAO, ZHOU_LAN}
    with begin(entrance.site, OPERATOR) as work:  # without a picture, which differs each time
        commands.put_official_account(work, replace(ACCOUNTS[SERVICE], verified=False))
    names = [f"9901{number:05d}" for number in range(1000)]
    assert known < set(names)
    token = token_in(web.get("/login").text)
    seen: dict[bool, set[object]] = {True: set(), False: set()}

    for number, name in enumerate(names):
        answer = web.post(
            "/login",
            data={"form_token": token, "name": name, "password": WRONG},
            environ_base={"REMOTE_ADDR": f"10.{number // 250}.{number % 250}.1"},
        )
        page = answer.text.replace(name, "-")
        said = (answer.status_code, page, len(answer.data), sorted(answer.headers.keys()))
        seen[name in known].add(str(said))

    assert len(seen[True] | seen[False]) == 1


@pytest.mark.weighty
@pytest.mark.parametrize("way", ["/login", "/login/code"])
def test_frozen_unclaimed_wrong_and_unknown_take_as_long(
    web: FlaskClient, entrance: Entrance, clock: Clock, way: str
) -> None:
    entrance.claim()
    entrance.ask()
    entrance.bind(ZHOU_LAN, "o-zhou-lan")
    entrance.ask(ZHOU_LAN, "o-zhou-lan")
    token = token_in(web.get(way).text)
    took: dict[str, list[float]] = {name: [] for name in (HE_MIN, ZHOU_LAN, "990199999")}
    for turn, (number, name) in product(range(15), enumerate(took)):
        begun = time.process_time()
        answer = web.post(
            way,
            data={"form_token": token, "name": name, "password": WRONG, "code": "0000000000"},
            environ_base={"REMOTE_ADDR": f"10.{number}.{turn}.1"},
        )
        took[name].append(time.process_time() - begun)
        assert answer.status_code == 422
        clock.advance(seconds=1)
    # The processor's time: the wall would tell of what else the machine does.
    medians = [statistics.median(times) for times in took.values()]

    assert max(medians) - min(medians) < 0.020


def test_who_tries_too_often_is_told_when_to_come_back_and_another_way(
    web: FlaskClient, entrance: Entrance, clock: Clock
) -> None:
    entrance.claim()
    for _ in range(5):
        send(web, "/login", name=HE_MIN, password=WRONG)
        clock.advance(seconds=10)

    answer = send(web, "/login", name=HE_MIN, password=PASSWORD)

    assert answer.status_code == 429
    assert "请过 30 分钟再来" in answer.text
    assert "微信扫码" in answer.text


# ------------------------------------------------------------------ row 24: whose address it is


def from_address(entrance: Entrance, forwarded: str, peer: str = "10.0.0.1") -> str:
    """The address that a failed try is counted by."""
    seen: list[str] = []
    web = app_of(entrance.site).test_client()
    token = token_in(web.get("/login").text)
    with pytest.MonkeyPatch.context() as patch:
        tried = steps.try_password

        def see(*args: object, address: str, **more: object) -> object:
            seen.append(address)
            return tried(*args, address=address, **more)  # type: ignore[arg-type]

        patch.setattr(steps, "try_password", see)
        web.post(
            "/login",
            data={"form_token": token, "name": "x", "password": WRONG},
            headers={
                "X-Forwarded-For": forwarded,
                "X-Real-IP": "6.6.6.6",
                "Forwarded": "for=6.6.6.6",
            },
            environ_base={"REMOTE_ADDR": peer},
        )
    return seen[0]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted"),
    [
        (0, "6.6.6.6", "10.0.0.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        (1, "6.6.6.6, 7.7.7.7, 203.0.113.7", "203.0.113.7"),
        (2, "6.6.6.6, 203.0.113.7, 10.9.9.9", "203.0.113.7"),
        (2, "203.0.113.7", "10.0.0.1"),
        (1, "", "10.0.0.1"),
    ],
)
def test_a_forged_header_never_changes_the_address_that_is_counted(
    entrance: Entrance, proxies: int, forwarded: str, counted: str
) -> None:
    config = replace(entrance.site.config, trusted_proxies=proxies)
    behind = replace(entrance, site=replace(entrance.site, config=config))

    assert from_address(behind, forwarded) == counted


# ------------------------------------------------------------------ what a page may load


ADDRESSES = ("/login", "/login/code")


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_page_loads_nothing_of_others_and_nothing_inline(
    web: FlaskClient, entrance: Entrance, address: str
) -> None:
    answer = web.get(address)

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not re.search(
        r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:", answer.text
    )
    assert set(re.findall(r'(?:src|href)="(https?:[^"]*)"', answer.text)) == set()
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_is_vendored_is_what_the_list_says() -> None:
    folder = ROOT / "app" / "web" / "static" / "vendor"
    listed = dict(
        re.findall(
            r"(?m)^.*/(\S+\.(?:css|js)), sha256 (\w{64})$", (folder / "VERSIONS.txt").read_text()
        )
    )

    files = {path.name for path in folder.iterdir()}
    assert {name for name in files if name.endswith((".css", ".js"))} == set(listed)
    for name, digest in listed.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest


def test_a_name_with_signs_of_html_stays_a_name(web: FlaskClient, entrance: Entrance) -> None:
    nasty = "<b onload=x>\"'&"

    for address in ("/login", "/login/code"):
        page = send(web, address, name=nasty, password="x", code="x").text
        assert "<b onload" not in page
        assert "&lt;b onload=x&gt;" in page


# ------------------------------------------------------------------ security and devices


def test_the_password_is_changed_by_who_knows_it(web: FlaskClient, entrance: Entrance) -> None:
    entrance.claim()
    sign_in(web)

    wrong = send(web, "/console/security/password", page="/console/security", password=WRONG)
    right = send(web, "/console/security/password", page="/console/security", password=PASSWORD)
    done = send(web, "/login/password", password=NEW, again=NEW)

    assert (wrong.status_code, right.location) == (422, "/login/password")
    assert done.status_code == 200
    assert entrance.type(HE_MIN, NEW).login is not None


def test_a_device_is_signed_out_from_another(web: FlaskClient, entrance: Entrance) -> None:
    entrance.claim()
    sign_in(web)
    other = app_of(entrance.site).test_client()
    sign_in(other)
    page = web.get("/console/sessions").text
    ids = re.findall(r'name="id" value="(\d+)"', page)

    for key in ids:
        send(web, "/console/sessions", screen="console", id=key)

    assert "就是这台" in page
    assert len(ids) == 2
    assert web.get("/console/").status_code == 200
    assert other.get("/console/").location == "/login?over=1"


def test_all_others_are_signed_out_at_once(web: FlaskClient, entrance: Entrance) -> None:
    entrance.claim()
    others = [app_of(entrance.site).test_client() for _ in range(2)]
    for browser in (*others, web):
        sign_in(browser)

    send(web, "/console/sessions", all="1")

    assert web.get("/console/").status_code == 200
    assert {browser.get("/console/").status_code for browser in others} == {302}


def test_a_person_sets_a_second_factor_up_too(
    web: FlaskClient, entrance: Entrance, clock: Clock
) -> None:
    entrance.claim()
    sign_in(web)
    login = entrance.session(entrance.enter(HE_MIN)).login
    page = web.get("/login/enrol").text

    done = web.post(
        "/login/enrol", data={"form_token": token_in(page), "number": entrance.number(login)}
    )
    clock.advance(seconds=30)
    dropped = send(
        web, "/console/security/second", page="/console/security", number=entrance.number(login)
    )

    assert "恢复码" in done.text
    assert dropped.location == "/console/"
