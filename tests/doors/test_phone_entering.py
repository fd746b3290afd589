"""进门 — how a browser becomes an openid's, and what is shown to one that is nobody's."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.accounts import queries, steps
from app.base.site import Site
from app.base.work import begin
from app.kernel.secret import Secret
from app.standards import commands as standards
from tests.conftest import Clock
from tests.support.cast import HE_MIN, OPERATOR, Cast
from tests.support.phones import AGENT, OpenPhone
from tests.support.serving import app_of
from tests.support.simulator import Simulator
from tests.support.wechat_client import ACCOUNTS, CITY_OFFICE, SERVICE, Official

OPENID = "o-he-min"
CREDITS = f"/m/{SERVICE}/credits/2013"
COOKIE, STATE = f"kejiao_phone_{SERVICE}", f"kejiao_state_{SERVICE}"
Count = Callable[..., int]


@pytest.fixture
def at(site: Site, cast: Cast, official: Official, simulator: Simulator) -> Site:
    """The site with a simulated platform that knows both accounts and 何敏."""
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
    for account in ACCOUNTS.values():
        simulator.put(account)
    simulator.user(ACCOUNTS[SERVICE], OPENID)
    config = replace(
        site.config, public_url="http://127.0.0.1", wechat_api=simulator.url,
        wechat_open=simulator.url,
    )  # fmt: skip
    return replace(site, config=config)


@pytest.fixture
def web(at: Site) -> FlaskClient:
    return browser(at)


def browser(at: Site) -> FlaskClient:
    client = app_of(at).test_client()
    client.environ_base["HTTP_USER_AGENT"] = AGENT
    return client


def permitted(simulator: Simulator, location: str, openid: str = OPENID) -> str:
    """The platform sends the browser of this follower back: the path and query it comes with."""
    path = location.removeprefix(simulator.url).partition("#")[0]
    answer = simulator.call("GET", path, **{"X-Sim-Openid": openid})
    assert answer.status == 302, answer.body.decode()
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def entered(web: FlaskClient, simulator: Simulator, path: str = CREDITS) -> TestResponse:
    """What the browser gets when it comes back from the platform."""
    return web.get(permitted(simulator, web.get(path).location))


def refused(answer: TestResponse, status: int, words: str) -> None:
    assert (answer.status_code, words in answer.text) == (status, True), answer.text
    assert COOKIE not in "".join(answer.headers.getlist("Set-Cookie"))


def test_who_is_not_known_is_sent_to_the_platform_and_comes_back_to_the_page(
    web: FlaskClient, simulator: Simulator, official: Official
) -> None:
    official.bind(SERVICE, OPENID, HE_MIN)

    asked = web.get(CREDITS)
    back = web.get(permitted(simulator, asked.location))
    page = web.get(back.location)

    query = parse_qs(urlsplit(asked.location.replace("#", "&")).query)
    assert query["scope"] == ["snsapi_base"]
    assert query["redirect_uri"] == [f"http://127.0.0.1/m/{SERVICE}/in"]
    assert re.fullmatch("[0-9a-zA-Z]{32,128}", query["state"][0])
    assert (back.status_code, back.location) == (302, CREDITS)
    assert "何敏" in page.text


def test_what_is_kept_in_the_browser_cannot_be_read_by_scripts_nor_sent_by_other_sites(
    web: FlaskClient, simulator: Simulator
) -> None:
    asked = web.get(CREDITS)
    back = web.get(permitted(simulator, asked.location))

    [state] = asked.headers.getlist("Set-Cookie")
    kept = {one.partition("=")[0]: one for one in back.headers.getlist("Set-Cookie")}
    assert "Max-Age=300;" in state
    assert "Max-Age=0" in kept[STATE]
    for cookie in (state, kept[COOKIE]):
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie


def test_over_https_no_neighbour_can_plant_a_cookie(at: Site, simulator: Simulator) -> None:
    secure = replace(at, config=replace(at.config, public_url="https://127.0.0.1"))
    web = browser(secure)

    asked = web.get(CREDITS, base_url="https://127.0.0.1")
    back = web.get(permitted(simulator, asked.location), base_url="https://127.0.0.1")

    for cookie in (*asked.headers.getlist("Set-Cookie"), *back.headers.getlist("Set-Cookie")):
        assert cookie.startswith("__Host-kejiao_")
        assert "Secure" in cookie


def test_a_way_back_is_good_once(web: FlaskClient, simulator: Simulator, count: Count) -> None:
    asked = web.get(CREDITS)
    kept = web.get_cookie(STATE)
    assert kept is not None
    path = permitted(simulator, asked.location)
    web.get(path)
    again = permitted(simulator, asked.location)  # a new code under the old state
    web.set_cookie(STATE, kept.value)
    web.delete_cookie(COOKIE)

    refused(web.get(again), 400, "这一次没有接上")
    assert count("phone_session") == 1


def test_a_code_is_good_once(web: FlaskClient, simulator: Simulator, count: Count) -> None:
    first = permitted(simulator, web.get(CREDITS).location)
    web.get(first)
    web.delete_cookie(COOKIE)
    second = permitted(simulator, web.get(CREDITS).location)
    used, fresh = (parse_qs(urlsplit(one).query) for one in (first, second))

    answer = web.get(f"/m/{SERVICE}/in?code={used['code'][0]}&state={fresh['state'][0]}")

    refused(answer, 400, "这一次没有接上")
    assert count("phone_session") == 1


def test_another_browser_cannot_come_back_with_it(
    at: Site, web: FlaskClient, simulator: Simulator
) -> None:
    path = permitted(simulator, web.get(CREDITS).location)
    other = browser(at)
    other.get(CREDITS)

    refused(other.get(path), 400, "这一次没有接上")
    refused(browser(at).get(path), 400, "这一次没有接上")


@pytest.mark.parametrize("minutes", [5, 60])
def test_a_way_back_is_good_for_five_minutes(
    web: FlaskClient, simulator: Simulator, clock: Clock, minutes: int
) -> None:
    path = permitted(simulator, web.get(CREDITS).location)

    clock.advance(minutes=minutes)

    refused(web.get(path), 400, "这一次没有接上")


@pytest.mark.parametrize("end", ["", "0", "g", "00"])
def test_a_state_that_is_not_ours_is_refused(
    web: FlaskClient, simulator: Simulator, end: str
) -> None:
    path = permitted(simulator, web.get(CREDITS).location)
    query = parse_qs(urlsplit(path).query)
    state = query["state"][0]
    forged = state[:-1] + ("0" if state[-1] != "0" else "1") if not end else state[:-1] + end
    if forged == state:
        forged = f"{state}0"

    refused(web.get(f"/m/{SERVICE}/in?code={query['code'][0]}&state={forged}"), 400, "没有接上")
    refused(web.get(f"/m/{SERVICE}/in"), 400, "没有接上")


@pytest.mark.parametrize(
    "path",
    [
        f"/m/{SERVICE}//evil.example/x",
        f"/m/{SERVICE}/..//evil.example",
        f"/m/{SERVICE}/%2e%2e/%2e%2e/evil",
        f"/m/{SERVICE}/why/\\evil.example/1",
        f"/m/{SERVICE}/why/{'x' * 600}/1",
        f"/m/{SERVICE}/credits?next=https://evil.example/",
    ],
)
def test_the_way_back_never_leads_out(web: FlaskClient, simulator: Simulator, path: str) -> None:
    asked = web.get(path)
    if asked.status_code == 404:
        return
    assert asked.status_code in {302, 308}
    if asked.location.startswith(simulator.url):
        back = web.get(permitted(simulator, asked.location))
        assert back.location.startswith(f"/m/{SERVICE}/")
        assert "\\" not in back.location
    else:
        assert urlsplit(asked.location).netloc in {"", "localhost"}


def test_where_a_browser_was_going_cannot_be_rewritten(
    web: FlaskClient, simulator: Simulator
) -> None:
    path = permitted(simulator, web.get(CREDITS).location)
    kept = web.get_cookie(STATE)
    assert kept is not None
    # base64 of https://evil.example/
    web.set_cookie(STATE, kept.value.partition(".")[0] + ".aHR0cHM6Ly9ldmlsLmV4YW1wbGUv")

    refused(web.get(path), 400, "这一次没有接上")


def test_while_the_platform_is_away_nobody_comes_in(
    web: FlaskClient, simulator: Simulator, count: Count
) -> None:
    path = permitted(simulator, web.get(CREDITS).location)
    simulator.fault(path="^/sns/", times=9, do={"status": 502, "body": ""})

    answer = web.get(path)

    assert answer.status_code == 503
    assert "微信" in answer.text
    assert count("phone_session") == 0


def test_coming_in_again_ends_the_session_before(
    at: Site, web: FlaskClient, simulator: Simulator
) -> None:
    entered(web, simulator)
    old = web.get_cookie(COOKIE)
    assert old is not None
    web.get(permitted(simulator, browser_asks(web)))
    new = web.get_cookie(COOKIE)
    assert new is not None

    assert old.value != new.value
    assert queries.phone_session(at, Secret(old.value)) is None
    assert queries.phone_session(at, Secret(new.value)) is not None


def browser_asks(web: FlaskClient) -> str:
    """Where a browser is sent that lost nothing but its sight: the cookie goes with it."""
    held = web.get_cookie(COOKIE)
    assert held is not None
    web.delete_cookie(COOKIE)
    location = web.get(CREDITS).location
    web.set_cookie(COOKIE, held.value)
    return location


def test_an_idle_session_is_entered_anew(
    web: FlaskClient, simulator: Simulator, clock: Clock
) -> None:
    entered(web, simulator)

    clock.advance(hours=13)

    assert web.get(CREDITS).location.startswith(simulator.url)


def test_who_is_known_on_one_account_is_not_known_on_another(
    at: Site, simulator: Simulator, web: FlaskClient
) -> None:
    entered(web, simulator)
    held = web.get_cookie(COOKIE)
    assert held is not None

    web.set_cookie(f"kejiao_phone_{CITY_OFFICE}", held.value)

    refused(web.get(f"/m/{CITY_OFFICE}/credits"), 403, "请在微信里打开")


# ------------------------------------------------------------------ by a link of the chat


def test_an_account_that_may_not_ask_the_platform_says_where_to_open(web: FlaskClient) -> None:
    for path in ("credits", "why", "bind", "standards", "in?code=1&state=2"):
        refused(web.get(f"/m/{CITY_OFFICE}/{path}"), 403, "请在微信里打开")


def test_a_link_of_the_chat_opens_one_page_once_and_then_all_may_be_read(
    at: Site, web: FlaskClient, official: Official
) -> None:
    official.bind(CITY_OFFICE, OPENID, HE_MIN)
    ticket = steps.issue_ticket(at, CITY_OFFICE, OPENID, f"/m/{CITY_OFFICE}/credits/2013")

    first = web.get(f"/m/{CITY_OFFICE}/go/{ticket.reveal()}")
    page = web.get(first.location)

    assert first.location == f"/m/{CITY_OFFICE}/credits/2013"
    assert "何敏" in page.text
    assert web.get(f"/m/{CITY_OFFICE}/why").status_code == 200
    again = browser(at).get(f"/m/{CITY_OFFICE}/go/{ticket.reveal()}")
    refused(again, 410, "这个链接用过了")


def test_a_link_of_the_chat_lasts_ten_minutes_and_is_of_its_account(
    at: Site, web: FlaskClient, clock: Clock
) -> None:
    ticket = steps.issue_ticket(at, CITY_OFFICE, OPENID, f"/m/{CITY_OFFICE}/").reveal()

    refused(web.get(f"/m/{SERVICE}/go/{ticket}"), 410, "这个链接用过了")
    clock.advance(minutes=10)
    refused(web.get(f"/m/{CITY_OFFICE}/go/{ticket}"), 410, "这个链接用过了")


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("lost", {"card_no": HE_MIN}),
        ("account/reset", {}),
        ("sessions", {"which": "all-"}),
        ("bindings", {}),
        ("bindings/claim", {"act": "confirm"}),
        ("scan/abc", {"number": "17"}),
        ("bind/slip", {"code": "ABCD-EFGH-JKMN"}),
    ],
)
def test_who_came_by_a_link_only_reads(
    phone: OpenPhone, cast: Cast, count: Count, path: str, form: dict[str, str]
) -> None:
    light = phone(OPENID, HE_MIN, slug=CITY_OFFICE, light=True)

    answer = light.post(path, **form)

    assert answer.status_code == 403
    assert "只能看" in answer.text
    assert count("card", "state <> 'active'") == 0
    assert count("binding", "ended_at is not null") == 0


@pytest.mark.parametrize(
    ("path", "way"),
    [
        ("lost", "要挂失，找"), ("account", "带上工作证找本院科教科"),
        ("sessions", "有不认识的设备，马上带上工作证找本院科教科"),
        ("bindings", "要解除绑定，带上工作证找本院科教科"), ("bind", "请他们解除"),
    ],
)  # fmt: skip
def test_a_page_for_reading_says_so_before_anything_is_filled_in(
    phone: OpenPhone, cast: Cast, path: str, way: str
) -> None:
    light = phone(OPENID, HE_MIN, slug=CITY_OFFICE, light=True)

    page = light.get(path)

    assert page.status_code == 200
    assert way in page.text
    assert "<form" not in page.text


@pytest.mark.parametrize("path", ["bind/slip", "bind/ask", "bind/card", "bind/phone"])
def test_who_is_to_be_bound_and_came_by_a_link_is_shown_the_way_by_the_chat(
    phone: OpenPhone, cast: Cast, path: str
) -> None:
    light = phone("o-new", slug=CITY_OFFICE, light=True)

    answer = light.get(path)

    assert (answer.status_code, answer.location) == (302, f"/m/{CITY_OFFICE}/bind")
    assert "在聊天里绑定" in light.get("bind").text


# ------------------------------------------------------------------ forms, and what is not there


@pytest.mark.parametrize("token", ["", "x", "é", "0" * 64])
def test_a_form_of_another_site_changes_nothing(
    phone: OpenPhone, cast: Cast, count: Count, token: str
) -> None:
    he_min = phone(OPENID, HE_MIN)

    answer = he_min.post("lost", card_no=HE_MIN, form_token=token)

    assert answer.status_code == 403
    assert "放得太久" in answer.text
    assert count("card", "state = 'lost'") == 0


def test_the_token_of_one_session_is_of_no_use_to_another(
    phone: OpenPhone, cast: Cast, count: Count
) -> None:
    he_min, other = phone(OPENID, HE_MIN), phone("o-other")

    assert he_min.post("lost", card_no=HE_MIN, form_token=other.csrf).status_code == 403
    assert count("card", "state = 'lost'") == 0


@pytest.mark.parametrize(
    "path", ["/m/", "/m/nobody/", "/m/nobody/credits", "/m/%00/", "/m/-/x/y.css", "/m/a b/"]
)
def test_what_is_not_there_is_said_to_be(web: FlaskClient, path: str) -> None:
    answer = web.get(path)

    assert answer.status_code == 404
    assert "没有这一页" in answer.text


def test_a_page_that_is_not_there_leads_back(web: FlaskClient) -> None:
    answer = web.get(f"/m/{SERVICE}/nothing/here")

    assert answer.status_code == 404
    assert f'href="/m/{SERVICE}/"' in answer.text


def test_a_post_to_nobody_is_refused(web: FlaskClient) -> None:
    assert web.post(f"/m/{SERVICE}/lost").status_code == 403
