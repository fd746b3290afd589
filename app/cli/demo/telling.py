"""说话 — telling whoever watches, line by line, while things happen."""

from __future__ import annotations

import click

from app.base import words


def tell(code: str, **facts: object) -> None:
    """Say the sentence of that code on standard error; standard output is for the answer."""
    click.echo(sentence(code, **facts), err=True)


def sentence(code: str, **facts: object) -> str:
    """The sentence of that code."""
    return words.sentence("demo", code, facts)
