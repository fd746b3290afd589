"""设备 — what a browser says it is, in the few words that people know their devices by."""

from __future__ import annotations

from app.accounts.terms.sessions import Browser, Device, System

# In this order: most browsers also call themselves by the names of older ones.
_SYSTEMS = (
    ("HarmonyOS", System.HARMONY),
    ("OpenHarmony", System.HARMONY),
    ("iPad", System.IPAD),
    ("iPhone", System.IPHONE),
    ("Android", System.ANDROID),
    ("Windows", System.WINDOWS),
    ("Macintosh", System.MAC),
    ("Linux", System.LINUX),
)
_BROWSERS = (
    ("MicroMessenger", Browser.WECHAT),
    ("Edg", Browser.EDGE),
    ("360", Browser.QIHOO),
    ("QIHU", Browser.QIHOO),
    ("Firefox/", Browser.FIREFOX),
    ("Chrome/", Browser.CHROME),
    ("Safari/", Browser.SAFARI),
)


def device_of(agent: str) -> Device:
    """设备 — the system and the browser that this one says it is; nobody proves it."""
    system = next((named for sign, named in _SYSTEMS if sign in agent), System.OTHER)
    browser = next((named for sign, named in _BROWSERS if sign in agent), Browser.OTHER)
    return Device(system, browser)
