"""Changes of filings, and of what became of them."""

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
    "announce",
    "attach",
    "check_list",
    "copy_project",
    "detach",
    "discard",
    "file",
    "open_draft",
    "recall",
    "refuse",
    "save",
    "send_back",
    "take_list",
    "undo_list",
]
