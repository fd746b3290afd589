"""Every code has its sentence, and every sentence a code."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator

import pytest
from sqlalchemy import Table

from app.awards.terms import Why
from app.base import words
from app.base.database import Audited, Base
from app.base.work import DOORS
from app.web.console import trails
from tests.house.doorbook import BOOK
from tests.house.trees import ROOT, calls, sources

KINDS = {"NotFoundError", "ForbiddenError", "InvalidError", "ConflictError", "UnavailableError"}
CODE = re.compile(r"[a-z_]+(\.[a-z0-9_]+)+")
# The Chinese term that begins a docstring, before its dash or full stop.
TERM = re.compile(r"([\u3400-\u9fff][^\u2014.]*)")


def raised() -> set[str]:
    """The codes that stand in the product's source as arguments of errors."""
    found = set()
    for source in sources():
        for name, node in calls(source.tree):
            if (
                name.split(".")[-1] in KINDS
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                found.add(node.args[0].value)
    return found


def mentioned() -> set[str]:
    """Every text in the source that has the shape of a code, and the beginnings of made ones."""
    text = "\n".join(source.path.read_text() for source in sources())
    return set(re.findall(r"[\"'f]([a-z_]+(?:\.[a-z0-9_]+)+(?:\.\{)?)", text))


def test_every_error_that_is_raised_has_a_sentence() -> None:
    missing = raised() - set(words.book("errors"))

    assert not missing


def test_every_error_brings_the_facts_of_its_sentence() -> None:
    lacking = {
        f"{source.name}:{node.lineno}": facts_of(str(node.args[0].value))
        - {word.arg for word in node.keywords}
        for source in sources()
        for name, node in calls(source.tree)
        if name.split(".")[-1] in KINDS
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and all(word.arg for word in node.keywords)
    }

    assert {where: facts for where, facts in lacking.items() if facts} == {}


def facts_of(code: str) -> set[str]:
    """The names a sentence of an error leaves open."""
    parts = string.Formatter().parse(words.book("errors").get(code, ""))
    return {re.split(r"[.\[]", name)[0] for _, name, _, _ in parts if name}


def test_every_sentence_of_an_error_is_raised_somewhere() -> None:
    said = mentioned()
    made = {one.removesuffix("{") for one in said if one.endswith("{")}
    text = "\n".join(source.path.read_text() for source in sources())
    starts = {one for one in re.findall(r"f\"([a-z_.]+)\{", text) if "." in one} | made
    unused = {
        code
        for code in words.book("errors")
        if code not in said and not any(code.startswith(start) for start in starts)
        and code.split(".", 1)[1] not in text
    }  # fmt: skip

    assert not unused


@pytest.mark.parametrize("why", Why)
def test_every_reason_has_a_sentence(why: Why) -> None:
    said = [code for code in words.book("reasons") if code.split(".")[0] == why.value]

    assert said


# What people say to us they may say as they like.
OURS = {path.stem for path in (ROOT / "app" / "words").glob("*.toml")} - {"keywords"}


@pytest.mark.parametrize("name", sorted(OURS))
def test_sentences_are_calm_and_whole(name: str) -> None:
    for code, said in words.book(name).items():
        assert said.strip(), code
        assert not re.search("[！!]", said), code
        assert not re.search(r"系统错误|操作失败|非法|请联系管理员|您", said), code
        list(string.Formatter().parse(said))  # raises on a broken placeholder


def test_every_command_has_its_word_in_the_log_and_no_other_has() -> None:
    told = {name.removeprefix("action.") for name in words.book("people") if "action." in name}

    assert told - {"other"} == {name for name in BOOK if DOORS[name].writes}


def classes() -> Iterator[tuple[str, str, str]]:
    """Every public class of a terms room whose docstring gives a Chinese term: room, name, term."""
    for source in sources():
        room = source.name.removesuffix(".__init__")
        if "terms" not in room.split("."):
            continue
        for node in source.tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                term = TERM.match(ast.get_docstring(node) or "")
                if term:
                    yield room.split(".terms")[0], node.name, term[1].strip()


def entry_of(name: str) -> str:
    """The name of a class as the glossary writes it: `RankTable` is rank_table."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def test_every_term_is_in_the_glossary() -> None:
    """Under its context where two contexts mean different things by one word."""
    glossary = words.book("glossary")
    wanted = {
        f"{context.rpartition('.')[2]}.{entry_of(name)}": term for context, name, term in classes()
    }

    missing = {name: term for name, term in wanted.items() if glossary.get(name) != term}

    assert missing == {}


def test_every_entry_of_the_glossary_is_a_term() -> None:
    known = {f"{context.rpartition('.')[2]}.{entry_of(name)}" for context, name, _ in classes()}
    sections = {name.split(".")[0] for name in known}

    assert {name for name in words.book("glossary") if name.split(".")[0] in sections} <= known


def test_every_value_that_a_log_tells_has_a_word() -> None:
    """Of the columns that the log names, those with a list of values; a code is no word."""
    raw = [
        f"{table.name}.{column} {word}"
        for table, column, listed in enumerated()
        if {f"column.{table.name}.{column}", f"column.{column}"} & set(words.book("people"))
        for word in listed
        if trails.value(str(table.name), column, word, {}) == word
    ]

    assert raw == []


def enumerated() -> Iterator[tuple[Table, str, list[str]]]:
    """Every column with a trail that holds one of a list, and the list of its constraint."""
    kept = [one.local_table for one in Base.registry.mappers if issubclass(one.class_, Audited)]
    for table in kept:
        assert isinstance(table, Table)
        for constraint in table.constraints:
            told = re.match(r"(\w+) in \((.*)\)", str(getattr(constraint, "sqltext", "")))
            if told is not None:
                yield table, told[1], re.findall(r"'([^']+)'", told[2])
