"""人员 — people and their cards from a file, two records that are one person's, a photo."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from app.base import pictures, words
from app.cards import commands, rules
from app.cli import sheet
from app.cli.desk import Desk, Told, help_of, verb
from app.kernel.errors import InvalidError
from app.merging import commands as merging
from app.merging import queries as pairing
from app.merging.terms import Record
from app.people import commands as staff


@click.group("people", help=help_of("people"))
def group() -> None:
    """Verbs about people."""


@verb(group, "import", "cards.import_people")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--dry-run", is_flag=True, help=help_of("people.import.dry_run"))
def import_(desk: Desk, file: Path, dry_run: bool) -> Told:
    roster = sheet.read(file, rules.COLUMNS)
    with desk.work() as work:
        enrolment = commands.import_people(work, roster, dry_run=dry_run)
    counts = asdict(enrolment.counts)
    if not dry_run:
        return Told(counts, "people.import")
    rows = [
        {
            "row": row.row, "person_no": row.no, "name": row.name, "fate": row.fate,
            "columns": row.columns, "notes": [words.of_row(note) for note in row.notes],
        }
        for row in enrolment.rows
    ]  # fmt: skip
    return Told(counts | {"rows": rows}, "people.import.dry_run")


@verb(group, "doubles", "merging.pairs")
def doubles(desk: Desk) -> dict[str, Any]:
    """Name who may be one person with two records; nothing is changed."""
    with desk.work() as work:
        found = pairing.pairs(work)
    return {
        "pairs": [
            {
                "name": one.first.name, "person_nos": [one.first.no, one.second.no],
                "same": "phone" if one.by_phone else "birth_date",
            }
            for one in found
        ]
    }  # fmt: skip


@verb(group, "merge", "merging.pair_of", "merging.merge")
@click.argument("kept")
@click.argument("closed")
@click.option("--yes", is_flag=True, help=help_of("people.merge.yes"))
def merge(desk: Desk, kept: str, closed: str, yes: bool) -> Told:
    """Show both records; with the word that they are one person's, make them one."""
    with desk.work() as work:
        pair = pairing.pair_of(work, kept, closed).records
    answer: dict[str, Any] = {"kept": _record(pair[0]), "closed": _record(pair[1]), "merged": yes}
    if not yes:
        return Told(answer, "people.merge.look", {"kept": kept, "closed": closed})
    with desk.work() as work:
        done = merging.merge(work, kept, closed, seen=(pair[0].file.mark, pair[1].file.mark))
    facts = {"kept": kept, "closed": closed, "carried": done.carried}
    return Told(answer | {"carried": done.carried, "twice": done.twice}, "people.merge", facts)


@verb(group, "photo", "people.put_photo", "people.remove_photo")
@click.argument("person_no")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--remove", is_flag=True, help=help_of("people.photo.remove"))
def photo(desk: Desk, person_no: str, file: Path | None, remove: bool) -> Told:
    """Keep the photo of a file as somebody's, checked and made anew; or keep none."""
    if (file is None) is not remove:
        raise InvalidError("people.photo.which")
    if file is None:
        with desk.work() as work:
            staff.remove_photo(work, person_no)
        return Told({"person_no": person_no, "bytes": 0}, "people.photo.removed")
    try:
        portrait = pictures.portrait(file.read_bytes())
    except OSError as fault:
        raise InvalidError("people.photo.unreadable", file=str(file), why=fault.strerror) from None
    with desk.work() as work:
        staff.put_photo(work, person_no, portrait)
    return Told({"person_no": person_no, "bytes": len(portrait.jpeg)}, "people.photo")


def _record(one: Record) -> dict[str, Any]:
    """What tells two records apart."""
    profile = one.file.person.profile
    return {
        "person_no": one.file.no, "name": profile.name, "title": profile.title,
        "cards": [card.no for card in one.cards], "bound": one.bound,
        "credits": {str(year): str(sum_) for year, sum_ in one.years},
    }  # fmt: skip
