"""What is one hospital's is not got by any address, message or verb of another's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.routing import Rule

from app.base import words
from device.mbox.machine import Machine, Request, Response
from tests.house.estate import OPENID, OTHER_NO, OWN_NO, Estate, hashes
from tests.house.test_doors import OPEN
from tests.house.trees import calls, sources
from tests.support.cast import HE_MIN, UIDS, ZHENG_HAI
from tests.support.terminal import Send
from tests.support.wechat_client import CITY_OFFICE, SERVICE, Official
from wechat.messages import EventKind

# Addresses by what proves who calls; one that is not here fails the tests.
SIGNED = {
    "mbox.packages", "mbox.package", "mbox.acknowledge", "mbox.records", "mbox.answer_to",
    "mbox.heartbeat", "mbox.proof",
}  # fmt: skip
BY_TICKET = {"mini.bind_by_phone"}
BY_CODE = {"mbox.enrol"}
BY_LINK = {"activation.page", "activation.activate"}
BY_WECHAT = {"wechat.knock"}
# By the session of a browser in WeChat, and the binding of its openid.
BY_PHONE = {
    "phone.home", "phone.present", "phone.year", "phone.credit", "phone.why_list", "phone.why",
    "phone.standards", "phone.help", "phone.data", "phone.lost", "phone.lose",
    "phone.account", "phone.reset", "phone.ask_code", "phone.agree", "phone.sessions",
    "phone.end_sessions", "phone.scan", "phone.match", "phone.freezing", "phone.freeze",
    "phone.bind", "phone.bind_phone", "phone.bind_by_card", "phone.bind_by_slip",
    "phone.ask_human", "phone.bindings", "phone.unbind", "phone.claim",
    "phone.transfer", "phone.ask_transfer",
}  # fmt: skip
BY_PASSWORD = {"login.page", "login.sign_in", "login.code", "login.use_code"}
BY_PICTURE = {"login.scan", "login.picture"}
BY_SESSION = {
    "login.password", "login.set_password", "login.second", "login.prove_second", "login.enrol",
    "login.confirm", "console.home", "console.choose", "console.sessions", "console.end",
    "console.security", "console.renew", "console.drop", "console.out",
    "reading.page", "reading.read", "reading.set_state",
    "tasks.page", "tasks.listed", "tasks.cancel", "settling.strays", "settling.claim",
    "clocks.page", "clocks.repair", "clocks.undo",
    "projects.shelf", "projects.export", "projects.dossier", "projects.decide",
    "projects.register", "projects.package", "projects.pack",
    "projects.alteration", "projects.alter", "projects.answer",
    "cards.shelf", "cards.open_batch", "cards.set_state", "cards.batch", "cards.add",
    "cards.material", "cards.withdraw", "cards.hand_in", "cards.make", "cards.hand_out",
    "filings.shelf", "filings.open_draft", "filings.page", "filings.edit", "filings.keep",
    "filings.of_unit", "filings.copy", "filings.recall", "filings.of_bureau", "filings.attachment",
    "logbook.page", "logbook.export",
    "administrators.page", "administrators.invite", "administrators.end",
    "bindings.page", "bindings.answer", "bindings.printed",
    "people.index", "people.export", "people.person", "people.put_status", "people.edit",
    "analysis.page", "analysis.whatif",
    "awarding.preview", "awarding.award", "awarding.run", "awarding.state",
    "awarding.before_undo", "awarding.undo", "awarding.why",
    "awarding.decide",
    "settling.page", "settling.settle",
    "merging.index", "merging.compare", "merging.pair", "merging.merge",
    "merging.apart", "merging.again",
    "transfers.shelf", "transfers.page", "transfers.decide", "transfers.leaving",
    "transfers.leave", "transfers.joining", "transfers.join",
    "people.amend", "people.unmask", "people.why", "people.photo", "people.put_photo",
    "people.remove_photo", "people.blank", "people.enrol",
    "imports.start", "imports.check", "imports.template",
    "imports.result", "imports.take_in", "imports.undo", "imports.errors",
    "imports.columns", "imports.put_columns",
    "people.batch", "edits.result", "edits.take_in", "edits.undo", "edits.errors",
    "exports.of_cards", "exports.of_courses",
    "courses.start", "courses.check", "courses.template", "courses.result", "courses.take_in",
    "courses.undo", "courses.errors", "courses.columns", "courses.put_columns",
    "project_imports.start", "project_imports.check", "project_imports.template",
    "project_imports.result", "project_imports.take_in", "project_imports.undo",
    "project_imports.errors", "project_imports.columns", "project_imports.put_columns",
    "card_imports.start", "card_imports.check", "card_imports.template", "card_imports.result",
    "card_imports.take_in", "card_imports.undo", "card_imports.errors", "card_imports.columns",
    "card_imports.put_columns",
    "departments.index", "departments.create", "departments.rename", "departments.place",
    "departments.close", "departments.before_merge", "departments.merge",
}  # fmt: skip
# Who may make an actor, and so say on whose behalf something is done.
MAKERS = {
    "app.base.outbox": "a job, at the place its message names",
    "app.cli.desk": "the operator at the machine",
    "app.cli.demo.desks": "the invented people of the demo city, by the operator at the machine",
    "app.web.sessions": "whoever signed in, in a capacity that is theirs",
    "app.web.activation": "whoever holds a link, at its place",
    "device.mbox.doors": "a terminal with a code, until it has a key",
    "device.mbox.exchange": "a terminal, once its signature is proven",
    "wechat.proving": "a follower nobody knows yet, by the openid of a ticket or a message",
    "jobs.schedule": "the periodic jobs",
    "wechat.phone.entering": "a person, by the binding of their browser's openid",
    "wechat.handlers.bound": "a person, by the binding of their openid",
}


def rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=str)


def test_every_address_says_what_proves_who_calls(app: Flask) -> None:
    classes = [
        set(OPEN), SIGNED, BY_TICKET, BY_CODE, BY_LINK, BY_WECHAT, BY_PHONE, BY_PASSWORD,
        BY_PICTURE, BY_SESSION,
    ]  # fmt: skip
    addressed = {rule.endpoint for rule in rules(app)}

    assert addressed == set().union(*classes)
    assert sum(map(len, classes)) == len(addressed)


def test_every_help_is_of_a_page_of_the_console() -> None:
    assert set(words.book("help")) - BY_SESSION == set()


# ------------------------------------------------------------------ terminals


def asked(app: Flask, estate: Estate) -> Iterator[tuple[str, str]]:
    """Every signed address by each of its methods, for something of the first hospital."""
    named = {"package_id": estate.package_id, "batch_id": estate.batch_ulid}
    adapter = app.url_map.bind("")
    for rule in rules(app):
        if rule.endpoint in SIGNED:
            facts = {name: named[name] for name in rule.arguments}
            for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
                yield method, adapter.build(rule.endpoint, facts)
    yield "GET", f"/device/v1/records/{estate.batch_ulid}?upload={estate.upload_id}"
    yield "GET", f"/device/v1/records/{estate.batch_ulid}?upload={estate.queued_upload_id}"


def sent(machine: Machine, estate: Estate, method: str, path: str, **lies: Any) -> Response:
    body, extra = b"", {"Idempotency-Key": estate.unsent_id}
    if path.endswith("records"):
        body = estate.last_file
    elif path.endswith("proof"):
        body = orjson.dumps({"uid": UIDS[HE_MIN]})
    elif path.endswith("heartbeat"):
        body = b'{"device_sn": "MBX-00017", "battery": 3}'
    return machine.call(method, path, body, extra=extra, **lies)


def test_a_terminal_gets_nothing_of_anothers(app: Flask, estate: Estate, owner: Engine) -> None:
    here = estate.other_place
    before = hashes(owner, estate.place, but=here)
    said = {}

    for method, path in asked(app, estate):
        answer = sent(estate.other, estate, method, path)
        said[method, path] = answer.status
        assert estate.package_id not in answer.body.decode() or estate.package_id in path
    taken = sent(estate.other, estate, "POST", "/device/v1/records").said

    named = {one: status for one, status in said.items() if one[1].count("/") > 3}
    assert set(named.values()) == {404}
    assert said["POST", "/device/v1/proof"] == 404
    assert len(named) == 5
    assert (taken["accepted"], taken["quarantined"], taken["results"][0]["reason"]) == (
        0, 0, "wrong_device",
    )  # fmt: skip
    after = hashes(owner, estate.place, but=here)
    assert {name for name in after if after[name] != before[name]} <= {"device_nonce"}


def test_the_key_of_one_terminal_proves_no_other(app: Flask, estate: Estate, owner: Engine) -> None:
    before = hashes(owner, estate.place, but=estate.other_place)

    said = {
        path: sent(estate.machine, estate, method, path, key=estate.other.key).status
        for method, path in asked(app, estate)
    }

    assert set(said.values()) == {401}
    assert hashes(owner, estate.place, but=estate.other_place) == before


def test_without_a_signature_no_terminal_is_answered(
    app: Flask, estate: Estate, door: Send
) -> None:
    said = {path: door(Request(method, path)).status for method, path in asked(app, estate)}

    assert set(said.values()) == {401}


def test_a_code_is_for_its_own_terminal(estate: Estate, door: Send, owner: Engine) -> None:
    before = hashes(owner, estate.place, but=estate.other_place)
    body = b'{"device_sn": "MBX-00018", "code": "%b"}' % estate.enrol_code.reveal().encode()

    answer = door(Request("POST", "/device/v1/enrol", {"Content-Type": "application/json"}, body))

    assert answer.status == 403
    assert hashes(owner, estate.place, but=estate.other_place) == before


def test_a_link_that_was_not_sent_opens_nothing(app: Flask, estate: Estate) -> None:
    token = estate.token.reveal()
    web = app.test_client()

    for guess in (token[:-1], token.swapcase(), token + "0", "x"):
        assert web.get(f"/activate/{guess}").status_code == 404
        assert web.post(f"/activate/{guess}", data={"password": "x"}).status_code == 404


# ------------------------------------------------------------------ WeChat


OTHER_OPENID = "o-zheng-hai"
TELLTALES = ("郑海", ZHENG_HAI, OTHER_OPENID)


def questions() -> Iterator[str]:
    """Whatever comes to mind to ask for what is another's."""
    about = (
        "", "2013", "2012年", ZHENG_HAI, "郑海", OTHER_OPENID, OTHER_NO, OTHER_NO[:7], OWN_NO,
        "热门诊", "小儿 进展", "%", "_", "' or '1'='1", f"2013 {ZHENG_HAI}",
        f"{OTHER_NO} {ZHENG_HAI}", "*", "]]><Content>", "\u0000", "9" * 40,
    )  # fmt: skip
    for key in ("学分", "为什么", "查学分", "密码", "绑定", ""):
        yield from (f"{key}{between}{what}" for what in about for between in ("", " ", "\u3000"))


