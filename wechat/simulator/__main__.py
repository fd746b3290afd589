"""`python -m wechat.simulator --port N [--web URL] [--keep FILE]` — until interrupted."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path

import click

from wechat.simulator.keeping import Keeper
from wechat.simulator.server import Server
from wechat.simulator.world import World

_REFUSED = 2


@click.command()
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="0 takes any free port.")
@click.option("--web", default="", metavar="URL", help="Where the product answers.")
@click.option(
    "--keep", type=click.Path(dir_okay=False, path_type=Path), help="Remember here what was filed."
)
def main(*, port: int, web: str, keep: Path | None) -> None:
    """Play WeChat on this machine, for nobody else. Exit 2 where the product is in production."""
    if os.environ.get("KEJIAO_MODE") == "production":
        click.echo("The simulator does not run beside a product in production.", err=True)
        sys.exit(_REFUSED)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    world = World(web=web)
    try:
        server = Server(world, port)
    except OSError as error:
        click.echo(f"{error.strerror}: port {port}", err=True)
        sys.exit(_REFUSED)
    with ExitStack() as ends:
        if keep is not None:
            keeper = Keeper(world, keep)
            keeper.start()
            ends.callback(keeper.stop)
        click.echo(server.url)
        sys.stdout.flush()
        with suppress(KeyboardInterrupt):
            server.serve()


if __name__ == "__main__":
    main()
