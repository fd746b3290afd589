"""设备 — sessions as their owner knows them."""

from __future__ import annotations

from dataclasses import dataclass

from app.accounts.terms import Device, OwnSession, Screen, SessionId
from app.base import words
from app.speech.saying import full_moment


@dataclass(frozen=True, slots=True)
class Row:
    """One session; `key` is what ends it."""

    key: str
    device: str
    address: str
    opened_at: str
    seen_at: str
    here: bool
    on_phone: bool


def named(device: Device) -> str:
    """Windows 电脑，Edge 浏览器."""
    book = words.book("devices")
    return f"{book[f'system.{device.system}']}\uff0c{book[f'browser.{device.browser}']}"


def row(session: OwnSession, *, here: tuple[Screen, SessionId]) -> Row:
    """A session as a line of the list."""
    return Row(
        key=f"{session.screen}-{session.id}",
        device=named(session.device),
        address=session.address,
        opened_at=full_moment(session.opened_at),
        seen_at=full_moment(session.seen_at),
        here=(session.screen, session.id) == here,
        on_phone=session.screen is Screen.PHONE,
    )
