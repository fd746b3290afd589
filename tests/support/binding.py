"""绑定 — followers at the door with proofs in their hands.

follower(site, "o-new")            opens works of somebody in WeChat whom nobody knows yet
slip_of(site, HE_MIN)              the code on a slip that was printed for this person
picture_of(site, HE_MIN)           the token in the picture after their card was held to a reader
by_phone(site, "o-new", "139…")    what comes of a number that the platform proved
restated(site, HE_MIN, name="…")   their line of the roster once more, with these cells changed
told(owner)                        everything left to be told: (slug, openid, code), oldest first
"""

from __future__ import annotations

import functools
import secrets
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Engine, text

from app.accounts.commands import proving as accounts
from app.accounts.commands import slips
from app.accounts.terms.proofs import Outcome, PhoneEvidence
from app.base.site import Site
from app.base.work import Work, begin
from app.cards import commands as cards
from app.kernel.actor import Actor, Role, Via
from app.kernel.place import Place
from app.kernel.secret import Secret
from tests.support.cast import OPERATOR, PEOPLE, UIDS, csv_of, id_number, people_sheet
from tests.support.wechat_client import SERVICE
from wechat import proving

PHONES = {no: phone for no, *_, phone in PEOPLE if phone}
_DEPARTMENTS = {no: department or unit for no, _, _, _, unit, department, *_ in PEOPLE}


def follower(site: Site, openid: str) -> proving.Working:
    """Works of a follower who is nobody yet, as the doors of the phone open them."""
    stranger = Actor(openid, Via.WECHAT, Place("0."), Role.PERSON)
    opened: functools.partial[AbstractContextManager[Work]] = functools.partial(
        begin, site, stranger
    )
    return opened


def slip_of(site: Site, no: str, actor: Actor = OPERATOR) -> Secret:
    """The code on a new slip for this person, as it is printed."""
    with begin(site, actor) as work:
        [slip] = slips.issue_slips(work, _DEPARTMENTS[no], person_no=no)
    return slip.code


def picture_of(site: Site, no: str, actor: Actor = OPERATOR, slug: str = SERVICE) -> Secret:
    """The token in the picture that a reader shows for this person's card."""
    with begin(site, actor) as work:
        shown = cards.show_proof(work, uid=Secret(UIDS[no]), slug=slug)
    return Secret(shown.url.reveal().rpartition("/")[2])


def by_slip(site: Site, openid: str, code: Secret, slug: str = SERVICE, no: str = "") -> Outcome:
    return proving.prove_by_slip(follower(site, openid), slug, openid, code, no)


def by_card(site: Site, openid: str, token: Secret, slug: str = SERVICE) -> Outcome:
    return proving.prove_by_card(follower(site, openid), slug, openid, token)


def by_phone(
    site: Site, openid: str, number: str | None, slug: str = SERVICE, **more: Any
) -> Outcome:
    """What comes of a number that the platform proved to be this follower's; None: it did not."""
    ticket = more["ticket"] if "ticket" in more else ticket_of(site, openid, slug)
    phone = None if number is None else Secret(number)
    code = more.get("code") or Secret(secrets.token_hex(8))
    evidence = PhoneEvidence(ticket, phone, code, more.get("name", ""))
    return proving.prove_by_phone(follower(site, openid), evidence)


def ticket_of(site: Site, openid: str, slug: str = SERVICE) -> Secret:
    """What the follower's page hands to the mini-program."""
    with follower(site, openid)() as work:
        return accounts.offer_phone_proof(work, slug, openid)


def restated(site: Site, no: str, **cells: str) -> None:
    """This person's line of the roster once more, with these cells changed."""
    number, name, born, order, unit, department, *_ = next(one for one in PEOPLE if one[0] == no)
    line = {
        "person_no": number, "name": name, "id_type": "id_card",
        "id_number": id_number(born, order), "unit_code": unit, "department_code": department,
        "status": "normal",
    } | cells  # fmt: skip
    with begin(site, OPERATOR) as work:
        cards.import_people(work, people_sheet(csv_of(tuple(line), tuple(line.values()))))


def told(owner: Engine) -> list[tuple[str, str, str]]:
    """Whom we are to tell what, oldest first."""
    asked = text("select body from outbox_message where topic = 'wechat.tell' order by id")
    with owner.connect() as connection:
        bodies = connection.execute(asked).scalars().all()
    return [(body["slug"], body["openid"], body["code"]) for body in bodies]
