"""Editions of the standards on a real database: loaded once, never changed, chosen by place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import Engine, text

from app.base.site import Site
from app.base.work import Work, begin
from app.kernel.actor import Actor, Role, Via
from app.kernel.errors import (
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    UnavailableError,
)
from app.kernel.place import Place
from app.kernel.sheet import read_csv
from app.org import commands as org
from app.org import queries as units
from app.org.rules import COLUMNS
from app.standards import commands, queries, rules
from tests.rules.packs import EDITIONS, PACKS, text_of

OPERATOR = Actor("operator", Via.CLI, Place.root(), Role.OPERATOR)
MAY_2013, MAY_2026 = date(2013, 5, 18), date(2026, 5, 18)
CHILD = "henan-hospital-activity"
UNITS = b"""code,parent_code,kind,name,order
P,,province,Province,1
C,P,city,City,1
H,C,hospital,Hospital,1
D,H,department,Department,1
S,P,city,Stranger city,2
"""


def done(site: Site, act: Callable[[Work], object], actor: Actor = OPERATOR) -> object:
    with begin(site, actor) as work:
        return act(work)


def chosen(site: Site, code: str, day: date) -> str:
    """The pack by which a unit goes, as a person of that unit sees it."""
    with begin(site, OPERATOR) as work:
        place = units.unit_by_code(work, code).place.person(77)
    with begin(site, Actor("nurse", Via.WECHAT, place, Role.PERSON)) as work:
        return queries.pack_for(work, place, day).pack.id


@pytest.fixture
def loaded(site: Site) -> Site:
    with begin(site, OPERATOR) as work:
        commands.load_shipped(work)
    return site


@pytest.fixture
def tree(loaded: Site) -> Site:
    with begin(loaded, OPERATOR) as work:
        org.import_units(work, read_csv(UNITS, COLUMNS))
    return loaded


def test_the_shipped_packs_load_once_and_a_second_time_nothing_happens(
    site: Site, count: Callable[..., int]
) -> None:
    first = done(site, commands.load_shipped)
    second = done(site, commands.load_shipped)

    assert first == commands.Loaded(added=3, same=0)
    assert second == commands.Loaded(added=0, same=3)
    assert count("standard_edition") == 3
    assert (
        count("audit_entry", "action = 'standards.load' and table_name = 'standard_edition'") == 3
    )


def test_a_loaded_pack_is_the_one_that_was_read(loaded: Site) -> None:
    with begin(loaded, OPERATOR) as work:
        queries._READ.clear()
        packs = queries.packs(work)

    assert packs == PACKS


def test_an_edition_never_changes_and_a_new_one_stands_beside_it(loaded: Site) -> None:
    altered = text_of("cn-2024", title="x").encode()
    newer = text_of("cn-2024", title="x", edition=2).encode()

    with pytest.raises(ConflictError, match=r"standards.edition.changed"):
        done(loaded, lambda work: commands.load(work, [altered]))
    done(loaded, lambda work: commands.load(work, [newer]))

    with begin(loaded, OPERATOR) as work:
        standing = [(one.pack.id, one.pack.edition) for one in queries.editions(work)]
        now = queries.pack_for(work, Place.root(), MAY_2026)
        assert queries.packs(work)["cn-2024"].title == "x"
    assert standing == [("cn-2006", 1), ("cn-2024", 1), ("cn-2024", 2), (CHILD, 1)]
    assert now.pack.edition == 2


def test_an_entrys_edition_is_found_again_by_its_id(loaded: Site) -> None:
    with begin(loaded, OPERATOR) as work:
        edition = queries.pack_for(work, Place.root(), MAY_2013)
        assert queries.edition_of(work, edition.id) == edition
        with pytest.raises(NotFoundError, match=r"standards.edition.unknown"):
            queries.edition_of(work, 10**9)


def test_files_load_all_or_none_and_parents_may_come_after_children(
    site: Site, count: Callable[..., int]
) -> None:
    child, parent = ((EDITIONS / f"{name}.json").read_bytes() for name in (CHILD, "cn-2006"))

    with pytest.raises(InvalidError, match=r"standards.pack.unreadable"):
        done(site, lambda work: commands.load(work, [parent, b"{"]))
    assert count("standard_edition") == 0
    with pytest.raises(InvalidError, match=r"standards.pack.no_parent"):
        done(site, lambda work: commands.load(work, [child]))
    assert done(site, lambda work: commands.load(work, [child, parent])).added == 2  # type: ignore[attr-defined]


def test_files_that_extend_one_another_are_refused(site: Site) -> None:
    files = [
        text_of(CHILD, id=own, extends=other).encode()
        for own, other in (("north", "south"), ("south", "north"))
    ]

    with pytest.raises(InvalidError, match=r"standards.pack.circle") as refusal:
        done(site, lambda work: commands.load(work, files))

    assert {"north", "south"} <= set(str(refusal.value.facts["chain"]).split(" > "))


def test_one_file_given_twice_is_one_edition(site: Site) -> None:
    parent = (EDITIONS / "cn-2006.json").read_bytes()

    assert done(site, lambda work: commands.load(work, [parent, parent])) == commands.Loaded(1, 1)


def test_two_contents_under_one_edition_in_one_call_are_refused(
    site: Site, count: Callable[..., int]
) -> None:
    files = [text_of("cn-2006", title=title).encode() for title in ("x", "y")]

    with pytest.raises(ConflictError, match=r"standards.edition"):
        done(site, lambda work: commands.load(work, files))

    assert count("standard_edition") == 0


def test_only_the_operator_may_load_or_choose_packs(tree: Site) -> None:
    for role in set(Role) - {Role.OPERATOR}:
        actor = Actor("somebody", Via.CONSOLE, Place.root(), role)
        for act in (
            commands.load_shipped,
            lambda work: commands.load(work, []),
            lambda work: commands.use(work, "C", CHILD),
            lambda work: commands.stop_using(work, "C", CHILD),
        ):
            with pytest.raises(ForbiddenError):
                done(tree, act, actor)


@pytest.mark.parametrize(
    ("day", "pack"),
    [
        ("1999-05-01", "cn-2006"),
        ("2013-05-18", "cn-2006"),
        ("2024-12-31", "cn-2006"),
        ("2025-01-01", "cn-2024"),
        ("2026-05-18", "cn-2024"),
    ],
)
def test_the_national_pack_of_the_day_stands_where_no_region_has_its_own(
    tree: Site, day: str, pack: str
) -> None:
    assert chosen(tree, "H", date.fromisoformat(day)) == pack


def test_a_unit_and_all_below_it_go_by_the_pack_it_uses(tree: Site) -> None:
    assert done(tree, lambda work: commands.use(work, "C", CHILD)) is True
    assert done(tree, lambda work: commands.use(work, "C", CHILD)) is False

    assert [chosen(tree, code, MAY_2013) for code in ("C", "H", "D")] == [CHILD] * 3
    assert [chosen(tree, code, MAY_2013) for code in ("P", "S")] == ["cn-2006"] * 2


def test_a_regional_pack_gives_way_to_the_nation_when_its_time_is_over(tree: Site) -> None:
    done(tree, lambda work: commands.use(work, "C", CHILD))

    assert chosen(tree, "H", MAY_2026) == "cn-2024"


def test_the_nearest_unit_decides(tree: Site) -> None:
    own = text_of(CHILD, id="hospital-own").encode()
    done(tree, lambda work: commands.load(work, [own]))
    done(tree, lambda work: commands.use(work, "P", CHILD))
    done(tree, lambda work: commands.use(work, "H", "hospital-own"))

    assert [chosen(tree, code, MAY_2013) for code in ("D", "H", "C", "S")] == [
        "hospital-own",
        "hospital-own",
        CHILD,
        CHILD,
    ]


def test_a_unit_may_use_one_pack_for_each_regime(tree: Site) -> None:
    own = text_of(CHILD, id="city-2024", extends="cn-2024", items=None, project_items=None).encode()
    done(tree, lambda work: commands.load(work, [own]))
    for pack in (CHILD, "city-2024"):
        done(tree, lambda work, pack=pack: commands.use(work, "C", pack))

    assert (chosen(tree, "H", MAY_2013), chosen(tree, "H", MAY_2026)) == (CHILD, "city-2024")


def test_a_unit_that_stops_using_a_pack_goes_by_the_next_one_above(tree: Site) -> None:
    done(tree, lambda work: commands.use(work, "C", CHILD))

    done(tree, lambda work: commands.stop_using(work, "C", CHILD))

    assert chosen(tree, "H", MAY_2013) == "cn-2006"
    with pytest.raises(NotFoundError, match=r"standards.use.none"):
        done(tree, lambda work: commands.stop_using(work, "C", CHILD))


def test_what_is_not_there_cannot_be_used(tree: Site) -> None:
    with pytest.raises(NotFoundError, match=r"standards.pack.not_loaded"):
        done(tree, lambda work: commands.use(work, "C", "cn-1999"))
    with pytest.raises(NotFoundError, match=r"org.unit.unknown"):
        done(tree, lambda work: commands.use(work, "nowhere", CHILD))


def test_a_year_of_credit_finds_its_pack_by_its_number(tree: Site) -> None:
    years = {"start": "09-01", "end": "08-31"}
    old = {"from": "2006-01-01", "to": "2024-08-31"}
    new = {"from": "2024-09-01", "to": None}
    files = [
        text_of(CHILD, id="old", cme_year=years, valid=old).encode(),
        text_of(CHILD, id="new", extends="cn-2024", cme_year=years, valid=new, items=None,
                project_items=None).encode(),
    ]  # fmt: skip
    done(tree, lambda work: commands.load(work, files))
    for pack in ("old", "new"):
        done(tree, lambda work, pack=pack: commands.use(work, "C", pack))

    with begin(tree, OPERATOR) as work:
        place = units.unit_by_code(work, "H").place
        found = {year: queries.pack_for_year(work, place, year).pack for year in (2024, 2025)}

    assert {year: pack.id for year, pack in found.items()} == {2024: "old", 2025: "new"}
    assert all(rules.valid_on(found[y], rules.year_numbered(found[y], y).first_on) for y in found)


def test_without_any_pack_nothing_can_be_judged_and_the_remedy_is_named(site: Site) -> None:
    with pytest.raises(UnavailableError, match=r"standards.edition.none_loaded"):
        done(site, lambda work: queries.pack_for(work, Place.root(), MAY_2013))


def test_an_edition_altered_in_the_database_is_not_judged_by(loaded: Site, owner: Engine) -> None:
    with owner.begin() as connection:
        connection.execute(text("set local app.action = 'a hand in the database'"))
        connection.execute(
            text(
                "update standard_edition set body = jsonb_set(body, '{rounding,step}', '\"5\"')"
                " where pack_id = 'cn-2006'"
            )
        )
    queries._READ.clear()

    with pytest.raises(UnavailableError, match=r"standards.edition.altered"):
        done(loaded, lambda work: queries.pack_for(work, Place.root(), MAY_2013))


def test_the_app_can_neither_change_nor_remove_an_edition(loaded: Site) -> None:
    for statement in ("update standard_edition set edition = 9", "delete from standard_edition"):
        with pytest.raises(Exception, match="permission denied"), begin(loaded, OPERATOR) as work:
            work.session.execute(text(statement))
