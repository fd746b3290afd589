"""Fixtures of the house tests."""

from __future__ import annotations

import pytest

from app.base.site import Site
from tests.house.estate import Estate, founded
from tests.support.cast import Cast
from tests.support.terminal import MakeTerminal
from tests.support.wechat_client import Official


@pytest.fixture
def estate(site: Site, cast: Cast, official: Official, make_terminal: MakeTerminal) -> Estate:
    """Two hospitals that have something of everything."""
    return founded(site, cast, official, make_terminal)
