"""How deep the tests go: quick by default, deeper where somebody asks.

--kills N    kill so many processes in tests/faults (50)
--seed N     with this seed; left out, every run takes another and says which
--deep N     so many times the examples of the property machines (1)
"""

from __future__ import annotations

import secrets

import pytest
from hypothesis import settings

# How long an example takes tells of the machine, not of the product.
settings.register_profile("house", settings.default, deadline=None)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("depth", "how deep the tests go")
    group.addoption("--kills", type=int, default=50, help="processes to kill in tests/faults")
    group.addoption("--seed", type=int, default=None, help="the seed of tests/faults")
    group.addoption("--deep", type=int, default=1, help="times the examples of the machines")


@pytest.fixture(scope="session")
def kills(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--kills"))


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    given = request.config.getoption("--seed")
    return secrets.randbelow(2**32) if given is None else int(given)


@pytest.fixture(scope="session")
def deep(request: pytest.FixtureRequest) -> int:
    return int(request.config.getoption("--deep"))
