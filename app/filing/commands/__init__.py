"""Changes of filings, and of what became of them."""

from app.filing.commands.alterations import (
    alter,
    grant_alteration,
    refuse_alteration,
    withdraw_alteration,
)
from app.filing.commands.filings import (
    agree,
    announce,
    attach,
    copy_project,
    detach,
    discard,
    file,
    open_draft,
    recall,
    refuse,
    save,
    send_back,
)
from app.filing.commands.lists import check_list, take_list, undo_list

__all__ = [
    "agree",
    "alter",
    "announce",
    "attach",
    "check_list",
    "copy_project",
    "detach",
    "discard",
    "file",
    "grant_alteration",
    "open_draft",
    "recall",
    "refuse",
    "refuse_alteration",
    "save",
    "send_back",
    "take_list",
    "undo_list",
    "withdraw_alteration",
]
