"""A process of the product whose threads all call the platform at once, starting cold.

`python -m tests.support.racer JSON` with `database_url`, `wechat_api`, and maybe `threads` and
`calls`; it prints how many calls were done, and the errors of the others.
"""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

from app.accounts import queries
from app.base import logs
from app.base.site import Site, connect
from app.base.vault import Vault
from app.config import Config
from app.kernel.secret import Secret
from wechat.platform import oa
from wechat.platform.client import Patience, Platform
from wechat.platform.errors import PlatformError


def site_of(told: dict[str, Any]) -> Site:
    """The product on that database and at that platform, with the keys of tests."""
    config = Config(
        database_url=Secret(told["database_url"]),
        owner_url=Secret(""),
        redis_url="",
        keys=Secret(""),
        index_key=Secret(""),
        secret=Secret(""),
        public_url="",
        production=False,
        pool_size=12,
        statement_timeout_ms=0,
        wechat_api=told["wechat_api"],
    )
    vault = Vault({"k1": b"k" * 32}, b"i" * 32)
    engine = connect(told["database_url"], pool_size=12)
    return Site(config=config, engine=engine, vault=vault, handlers={})


def race(told: dict[str, Any]) -> dict[str, Any]:
    """What came of it."""
    site = site_of(told)
    account = queries.official_account(site, told.get("slug", "yingchuan"))
    assert account is not None
    threads, calls = told.get("threads", 8), told.get("calls", 1)
    start = threading.Barrier(threads)
    errors: list[str] = []
    done: list[bool] = []

    def run() -> None:
        start.wait()
        for _ in range(calls):
            try:
                platform = Platform(site, account, patience=Patience(pause_s=0.01))
                done.append(oa.user_info(platform, "o-1").subscribed)
            except PlatformError as error:
                errors.append(f"{type(error).__name__} {error}")

    running = [threading.Thread(target=run) for _ in range(threads)]
    for one in running:
        one.start()
    for one in running:
        one.join()
    site.engine.dispose()
    return {"done": len(done), "errors": errors}


if __name__ == "__main__":
    logs.configure()
    print(json.dumps(race(json.loads(sys.argv[1]))))
