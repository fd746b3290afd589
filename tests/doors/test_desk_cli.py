"""The operator's verbs about what is else done at a desk: transfers, filings, doubles, photos."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from PIL import Image

from app.base.site import Site
from app.base.work import begin
from app.standards import commands as standards
from tests.support import applying
from tests.support.cast import (
    CARDIOLOGY,
    COUNTY_HOSPITAL,
    HE_MIN,
    HOSPITAL,
    OPERATOR,
    PEOPLE,
    ZHENG_HAI,
    Cast,
    Spoken,
    csv_of,
    id_number,
)

Cli = Callable[..., Spoken]


def test_somebody_is_transferred_when_both_units_agree(cast: Cast, cli: Cli) -> None:
    asked = cli("transfer", "ask", HE_MIN, "--to", COUNTY_HOSPITAL, "--json").json
    number = asked["transfer"]
    [listed] = cli("transfer", "list", "--json").json["transfers"]
    again = cli("transfer", "confirm", number, "--at", HOSPITAL)
    done = cli("transfer", "confirm", number, "--at", COUNTY_HOSPITAL)
    other = cli(
        "transfer", "ask", ZHENG_HAI, "--to", HOSPITAL, "--joining", "--department", CARDIOLOGY,
        "--json",
    ).json["transfer"]  # fmt: skip
    wordless = cli("transfer", "refuse", other, "--at", COUNTY_HOSPITAL, "--reason", " ")
    refused = cli("transfer", "refuse", other, "--at", COUNTY_HOSPITAL, "--reason", "人手不够")
    ended = cli("transfer", "list", "--ended", "--at", HOSPITAL, "--json").json["transfers"]

    assert (listed["name"], listed["left"], listed["joined"]) == ("何敏", True, False)
    assert (again.code, done.code) == (2, 0)
    assert "人已经转过去" in done.out
    assert (wordless.code, refused.code) == (2, 0)
    assert [(one["state"], one["reason"]) for one in ended] == [
        ("refused", "人手不够"), ("done", None),
    ]  # fmt: skip


def test_a_filing_goes_to_the_bureau_and_gets_its_number(cast: Cast, cli: Cli, site: Site) -> None:
    with begin(site, OPERATOR) as work:
        standards.load_shipped(work)
    number = applying.drafted(site, cast.secretary)
    applying.handed_in(site, cast.secretary, number)

    [listed] = cli("filing", "list", "--state", "unit_review", "--json").json["filings"]
    back = cli("filing", "send-back", number, "--reason", "缺内容提要")
    [returned] = cli("filing", "list", "--state", "draft", "--json").json["filings"]
    too_early = cli("filing", "agree", number, "--json")
    applying.handed_in(site, cast.secretary, number)
    agreed = cli("filing", "agree", number)
    announced = cli("filing", "announce", number, "--json")

    assert (listed["filing"], listed["name"]) == (number, "心力衰竭规范诊疗培训班")
    assert (back.code, returned["returned"]) == (0, "缺内容提要")
    assert (too_early.code, too_early.json["error"]["code"]) == (2, "filing.filing.meanwhile")
    assert agreed.code == 0
    assert announced.json["project_no"].startswith("2013-03-01-001")
    assert cli("filing", "list", "--state", "closed").code == 2


def test_two_records_become_one_once_somebody_says_so(
    cast: Cast, cli: Cli, tmp_path: Path
) -> None:  # fmt: skip
    born = next(born for no, _, born, *_ in PEOPLE if no == HE_MIN)
    columns = ("person_no", "name", "id_type", "id_number", "unit_code", "department_code",
               "title", "title_level", "status")  # fmt: skip
    row = ("99-2", "何敏", "id_card", id_number(born, 88), HOSPITAL, CARDIOLOGY, "护师", "junior",
           "normal")  # fmt: skip
    file = tmp_path / "people.csv"
    file.write_text(csv_of(columns, row))
    assert cli("people", "import", file).code == 0
    photo = tmp_path / "face.png"
    out = BytesIO()
    Image.new("RGB", (400, 560), "navy").save(out, "PNG")
    photo.write_bytes(out.getvalue())

    [pair] = cli("people", "doubles", "--json").json["pairs"]
    looked = cli("people", "merge", HE_MIN, "99-2", "--json").json
    kept = cli("people", "photo", HE_MIN, photo, "--json")
    none = cli("people", "photo", "99-2", tmp_path / "nothing.png")
    both = cli("people", "photo", HE_MIN, photo, "--remove")
    done = cli("people", "merge", HE_MIN, "99-2", "--yes", "--json").json
    removed = cli("people", "photo", HE_MIN, "--remove")

    assert set(pair["person_nos"]) == {HE_MIN, "99-2"}
    assert (looked["merged"], looked["closed"]["name"]) == (False, "何敏")
    assert (kept.code, none.code, both.code, removed.code) == (0, 2, 2, 0)
    assert kept.json["bytes"] > 1000
    assert (done["merged"], done["carried"]) == (True, 0)
    assert cli("people", "doubles", "--json").json == {"pairs": []}
