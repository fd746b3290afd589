"""`python -m wechat.simulator --port N [--web URL]` — run the simulator until interrupted."""

from __future__ import annotations

import os
import signal
import sys

import click

from wechat.simulator.server import Server
from wechat.simulator.world import World

_REFUSED = 2


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0 takes any free port.")
@click.option("--web", default="", metavar="URL", help="Where the product answers.")
def main(*, port: int, web: str) -> None:
    """Play WeChat on this machine, for nobody else. Exit 2 where the product is in production."""
    if os.environ.get("KEJIAO_MODE") == "production":
        click.echo("The simulator does not run beside a product in production.", err=True)
        sys.exit(_REFUSED)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server = Server(World(web=web), port)
    except OSError as error:
        click.echo(f"{error.strerror}: port {port}", err=True)
        sys.exit(_REFUSED)
    click.echo(server.url)
    sys.stdout.flush()
    try:
        server.serve()
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
