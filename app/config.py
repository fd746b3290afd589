"""Settings, read once from the environment; the only reader of `os.environ` in the product.

Without `DATABASE_URL` the operator's CLI takes the services of a running `./run` from
`var/run.json`, and its keys from `var/secrets.env`.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.kernel.errors import UnavailableError
from app.kernel.secret import Secret

ROOT = Path(__file__).resolve().parent.parent

# Where the platform answers; the first serves the API, the second the pages of OAuth.
WECHAT_API = "https://api.weixin.qq.com"
WECHAT_OPEN = "https://open.weixin.qq.com"

# pypinyin's table of phrases takes 55 MB and a third of a second in every process; names of people
# are sorted by their single characters.
os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")

# What a password must be, by name; `accounts.rules.passwords` says what each asks for.
PASSWORD_PROFILES = ("default", "mlps3", "asvs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """设置 — everything a process must know before it starts. See `.env.example` for each name."""

    database_url: Secret
    owner_url: Secret
    redis_url: str
    keys: Secret
    index_key: Secret
    secret: Secret
    public_url: str
    production: bool
    pool_size: int
    statement_timeout_ms: int
    wechat_api: str = WECHAT_API
    wechat_open: str = WECHAT_OPEN
    password_profile: str = PASSWORD_PROFILES[0]
    trusted_proxies: int = 0

    @property
    def https(self) -> bool:
        """Whether people reach us by an encrypted connection."""
        return self.public_url.startswith("https://")


def load(environ: Mapping[str, str] | None = None) -> Config:
    """The settings in force.

    UnavailableError when nothing gives one of them, and in production for a platform that is not
    the real one: who speaks for WeChat can speak for every follower.
    """
    given = _with_run_files(os.environ if environ is None else environ)
    for name in ("DATABASE_URL", "REDIS_URL", "KEJIAO_KEYS", "KEJIAO_INDEX_KEY", "KEJIAO_SECRET"):
        if not given.get(name):
            raise UnavailableError("config.missing", name=name)
    production = given.get("KEJIAO_MODE", "development") == "production"
    return Config(
        database_url=Secret(given["DATABASE_URL"]),
        owner_url=Secret(given.get("OWNER_DATABASE_URL") or given["DATABASE_URL"]),
        redis_url=given["REDIS_URL"],
        keys=Secret(given["KEJIAO_KEYS"]),
        index_key=Secret(given["KEJIAO_INDEX_KEY"]),
        secret=Secret(given["KEJIAO_SECRET"]),
        public_url=given.get("KEJIAO_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/"),
        production=production,
        pool_size=int(given.get("KEJIAO_POOL_SIZE", "8")),
        statement_timeout_ms=int(given.get("KEJIAO_STATEMENT_TIMEOUT_MS", "0")),
        wechat_api=_platform(given, "KEJIAO_WECHAT_API", WECHAT_API, production=production),
        wechat_open=_platform(given, "KEJIAO_WECHAT_OPEN", WECHAT_OPEN, production=production),
        password_profile=_password_profile(given.get("KEJIAO_PASSWORD_PROFILE")),
        trusted_proxies=int(given.get("KEJIAO_TRUSTED_PROXIES", "0")),
    )


def index_key_bytes(config: Config) -> bytes:
    """The look-up key as bytes."""
    return base64.b64decode(config.index_key.reveal())


def given(name: str) -> str | None:
    """One setting as the environment gives it; None when it is absent or empty."""
    return os.environ.get(name) or None


def provide(settings: Mapping[str, str]) -> None:
    """Put settings into the environment, for this process and all that it starts."""
    os.environ.update(settings)


def state_folder() -> Path:
    """Where `./run` keeps what must outlive it: `var`, or what KEJIAO_STATE names."""
    return Path(given("KEJIAO_STATE") or ROOT / "var").resolve()


def metrics_folder() -> str | None:
    """Where all web processes count together; None where each counts for itself.

    The name is the Prometheus client's own, which reads it too.
    """
    return given("PROMETHEUS_MULTIPROC_DIR")


def _platform(given: Mapping[str, str], name: str, real: str, *, production: bool) -> str:
    address = given.get(name, real).rstrip("/")
    if production and address != real:
        raise UnavailableError("config.wechat_elsewhere", name=name, real=real)
    return address


def _password_profile(name: str | None) -> str:
    known = ", ".join(PASSWORD_PROFILES)
    if name is not None and name not in PASSWORD_PROFILES:
        raise UnavailableError("config.password_profile", name=name, known=known)
    return name or PASSWORD_PROFILES[0]


def _with_run_files(environ: Mapping[str, str]) -> dict[str, str]:
    state = Path(environ.get("KEJIAO_STATE") or ROOT / "var")
    found: dict[str, str] = {}
    secrets = state / "secrets.env"
    if secrets.exists():
        lines = (line.partition("=") for line in secrets.read_text().splitlines())
        found |= {name.strip(): value.strip() for name, _, value in lines if name.strip()}
    running = state / "run.json"
    if running.exists() and not environ.get("DATABASE_URL"):
        state_now = json.loads(running.read_text())
        found |= {
            "DATABASE_URL": state_now["database_url"],
            "OWNER_DATABASE_URL": state_now["owner_database_url"],
            "REDIS_URL": state_now["redis_url"],
            "KEJIAO_PUBLIC_URL": state_now["web"],
        }
        if simulator := state_now.get("simulator"):
            found |= {"KEJIAO_WECHAT_API": simulator, "KEJIAO_WECHAT_OPEN": simulator}
    return found | {name: value for name, value in environ.items() if value}
