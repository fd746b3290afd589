"""The composition root: where the parts are put together; nothing imports this but `__main__`."""

from __future__ import annotations

from flask import Flask
from flask.json.provider import DefaultJSONProvider
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter

from app import config as settings
from app.base import cookies, logs
from app.base.site import Site, connect
from app.base.vault import Vault, ring
from app.web import (
    activation,
    assets,
    console,
    errors,
    gate,
    headers,
    login,
    metrics,
    pages,
    stages,
)
from device.drivers import DRIVERS
from device.mbox import doors as mbox
from jobs.queues import HANDLERS
from wechat import doors as wechat
from wechat.mini import doors as mini
from wechat.phone import doors as phone

# Modules whose routes stand on the blueprints registered below.
_ROUTES = (login, stages)


class PlainJson(DefaultJSONProvider):
    """JSON as people read it too: Chinese as it is, members in the order of the answer."""

    ensure_ascii = False
    sort_keys = False


def build(config: settings.Config) -> Site:
    """The site that these settings describe; its process logs from now on as the house does."""
    logs.configure()
    return Site(
        config=config,
        engine=connect(
            config.database_url.reveal(),
            pool_size=config.pool_size,
            statement_timeout_ms=config.statement_timeout_ms,
        ),
        vault=Vault(ring(config.keys.reveal()), settings.index_key_bytes(config)),
        handlers=HANDLERS,
        drivers=DRIVERS,
    )


_LONGEST_FORM = 4 * 1024 * 1024


class Number(IntegerConverter):
    """A number in an address: not longer than those that the database keeps."""

    regex = r"\d{1,18}"


def create_app(site: Site | None = None) -> Flask:
    """The WSGI application with all its doors."""
    flask = Flask("app", root_path=str(settings.ROOT / "app" / "web"))
    site = site or build(settings.load())
    flask.extensions["site"] = site
    flask.url_map.converters["int"] = Number
    flask.json = PlainJson(flask)
    # What was done is told on the next page: a cookie of its own carries that, and nothing else.
    flask.secret_key = site.config.secret.reveal()
    flask.config |= cookies.told_once(site.config)
    # Who pastes a whole roster is told that it is too long, and does not lose the page.
    flask.config["MAX_FORM_MEMORY_SIZE"] = _LONGEST_FORM
    if proxies := site.config.trusted_proxies:
        # Counted from the right: what stands further left may have been written by anybody.
        flask.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            flask.wsgi_app, x_for=proxies, x_proto=0, x_host=0, x_prefix=0
        )
    assets.serve(flask)
    metrics.count(flask)
    headers.guard(flask, https=site.config.https)
    errors.speak(flask)
    flask.register_blueprint(pages.blueprint)
    flask.register_blueprint(activation.blueprint)
    flask.register_blueprint(gate.blueprint)
    for screens in console.BLUEPRINTS:
        flask.register_blueprint(screens)
    flask.register_blueprint(wechat.blueprint)
    flask.register_blueprint(phone.blueprint)
    flask.register_blueprint(mini.blueprint)
    flask.register_blueprint(mbox.blueprint)
    flask.wsgi_app = wechat.BeforeFlask(flask, told=metrics.told)  # type: ignore[method-assign]  # Flask's own way to wrap it
    return flask
