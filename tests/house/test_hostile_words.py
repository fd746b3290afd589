"""跨站脚本 — whatever anybody typed stands on a page as letters, never as markup of ours."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.actor import Role
from tests.house.estate import Estate
from tests.house.test_matrix import SEATS, addresses
from tests.support.office import Desk, Office

# It would open a tag in text, and end an attribute in either kind of quotation marks.
HOSTILE = "<img src=x onerror=alert(1)>\"'>{{7*7}}"
# What addresses, places and our own sentences are made of; nobody types it.
_OURS = frozenset(
    {"path", "person_no", "code", "project_no", "card_no", "actor", "role", "via", "action"}
    | {"table_name", "row_id", "topic", "version_num", "name_key", "mark", "batch_ulid", "level"}
)

_COLUMNS = text("""
select table_name, column_name from information_schema.columns c join pg_class t
  on t.relname = c.table_name and t.relkind = 'r'
where table_schema = 'public' and data_type in ('text', 'character varying')
order by 1, 2""")


def poisoned(connection: Connection) -> set[str]:
    """Let every column that takes any words hold hostile ones; which do."""
    done = set()
    for table, column in connection.execute(_COLUMNS).all():
        if column in _OURS:
            continue
        try:
            with connection.begin_nested():
                connection.execute(text(f"update {table} set {column} = :w"), {"w": HOSTILE})
            done.add(f"{table}.{column}")
        except SQLAlchemyError:  # one of a list, a key of another row, one of its kind
            continue
    return done


def test_no_page_of_the_console_takes_words_for_markup(
    estate: Estate, office: Office, owner: Engine
) -> None:
    pages: dict[str, tuple[Desk, str]] = {}
    for role in (Role.HOSPITAL_ADMIN, Role.CITY_OFFICE):
        desk = office.desk(role, SEATS[role])
        for rule, method, address in addresses(desk, estate):
            if method == "GET" and rule.endpoint not in pages:
                answer = desk.get(address)
                if answer.status_code == 200 and answer.mimetype == "text/html":
                    pages[rule.endpoint] = desk, address
    with owner.begin() as connection:
        done = poisoned(connection)

    answers = {name: desk.get(address) for name, (desk, address) in pages.items()}

    assert {"person.name", "person.title", "unit.name", "project.name", "batch.venue"} <= done
    assert {name: one.status_code for name, one in answers.items() if one.status_code != 200} == {}
    shown = {name: one.text for name, one in answers.items()}
    assert [name for name, page in shown.items() if "<img src=x" in page] == []
    assert [name for name, page in shown.items() if "&gt;49" in page] == []
    assert sum("&lt;img src=x" in page for page in shown.values()) > 30
