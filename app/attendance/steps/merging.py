"""合并 — swipes of a record that is closed are another's."""

from __future__ import annotations

from sqlalchemy import text

from app.base.work import Work

# By batches, for which there is an index; of people there is none.
_HAND_OVER = text("""
update swipe set person_id = :kept
where batch_id = any(array(select id from batch)) and person_id = :closed""")


def hand_over(work: Work, closed_id: int, kept_id: int) -> None:
    """The swipes at known activities are the kept one's; for a command that reaches.

    Those that wait are judged anew by their card, of which the settling was told.
    """
    work.session.execute(_HAND_OVER, {"kept": kept_id, "closed": closed_id})
