"""The simulator is another house: it and the product know each other by HTTP only."""

from __future__ import annotations

import ast

import pytest

from tests.house.trees import Source, sources

SIMULATOR = "wechat.simulator"
OURS = ("app", "device", "jobs", "wechat")
# What the product stands on and a platform of others knows nothing of.
PRODUCT_ONLY = ("sqlalchemy", "redis", "rq", "wechatpy", "structlog")


def imported(source: Source) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def inside(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


@pytest.mark.parametrize("source", sources(), ids=lambda source: source.name)
def test_neither_imports_the_other(source: Source) -> None:
    names = imported(source)

    if inside(source.name, SIMULATOR):
        found = {
            name
            for name in names
            if inside(name, *OURS, *PRODUCT_ONLY) and not inside(name, SIMULATOR)
        }
    else:
        found = {name for name in names if inside(name, SIMULATOR)}

    assert not found