def test_a_person_gets_nothing_of_anothers_whatever_they_ask(
    estate: Estate, official: Official
) -> None:
    official.bind(SERVICE, OTHER_OPENID, ZHENG_HAI)
    caller = official.service
    own = caller.say(OPENID, "为什么").words
    theirs = caller.say(OTHER_OPENID, f"为什么 {OTHER_NO}").words
    told = []

    for question in questions():
        answer = caller.say(OPENID, question).words or ""
        told += [(question, one) for one in TELLTALES if one in answer and one not in question]
        if answer == theirs:
            told.append((question, answer))
    for key in ("credits", "why", f"credits:{ZHENG_HAI}", f"why {ZHENG_HAI}"):
        answer = caller.send(caller.event(OPENID, EventKind.CLICK, key)).words or ""
        told += [(key, one) for one in TELLTALES if one in answer]

    assert told == []
    # Each has credit of one activity, and is told of it.
    assert own
    assert "心力衰竭" in own
    assert theirs
    assert "小儿发热" in theirs
    assert "小儿发热" not in own


def test_a_credit_of_anothers_activity_is_not_ones_own(estate: Estate, official: Official) -> None:
    official.bind(SERVICE, OTHER_OPENID, ZHENG_HAI)

    mine, theirs = (
        official.service.say(openid, f"为什么 {OTHER_NO}").words or ""
        for openid in (OPENID, OTHER_OPENID)
    )

    assert "得 5 分" in theirs
    assert "得 5 分" not in mine


@pytest.mark.parametrize("question", ["学分", "为什么", f"为什么 {OWN_NO}"])
def test_a_binding_holds_on_its_own_account_only(
    estate: Estate, official: Official, question: str
) -> None:
    elsewhere = official.caller(CITY_OFFICE).say(OPENID, question).words or ""
    nobody = official.service.say("o-nobody", question).words or ""

    for answer in (elsewhere, nobody):
        assert "还没有绑定" in answer
        assert HE_MIN not in answer


# ------------------------------------------------------------------ on whose behalf


def test_few_make_an_actor_and_only_the_machines_own_operator_is_one() -> None:
    made = {
        source.name for source in sources() for name, _ in calls(source.tree) if name == "Actor"
    }
    operators = {
        source.name
        for source in sources()
        for name, call in calls(source.tree)
        if name == "Actor" and "Role.OPERATOR" in ast.unparse(call)
    }

    assert made == set(MAKERS)
    assert operators == {"app.cli.desk"}
