"""No number of identity, phone, chip, key, code, token or password is stored or logged in clear."""

from __future__ import annotations

import base64
import io
import re
import zipfile
import zlib
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import Engine, text

from app.accounts import commands as accounts
from app.accounts.rules.proofs import typed_slip
from app.attendance import commands as attendance
from app.attendance.terms import DeviceKind
from app.base import logs
from app.base.database import Base
from app.base.site import Site
from app.base.work import begin
from app.cards import commands as cards
from app.kernel.actor import Role
from app.kernel.errors import InvalidError
from app.kernel.secret import Secret
from device.mbox.machine import Card, Request
from tests.house.estate import OPENID, Estate
from tests.support.binding import (
    PHONES,
    by_card,
    by_phone,
    by_slip,
    picture_of,
    slip_of,
    ticket_of,
)
from tests.support.cast import (
    CAO_JING,
    HE_MIN,
    HOSPITAL,
    OPERATOR,
    PEOPLE,
    SHAN_XIAO,
    UIDS,
    ZHOU_LAN,
    csv_of,
    id_number,
    people_sheet,
)
from tests.support.serving import app_of
from tests.support.terminal import SN, at, held
from tests.support.wechat_client import ACCOUNTS, SERVICE, Official

PASSWORD = "Kite-7-rivers-run"
WRONG = "Wrong-9-waters-run"
STRANGE_CHIP = "04FFFFFFFFFFFF"
NEW_CODE_SN = "MBX-00077"


def canaries(estate: Estate, code: Secret, token: Secret, site: Site) -> dict[str, str]:
    """Everything that must be nowhere in clear, by what it is."""
    found = {}
    for no, name, born, order, *_, phone in PEOPLE:
        found[f"identity of {name}"] = id_number(born, order)
        found[f"chip of {name}"] = UIDS[no]
        if phone:
            found[f"phone of {name}"] = phone
    for slug, account in ACCOUNTS.items():
        found[f"secret of {slug}"] = account.secret.reveal()
        found[f"token of {slug}"] = account.token.reveal()
        if account.aes_key is not None:
            found[f"message key of {slug}"] = account.aes_key.reveal()
    return found | {
        "key of a terminal": estate.machine.key.hex(),
        "key of the other terminal": estate.other.key.hex(),
        "chip of nobody": STRANGE_CHIP,
        "used code": code.reveal(),
        "used code as typed": code.reveal().replace("-", ""),
        "waiting code": estate.enrol_code.reveal(),
        "waiting code as typed": estate.enrol_code.reveal().replace("-", ""),
        "used link": token.reveal(),
        "waiting link": estate.token.reveal(),
        "password": PASSWORD,
        "refused password": WRONG,
        "key of the vault": site.config.keys.reveal().partition(":")[2],
        "key of look-ups": site.config.index_key.reveal(),
        "secret of the site": site.config.secret.reveal(),
    }


@pytest.fixture
def lived(
    site: Site, estate: Estate, official: Official, capsys: pytest.CaptureFixture[str]
) -> Iterator[tuple[dict[str, str], str]]:
    """The canaries, and the log of a life in which all of them were used, rightly and wrongly."""
    logs.configure()
    capsys.readouterr()
    with begin(site, OPERATOR) as work:
        code = attendance.register(work, NEW_CODE_SN, HOSPITAL, DeviceKind.MBOX).enrol_code
        link = accounts.invite(work, role=Role.AUDITOR, unit_code=HOSPITAL, name="钱审")
    assert code is not None
    token = Secret(link.url.reveal().rpartition("/")[2])
    _terminals(estate, code)
    proofs = _proofs(site, estate)
    _pages(site, token)
    _wechat(official)
    _imports(site)
    yield canaries(estate, code, token, site) | proofs, capsys.readouterr().err
    structlog.reset_defaults()


def _terminals(estate: Estate, code: Secret) -> None:
    machine = estate.machine
    strange = Card(uid=bytes.fromhex(STRANGE_CHIP), card_no="0099887766")
    machine.tap(strange, at=at("17:50:00", "2013-05-19"))
    machine.tap(held(HE_MIN), at=at("17:51:00", "2013-05-19"))
    assert [answer.status for answer in machine.upload()] == [200, 200]
    assert machine.call("GET", "/device/v1/packages", key=b"k" * 32).status == 401
    for sn in (SN, NEW_CODE_SN, NEW_CODE_SN):
        asked = f'{{"device_sn": "{sn}", "code": "{code.reveal()}"}}'.encode()
        assert machine.send is not None
        machine.send(Request("POST", "/device/v1/enrol", {}, asked))


