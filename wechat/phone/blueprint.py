"""手机页 — the blueprint on which all pages of the phone hang."""

from __future__ import annotations

from flask import Blueprint, current_app

from app.base.site import Site

blueprint = Blueprint("phone", __name__, url_prefix="/m", template_folder="templates")


def site_of() -> Site:
    """The site that this application serves."""
    site: Site = current_app.extensions["site"]
    return site
