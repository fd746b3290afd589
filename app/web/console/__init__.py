"""控制台 — the pages of who works for others: one module a screen, all in one frame."""

from __future__ import annotations

from app.web.console import bindings, me, people, projects

# In the order of the menu.
BLUEPRINTS = (
    me.blueprint,
    people.blueprint,
    bindings.blueprint,
    projects.blueprint,
)
