"""手机页 — what each page says to whom, through HTTP."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event

from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.standards import commands as standards
from tests.conftest import Clock
from tests.support.cast import (
    CAO_JING,
    HE_MIN,
    OPERATOR,
    STRANGER,
    XIE_FANG,
    ZHENG_HAI,
    ZHOU_LAN,
    Cast,
    csv_of,
    id_number,
    people_sheet,
)
from tests.support.nurse import EARLY, GIVEN, LECTURE, OLD, WAITING, award
from tests.support.phones import OpenPhone, Phone
from tests.support.wechat_client import SERVICE, Official

Count = Callable[..., int]

OPENID = "o-he-min"
PAGES = (
    "", "credits", "credits/2026", "credits/2012", "why", f"why/{EARLY}/1", f"why/{WAITING}/1",
    f"why/{GIVEN}/1", "data", "lost", "transfer", "account", "account/reset", "sessions",
    "bindings", "bind", "standards", "notices", "faq", "help",
)  # fmt: skip
FOR_THE_BOUND = tuple(page for page in PAGES if page not in {
    "bind", "standards", "notices", "faq", "help",
})  # fmt: skip
FIRST_SCREEN = 100_000
# Whatever names the nurse, her hospital's activities, or a colleague.
TELLTALES = ("何敏", HE_MIN, "曹静", "心血管急症护理", "急诊急救规范化", "139****0001")


@pytest.fixture
def he_min(nurse_year: None, phone: OpenPhone) -> Phone:
    return phone(OPENID, HE_MIN)


@pytest.fixture
def rules(site: Site) -> None:
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)


class Words(str):
    """The words of a page; where they stand on it, and how far apart, says nothing."""

    __slots__ = ()

    def __contains__(self, said: object) -> bool:
        return str.__contains__(self, "".join(str(said).split()))


def text_of(page: str) -> Words:
    """The words of a page as they are read, without marks."""
    body = page.partition('<main class="sheet">')[2].partition("</main>")[0]
    return Words("".join(re.sub(r"<[^>]+>", "", body).split()))


# ------------------------------------------------------------------ my credits


def test_the_gap_is_the_largest_word_and_all_else_adds_up(he_min: Phone) -> None:
    page = he_min.get().text

    words = text_of(page)
    assert re.search(r'<span class="big">14.5</span>', page)
    assert "要求 25 分，已得 10.5 分。离 12 月 31 日还有 45 天。" in words
    assert "已得 10.5 待定 2 要求 25" in words
    assert "还有 2 分没有定下来 都授分后还差 12.5 分" in words
    assert "再参加 37.5 小时的活动，就够 25 分" in words
    # 10.5 of 25, then 2 of 25.
    assert 'width="42.0%"' in page
    assert 'x="42.0%" y="0" width="8.0%"' in page


def test_what_is_pending_says_since_when_and_leads_to_why(he_min: Phone) -> None:
    page = he_min.get().text

    assert "11 月 8 日刷卡 3 次。举办单位还没有授分，已过 6 个工作日。" in text_of(page)
    assert f'href="/m/{SERVICE}/why/{WAITING.replace("(国)", "(%E5%9B%BD)")}/1"' in page


def test_credit_is_told_by_kind_and_what_was_taken_back_stands_apart(he_min: Phone) -> None:
    words = text_of(he_min.get().text)

    assert "项目类9.0" in words
    assert "非项目类1.5" in words
    assert "撤回过的 1 条，不计入" in words
    assert "刷了卡没有得分 1 次" in words
    assert "10 月 24 日（周六），下午签退早了 8 分钟" in words


def test_the_old_rules_are_told_by_class(he_min: Phone) -> None:
    words = text_of(he_min.get("credits/2012").text)

    assert "还差 20 分 其中Ⅱ类 15 分" in words
    assert "Ⅰ类 5 / 5，够了" in words
    assert "Ⅱ类 0 / 15，还差 15" in words
    assert "2012 年度已经结束，只能补报当年的材料" in words
    assert "各类学分不能互相顶替" in words


def test_an_empty_year_says_so(he_min: Phone) -> None:
    words = text_of(he_min.get("credits/2025").text)

    assert "还差 25 分 要求 25 分，还没有学分。" in words
    assert "这一年度没有记入过学分。" in words


def test_a_year_that_is_not_there_offers_those_that_are(he_min: Phone) -> None:
    for year in ("2027", "1", "99999", "1899", "3000"):
        answer = he_min.get(f"credits/{year}")

        assert answer.status_code == 404
        assert "没有这个年度" in answer.text
        assert f'href="/m/{SERVICE}/credits/2026"' in answer.text


def test_who_is_not_counted_is_asked_for_nothing(
    site: Site, cast: Cast, rules: None, phone: OpenPhone
) -> None:
    columns = ("person_no", "name", "id_type", "id_number", "unit_code", "status", "status_from")
    born = id_number(date(1972, 11, 2), 1)
    away = (ZHOU_LAN, "周岚", "id_card", born, "H1", "not_counted", "2013-01-01")
    with begin(site, OPERATOR) as work:
        cards.import_people(work, people_sheet(csv_of(columns, away)))

    words = text_of(phone("o-zhou-lan", ZHOU_LAN).get().text)

    assert "已得 0 分 2013 年度你不计达标，不用补学分。" in words
    assert "下一步" not in words


# ------------------------------------------------------------------ one credit


def entry_of(he_min: Phone, title: str, *, taken_back: bool = False) -> str:
    page = he_min.get().text
    found = re.findall(
        r'href="(/m/[^"]+/credit/\d+)"><span class="t">([^<]+)</span><span class="v">(<s>)?', page
    )
    [path] = [path for path, name, struck in found if name == title and bool(struck) == taken_back]
    return str(path).removeprefix(f"/m/{SERVICE}/")


def test_one_credit_says_for_what_how_much_and_by_which_rule(he_min: Phone) -> None:
    page = he_min.get(entry_of(he_min, "院内讲座：静脉输液安全")).text

    words = text_of(page)
    assert "计入 1.5 分" in words
    assert "按标准应得 1.5 分" in words
    assert f"项目编号{LECTURE}" in words
    assert "依据 国卫科教发〔2024〕34号；国卫办科教发〔2024〕20号" in words
    assert "判分用的规则 《继续医学教育学分管理办法（试行）》第 1 版" in words
    assert "没有改动过" in words


def test_one_credit_that_was_taken_back_tells_its_story(he_min: Phone) -> None:
    path = entry_of(he_min, "心血管急症护理新进展学习班", taken_back=True)

    words = text_of(he_min.get(path).text)

    assert "这一条已经撤回，后来重新计入 9 分" in words
    assert "记入 9 分2026 年 9 月 14 日" in words
    assert "撤回 9 分，原因：名单漏了一个科室" in words
    assert "重新记入 9 分" in words


def test_a_credit_of_another_is_not_there(
    he_min: Phone, phone: OpenPhone, count: Count, owner: object
) -> None:
    path = entry_of(he_min, "院内讲座：静脉输液安全")
    other = phone("o-zhou-lan", ZHOU_LAN)

    answer = other.get(path)

    assert answer.status_code == 404
    assert "静脉输液" not in answer.text


# ------------------------------------------------------------------ why


def test_why_begins_with_what_lacked_and_by_how_much(he_min: Phone) -> None:
    page = he_min.get(f"why/{EARLY}/1").text

    words = text_of(page)
    assert words.startswith(
        "心血管急症护理规范化培训·10月24日（周六）下午签退早了8分钟，所以没有学分。"
    )
    assert "<em>8 分钟</em>" in page
    assert "下午签退要在 17:00 到 18:00 之间刷卡。你最近的一次是 16:52，早了 8 分钟。" in words
    assert "举办单位：颍川市第一人民医院，地点在门诊楼三楼会议室" in words
    assert f"项目编号 {EARLY}，第 1 期，你的人员编号 {HE_MIN}" in words


def test_why_shows_swipes_against_windows_in_order(he_min: Phone) -> None:
    page = he_min.get(f"why/{EARLY}/1").text

    line = re.findall(r'<li class="(win yes|win no|tap near|tap|hole)"', page)
    assert line == ["win yes", "tap", "tap near", "hole", "win no"]
    assert re.findall(r"差 (8 分钟)</p>", page) == ["8 分钟"]
    assert len(re.findall('aria-label="没有通过"', page)) == 1


def test_why_of_what_nobody_awarded_says_how_far_it_is(he_min: Phone) -> None:
    words = text_of(he_min.get(f"why/{WAITING}/1").text)

    assert "你的刷卡没有问题，举办单位还没有授分。" in words
    assert "走到哪一步了 你刷了 3 次卡11 月 8 日（周日）07:52 和 17:12" in words
    assert "等举办单位授分颍川市第一人民医院" in words
    assert "请提醒举办单位授分" in words


def test_why_of_a_credit_says_what_was_given(he_min: Phone) -> None:
    words = text_of(he_min.get(f"why/{GIVEN}/1").text)

    assert "你在这个期次已得 9 分。" in words
    assert "没有通过" not in words


def test_the_list_has_every_activity_newest_first(he_min: Phone) -> None:
    page = he_min.get("why").text

    titles = re.findall(r'class="choice"[^>]+><span><b>([^<]+)</b>', page)
    assert titles == [
        "急诊急救规范化培训班", "心血管急症护理规范化培训", "心血管急症护理新进展学习班",
        "院内讲座：静脉输液安全", "护理管理与专科护理发展学习班",
    ]  # fmt: skip
    assert "2012 年 9 月 15 日" in page


def test_who_never_swiped_is_told_what_to_do(nurse_year: None, phone: OpenPhone) -> None:
    nobody = phone("o-zhou-lan", ZHOU_LAN)

    assert "还没有你的刷卡记录" in nobody.get("why").text
    assert "这个期次没有你的刷卡" in text_of(nobody.get(f"why/{GIVEN}/1").text)
    for path in ("why/2099-01-01-001(国)/1", f"why/{GIVEN}/9", "why/../../etc/1"):
        assert nobody.get(path).status_code == 404


def test_an_award_made_meanwhile_is_seen_at_once(site: Site, he_min: Phone) -> None:
    award(site, WAITING)

    assert "你在这个期次已得 2 分。" in text_of(he_min.get(f"why/{WAITING}/1").text)
    assert '<span class="big">12.5</span>' in he_min.get().text


# ------------------------------------------------------------------ data, lost, standards


def test_what_is_kept_is_shown_with_numbers_masked(he_min: Phone) -> None:
    page = he_min.get("data").text

    words = text_of(page)
    assert "身份证号999*************20" in words
    assert "139****0001" in words
    assert "13900000001" not in page
    assert not re.search(r"\d{17}[\dXx]", page)


def test_a_card_is_lost_at_one_tap_and_who_can_undo_it_is_said(he_min: Phone, count: Count) -> None:
    before = text_of(he_min.get("lost").text)
    answer = he_min.post("lost", card_no=HE_MIN)
    after = text_of(he_min.get("lost").text)

    assert "挂失这张卡" in before
    assert "要颍川市第一人民医院科教科替你恢复" in before
    assert (answer.status_code, answer.location) == (302, f"/m/{SERVICE}/lost")
    assert f"卡 {HE_MIN} 已经挂失" in after
    assert count("card", "state = 'lost'") == 1


def test_the_card_of_another_is_not_ones_own_to_lose(
    cast: Cast, phone: OpenPhone, count: Count
) -> None:
    he_min = phone(OPENID, HE_MIN)

    for card_no in (CAO_JING, "", "x", "\x00", "'"):
        assert he_min.post("lost", card_no=card_no).status_code == 404

    assert count("card", "state = 'lost'") == 0


def test_who_has_no_card_is_told_so(rules: None, cast: Cast, phone: OpenPhone) -> None:
    assert "你名下没有登记的卡" in phone("o-xie", XIE_FANG).get("lost").text


def test_the_standards_are_those_that_are_judged_by(
    rules: None, cast: Cast, site: Site, phone: OpenPhone, clock: Clock
) -> None:
    old = text_of(phone("o-new").get("standards").text)
    clock.advance(days=365 * 13)
    new = text_of(phone("o-newer").get("standards").text)

    assert old.startswith("每个人每年至少25分，Ⅰ类至少5分，Ⅱ类至少15分。")
    assert "国家级继续医学教育项目 每 3 小时 1 分，主讲每小时 2 分，每个项目最多 10 分。" in old
    assert new.startswith("每个人每年至少25分，学时至少90。")
    assert "有计划的自学 按材料认定，每年最多 10 分。" in new


def test_pages_to_come_are_honest(rules: None, phone: OpenPhone) -> None:
    follower = phone("o-new")

    assert "还没有通知" in follower.get("notices").text
    assert "问答还没有发布" in follower.get("faq").text
    assert "你还没有绑定" in follower.get("help").text


# ------------------------------------------------------------------ who sees what


def test_who_is_not_bound_is_led_to_binding(nurse_year: None, phone: OpenPhone) -> None:
    follower = phone("o-new")

    answers = [follower.get(path) for path in FOR_THE_BOUND]

    led = {(answer.status_code, answer.location) for answer in answers}
    assert led == {(302, f"/m/{SERVICE}/bind")}


def test_nobody_sees_anything_of_another(he_min: Phone, phone: OpenPhone) -> None:
    entry = entry_of(he_min, "院内讲座：静脉输液安全")
    # The names of activities are public; that somebody was there is not.
    public = {f"why/{no}/1" for no in (EARLY, WAITING, GIVEN, OLD)}
    told = []

    for person_no in (STRANGER, ZHENG_HAI, ZHOU_LAN):
        other = phone(f"o-{person_no}", person_no)
        for path in (*PAGES, entry, f"why/{OLD}/1"):
            page = other.get(path).text
            told += [
                (person_no, path, one)
                for one in TELLTALES
                if one in page
                and not (path in public and one in {"心血管急症护理", "急诊急救规范化"})
            ]

    assert told == []


def test_a_binding_that_ended_shows_nothing_any_more(he_min: Phone, official: Official) -> None:
    official.bind(SERVICE, "o-new-phone", HE_MIN)

    pages = {path: he_min.get(path, follow_redirects=True).text for path in PAGES}

    assert [(path, one) for path, page in pages.items() for one in TELLTALES if one in page] == []


# ------------------------------------------------------------------ how the pages are made


def test_every_page_is_plain_and_light(he_min: Phone) -> None:
    for path in PAGES:
        plain_and_light(he_min, path)


def plain_and_light(he_min: Phone, path: str) -> None:
    answer = he_min.get(path)
    page = answer.text
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)">', page)
    packed = [he_min.client.get(one, headers={"Accept-Encoding": "gzip"}) for one in styles]

    assert answer.status_code == 200
    assert answer.headers["Content-Language"] == "zh-CN"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "script" not in answer.headers["Content-Security-Policy"]
    assert '<html lang="zh-CN">' in page
    assert "viewport-fit=cover" in page
    assert not re.search(r"user-scalable|maximum-scale|<script|\sstyle=|\son\w+=|<style", page)
    # Everything is from here.
    assert not re.search(r"""(src|href|action)=["'](https?:)?//""", page)
    assert len(re.findall("<h1", page)) == 1
    weight = len(gzip.compress(answer.data)) + sum(len(one.data) for one in packed)
    assert weight < FIRST_SCREEN
    # At most one primary button.
    assert page.count("weui-btn_primary") <= 1