def _proofs(site: Site, estate: Estate) -> dict[str, str]:
    """Every proof of who somebody is, brought forward rightly and wrongly."""
    slip, unused = slip_of(site, ZHOU_LAN), slip_of(site, SHAN_XIAO)
    picture, ticket = picture_of(site, CAO_JING), ticket_of(site, "o-new")
    url = estate.machine.show_proof(bytes.fromhex(UIDS[HE_MIN]))
    code = Secret("phone-code-of-the-platform")
    for openid in ("o-zhou", "o-thief"):
        by_slip(site, openid, slip)
        by_card(site, openid, picture)
    by_phone(site, "o-new", PHONES[HE_MIN], ticket=ticket, code=code, name="单晓")
    return {
        "used slip": slip.reveal(),
        "used slip as typed": typed_slip(slip.reveal()),
        "waiting slip": unused.reveal(),
        "waiting slip as typed": typed_slip(unused.reveal()),
        "picture of a card": picture.reveal(),
        "waiting picture of a card": url.rpartition("/")[2],
        "ticket for a phone": ticket.reveal(),
        "code of the phone component": code.reveal(),
    }


def _pages(site: Site, token: Secret) -> None:
    web = app_of(site).test_client()
    address = f"/activate/{token.reveal()}"
    found = re.search(r'name="form_token" value="([^"]+)"', web.get(address).text)
    assert found
    for again in (WRONG, PASSWORD, PASSWORD):
        sent = {"form_token": found[1], "password": PASSWORD, "again": again}
        web.post(address, data=sent)
    assert web.get(address).status_code == 404


def _wechat(official: Official) -> None:
    number = id_number(PEOPLE[0][2], PEOPLE[0][3])
    for question in ("学分", "为什么", "学分 2013", PEOPLE[0][0], number):
        assert official.service.say(OPENID, question).words
        assert official.city.say("o-nobody", question).words
    assert official.http(SERVICE)("POST", {"signature": "x"}, b"<xml/>")[0] == 403


def _imports(site: Site) -> None:
    """A file that is right, one wrong in every secret cell, and one of somebody else."""
    columns = (
        "person_no", "card_no", "name", "id_type", "id_number", "unit_code", "status", "phone",
        "card_uid",
    )  # fmt: skip
    no, name, born, order, unit, *_ = PEOPLE[0]
    number, uid = id_number(born, order), UIDS[no]
    good = (no, no, name, "id_card", number, unit, "normal", "13900000001", uid)
    wrong = (no, no, name, "id_card", f"{number[:-1]}Z", unit, "normal", "1390000000", f"{uid}F")
    taken = ("990199999", "990199999", name, "id_card", number, unit, "normal", "", uid)
    with begin(site, OPERATOR) as work:
        cards.import_people(work, people_sheet(csv_of(columns, good)))
    for line in (wrong, taken):
        with pytest.raises(InvalidError), begin(site, OPERATOR) as work:
            cards.import_people(work, people_sheet(csv_of(columns, line)))


def forms(secret: str) -> Iterator[bytes]:
    """The ways in which something could lie about in clear."""
    plain = secret.encode()
    yield plain.lower()
    yield base64.b64encode(plain).rstrip(b"=").lower()
    yield plain.hex().encode()
    if re.fullmatch(r"(?:[0-9A-Fa-f]{2}){6,}", secret):
        yield bytes.fromhex(secret).lower()


def stored(owner: Engine) -> Iterator[tuple[str, bytes]]:
    """Every cell of the database as bytes, and what is packed in it."""
    with owner.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(text(f"select * from {table.name}")).mappings():
                for column, cell in row.items():
                    where = f"{table.name}.{column}"
                    yield from ((where, body.lower()) for body in unpacked(where, cell))


def unpacked(where: str, cell: object) -> Iterator[bytes]:
    if not isinstance(cell, bytes):
        yield str(cell).encode()
        return
    yield cell
    if where == "upload_part.body":
        yield zlib.decompress(cell)
    elif where == "device_package.body":
        with zipfile.ZipFile(io.BytesIO(cell)) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def test_nothing_secret_is_stored_in_clear(
    lived: tuple[dict[str, str], str], owner: Engine
) -> None:
    secrets, _ = lived
    cells = list(stored(owner))

    found = {
        (what, where)
        for what, secret in secrets.items()
        for form in forms(secret)
        for where, body in cells
        if form in body
    }

    assert found == set()


def test_the_search_finds_what_is_in_clear(
    lived: tuple[dict[str, str], str], owner: Engine
) -> None:
    """Names, card numbers and openids are no secrets of this kind: they show that we look well."""
    cells = list(stored(owner))

    places = {where for form in forms("0099887766") for where, body in cells if form in body}
    names = {where for where, body in cells if "何敏".encode() in body}

    assert places == {"upload_part.body", "quarantine.card_no"}
    assert {"person.name", "device_package.body", "audit_entry.change"} <= names


def test_nothing_secret_is_logged(lived: tuple[dict[str, str], str]) -> None:
    secrets, said = lived
    lines = said.lower().encode()

    found = {what for what, secret in secrets.items() for form in forms(secret) if form in lines}

    assert found == set()
    assert b"mbox.refused" in lines
