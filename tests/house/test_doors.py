"""Whatever can be asked passes through a command or query with a permission."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import click
import pytest
from flask import Flask

from app.base.site import Site
from app.base.work import DOORS
from app.cli.verbs import root
from app.kernel.actor import ROLES, Permission
from jobs import schedule
from jobs.queues import HANDLERS
from tests.house.trees import sources
from tests.support.serving import app_of

# Addresses open to everybody, each because nothing of anybody's stands behind it.
OPEN = {
    "static": "style sheets and pictures",
    "pages.home": "what this is, for whom",
    "pages.healthz": "the process lives",
    "pages.readyz": "whether the parts answer, without figures of people",
    "pages.version": "which release runs",
    "pages.metrics": "counts without people",
    "phone.asset": "style sheets of the phone pages",
    "phone.nothing_here": "what is no phone page",
    "phone.came_in": "takes a code of the platform, which says whose browser it is",
    "phone.go": "takes a ticket, which says whose browser it is",
    "phone.notices": "says that there is none yet",
    "phone.bind_card": "how a card becomes a proof",
    "phone.bind_card_seen": "asks for one tap more, and looks at nothing",
    "phone.bind_slip": "an empty form",
    "phone.bind_ask": "an empty form",
    "phone.faq": "the same words for everybody",
    "mbox.nothing_here": "what is no address, refused in the machine's language",
    "mbox.server_time": "the server's clock, without which no request can be signed",
}
# Verbs about the machine itself: they run as its owner and touch no row of anybody's.
MACHINE = {"db upgrade", "doctor"}


@pytest.fixture
def app(site: Site) -> Flask:
    return app_of(site)


def verbs(
    group: click.Group = root, path: tuple[str, ...] = ()
) -> Iterator[tuple[str, click.Command]]:
    """Every verb with its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from verbs(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def test_every_address_names_its_doors(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        doors = getattr(app.view_functions[rule.endpoint], "__doors__", ())

        assert doors or rule.endpoint in OPEN, rule
        assert set(doors) <= set(DOORS), (rule, set(doors) - set(DOORS))


def test_every_open_address_is_there(app: Flask) -> None:
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= set(OPEN)


@pytest.mark.parametrize(("name", "command"), list(verbs()))
def test_every_verb_names_its_doors(name: str, command: click.Command) -> None:
    doors = getattr(command.callback, "__doors__", ())

    assert doors or name in MACHINE
    assert set(doors) <= set(DOORS), set(doors) - set(DOORS)


@pytest.mark.parametrize("topic", sorted(HANDLERS))
def test_every_job_names_its_doors(topic: str) -> None:
    doors = getattr(HANDLERS[topic], "__doors__", ())

    assert doors
    assert set(doors) <= set(DOORS)


def told_topics() -> Iterator[str]:
    """Every topic that is told: as a word, by a module's TOPIC, or by the table of periods."""
    for source in sources():
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".tell"):
                if ast.unparse(node.func) == "frame.tell":  # told to people, not to a queue
                    continue
                if node.args and isinstance(node.args[0], ast.Constant):
                    yield node.args[0].value
            elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "TOPIC":
                yield ast.literal_eval(node.value)
    yield from (job.topic for job in schedule.JOBS)


def test_every_topic_that_is_told_is_answered() -> None:
    told = set(told_topics())

    assert told | {f"{topic}.given_up" for topic in told} >= set(HANDLERS) >= told


def test_every_public_function_of_a_commands_room_is_a_command() -> None:
    for source in sources():
        if ".commands" not in source.name or source.name.count(".") < 2:
            continue
        for node in source.tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                marks = {ast.unparse(one).split("(")[0] for one in node.decorator_list}
                assert marks & {"command", "query"}, f"{source.name}.{node.name}"


def test_every_door_is_open_to_some_role() -> None:
    held = frozenset().union(*(granted for role, granted in ROLES.items() if role != "operator"))
    # Only the operator of the platform does these.
    operators = {Permission.STANDARDS_LOAD, Permission.SYSTEM_OPERATE, Permission.WECHAT_MANAGE}

    assert {door.permission for door in DOORS.values()} <= held | operators


def test_every_permission_guards_a_door() -> None:
    assert {door.permission for door in DOORS.values()} == set(Permission)
