"""What style.md forbids stands nowhere in the product."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.trees import Source, calls, literals, sources

CHINESE = re.compile(r"[\u3400-\u9fff\uff00-\uffef\u3000-\u303f]")

modules = pytest.mark.parametrize("source", sources(), ids=lambda source: source.name)


@modules
def test_what_people_read_stands_in_the_words_and_not_in_code(source: Source) -> None:
    said = [
        (node.lineno, node.value) for node in literals(source.tree) if CHINESE.search(node.value)
    ]

    assert not [one for one in said if re.search(r"[\u3400-\u9fff]{2}", one[1])], said


@modules
def test_the_environment_is_read_in_one_place(source: Source) -> None:
    # The simulator is a program of its own, which asks only whether it may run.
    allowed = {"app.config", "wechat.simulator.__main__"}
    # The launcher runs before there is a configuration, and makes one.
    launcher = source.name.startswith("app.cli.")
    reads = [node for node in ast.walk(source.tree)
             if isinstance(node, ast.Attribute) and ast.unparse(node) == "os.environ"]  # fmt: skip

    assert not reads or source.name in allowed or launcher


@modules
def test_the_clock_is_read_in_one_place(source: Source) -> None:
    forbidden = {"datetime.now", "datetime.utcnow", "date.today", "time.time", "datetime.today"}
    # A stand-in terminal and the simulator are other machines with clocks of their own.
    allowed = {"app.base.site", "device.mbox.machine", "wechat.simulator.clock"}
    read = [name for name, _ in calls(source.tree) if name in forbidden]

    assert not read or source.name in allowed or source.name.startswith("device.mbox.machine"), read


@modules
def test_only_work_commits(source: Source) -> None:
    committing = [name for name, _ in calls(source.tree) if name.endswith((".commit", ".rollback"))]
    allowed = {"app.base.work"}

    assert not committing or source.name in allowed, committing


@modules
def test_no_relationship_loads_by_itself(source: Source) -> None:
    lazy = [node for name, node in calls(source.tree) if name.split(".")[-1] == "relationship"
            and 'lazy="raise"' not in ast.unparse(node).replace("'", '"')]  # fmt: skip

    assert not lazy


@modules
def test_nothing_is_imported_inside_a_function(source: Source) -> None:
    inside = [
        node.lineno
        for function in ast.walk(source.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    # The card reader and the launcher's wheels are optional parts of a machine.
    optional = source.name.startswith("app.cli.")

    assert not inside or optional, inside


@modules
def test_nothing_catches_everything(source: Source) -> None:
    caught = [
        node.lineno
        for node in ast.walk(source.tree)
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"})
        and ast.unparse(node.body[-1]) != "raise"  # what is passed on is not caught
    ]
    # The outermost door of each process, and the one that puts a failed job back.
    doors = {"app.base.outbox", "jobs.relay", "jobs.worker", "jobs.schedule", "app.cli.desk",
             "wechat.callback", "wechat.doors", "app.cli.supervise", "app.web.errors",
             "app.base.cell"}  # fmt: skip

    assert not caught or source.name in doors, caught


@modules
def test_names_say_what_things_are(source: Source) -> None:
    vague = {"utils", "helpers", "common", "misc", "manager", "util", "helper"}

    assert not vague & set(source.name.split("."))
