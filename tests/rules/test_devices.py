"""What a browser is called, by what it says of itself."""

from __future__ import annotations

import pytest

from app.accounts.rules.devices import device_of
from app.accounts.terms import Browser, Device, System
from app.base import words

_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
_CHROME = "Chrome/120.0.0.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "system", "browser"),
    [
        (f"{_WINDOWS} {_CHROME}", System.WINDOWS, Browser.CHROME),
        (f"{_WINDOWS} {_CHROME} Edg/120.0", System.WINDOWS, Browser.EDGE),
        (f"{_WINDOWS} {_CHROME} 360SE", System.WINDOWS, Browser.QIHOO),
        (f"{_WINDOWS} {_CHROME} MicroMessenger/7.0", System.WINDOWS, Browser.WECHAT),
        ("Mozilla/5.0 (Windows NT 6.1; rv:109.0) Gecko Firefox/115.0", System.WINDOWS,
         Browser.FIREFOX),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X) Version/17 Safari/605", System.MAC,
         Browser.SAFARI),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) Mobile MicroMessenger/8.0.40", System.IPHONE,
         Browser.WECHAT),
        ("Mozilla/5.0 (Linux; Android 12; HarmonyOS) MicroMessenger/8.0", System.HARMONY,
         Browser.WECHAT),
        ("Mozilla/5.0 (Linux; Android 14; Mi) MicroMessenger/8.0", System.ANDROID, Browser.WECHAT),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/120 Safari/537", System.LINUX, Browser.CHROME),
        ("curl/8.0", System.OTHER, Browser.OTHER),
        ("", System.OTHER, Browser.OTHER),
    ],
)  # fmt: skip
def test_a_browser_is_called_as_its_owner_calls_it(
    agent: str, system: System, browser: Browser
) -> None:
    assert device_of(agent) == Device(system, browser)


def test_every_system_and_browser_has_a_word() -> None:
    said = words.book("devices")

    assert {f"system.{one}" for one in System} | {f"browser.{one}" for one in Browser} == set(said)
