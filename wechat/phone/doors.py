"""手机页的门 — the blueprint with every page on it."""

from __future__ import annotations

from wechat.phone import assets, entering, faces
from wechat.phone.blueprint import blueprint
from wechat.phone.pages import account, binding, credits, standing, transfer, why

# Each of these hangs its pages on the blueprint when it is imported.
PAGES = (assets, entering, account, binding, credits, standing, transfer, why, faces)

__all__ = ["PAGES", "blueprint"]
