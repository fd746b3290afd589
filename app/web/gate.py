"""门口 — what all pages before the console share."""

from __future__ import annotations

from flask import Blueprint, Response

from app.web import headers

blueprint = Blueprint("login", __name__, url_prefix="/login")
blueprint.after_request(headers.console)

# Of what is typed, no more is looked at.
LONGEST = 200


def refused_with(answer: Response, refusal: str, status: int = 422) -> Response:
    """The answer under the status of what it says."""
    answer.status_code = status if refusal else 200
    return answer