def test_style_sheets_may_be_kept_for_ever_and_change_their_address_with_their_content(
    app: Flask, he_min: Phone
) -> None:
    [address, *_] = re.findall(r'href="(/m/-/[^"]+)"', he_min.get().text)
    client = app.test_client()

    plain = client.get(address)
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    digest = address.split("/")[3]
    other = client.get(address.replace(digest, "0" * len(digest)))

    assert plain.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 3
    assert other.status_code == 404
    assert "Set-Cookie" not in plain.headers


def test_large_text_is_kept_in_the_browser_and_the_link_leads_nowhere_else(
    he_min: Phone,
) -> None:
    switched = he_min.get("why?size=large&back=//evil.example/")
    large = he_min.get("why").text
    he_min.get("why?size=normal")
    normal = he_min.get("why").text

    assert (switched.status_code, switched.location) == (302, f"/m/{SERVICE}/why")
    assert "HttpOnly" in switched.headers["Set-Cookie"]
    assert '<html lang="zh-CN" data-elder>' in large
    assert "换回标准字号" in large
    assert "data-elder" not in normal
    assert he_min.get("why?size=huge").status_code == 200


def test_a_fault_of_ours_gets_a_number_and_tells_nothing(
    app: Flask, he_min: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(HE_MIN)

    monkeypatch.setitem(app.view_functions, "phone.why_list", fail)

    answer = he_min.get("why")

    assert answer.status_code == 500
    assert re.search(r"编号 <b class=\"num\">[0-9A-F]{6}</b>", answer.text)
    assert HE_MIN not in answer.text


def test_a_page_asks_no_more_often_for_five_activities_than_for_one(
    site: Site, he_min: Phone, phone: OpenPhone
) -> None:
    asked: list[str] = []

    def hear(*facts: object) -> None:
        asked.append(str(facts[2]))

    counts = {}
    event.listen(site.engine, "before_cursor_execute", hear)
    for name, person in {"five": he_min, "one": phone("o-cao-jing", CAO_JING)}.items():
        for path in ("", "why"):
            asked.clear()
            assert person.get(path).status_code == 200
            counts[name, path] = len(asked)
    event.remove(site.engine, "before_cursor_execute", hear)

    # Plans and denials are asked for where an activity waits for its award.
    assert counts["five", ""] <= counts["one", ""] + 3
    assert counts["five", "why"] <= counts["one", "why"] + 3
    assert max(counts.values()) < 40
