"""A pack and its parents laid over one another, and the hash of the result."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from app.standards.rules.reading import Node, no_repeats

REQUIRED = frozenset(
    {"id", "edition", "regime", "title", "source", "valid", "cme_year", "classes", "rounding"}
    | {"study_time", "requirements", "items", "project_items"}
)
OPTIONAL = frozenset({"extends", "overlap", "class_caps", "additive_requirements", "tables"})
# A parent's identity and document are never its child's.
OWN = frozenset({"id", "edition", "title", "source"})


@dataclass(slots=True)
class Layered:
    """One whole pack as nodes, each still knowing the file it came from by its path."""

    fields: dict[str, Node] = field(default_factory=dict)
    items: dict[str, Node] = field(default_factory=dict)
    tables: dict[str, Node] = field(default_factory=dict)
    project_items: dict[str, Node] = field(default_factory=dict)
    requirements: tuple[Node, ...] = ()

    def body(self) -> dict[str, object]:
        """The pack as one JSON object that needs no parent."""
        body = {name: node.value for name, node in self.fields.items()}
        body["items"] = [node.value for node in self.items.values()]
        body["requirements"] = [node.value for node in self.requirements]
        body["project_items"] = {name: node.value for name, node in self.project_items.items()}
        if self.tables:
            body["tables"] = {name: node.value for name, node in self.tables.items()}
        return body


def layered(body: Mapping[str, object], shelf: Mapping[str, Mapping[str, object]]) -> Layered:
    """The pack laid over the parents it `extends`, which are looked for on the shelf by id.

    A child's item or table replaces the parent's of the same code, its requirement rows come before
    the parent's, its levels replace the parent's one by one, and any other key replaces the whole.
    """
    chain = [_members(Node("", dict(body)))]
    ids = [chain[0]["id"].pack_id()]
    while "extends" in chain[-1]:
        link = chain[-1]["extends"]
        parent = link.pack_id()
        if parent in ids:
            link.refuse("standards.pack.circle", chain=" > ".join([*ids, parent]))
        if parent not in shelf:
            link.refuse("standards.pack.no_parent", known=", ".join(sorted(shelf)))
        chain.append(_members(Node(f"<{parent}>", dict(shelf[parent]))))
        ids.append(parent)
    whole = Layered()
    for members in reversed(chain):
        _lay(members, whole)
    return whole


def digest_of(body: Mapping[str, object]) -> str:
    """The SHA-256 of the body's canonical JSON (sorted keys, no spaces, UTF-8), in hex."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _members(root: Node) -> dict[str, Node]:
    present = root.value if isinstance(root.value, dict) else {}
    required = OWN if "extends" in present else REQUIRED
    return root.fields(required, (REQUIRED | OPTIONAL) - required)


def _lay(members: Mapping[str, Node], whole: Layered) -> None:
    for key, node in members.items():
        match key:
            case "items":
                rows = ((_code_of(row), row) for row in node.entries())
                whole.items |= no_repeats(rows)
            case "tables":
                whole.tables |= node.members()
            case "project_items":
                whole.project_items |= node.members()
            case "requirements":
                whole.requirements = node.entries() + whole.requirements
            case "extends":
                pass
            case _:
                whole.fields[key] = node


def _code_of(row: Node) -> str:
    members = row.members()
    if "code" not in members:
        row.refuse("standards.pack.missing", key="code")
    return members["code"].item_code()
