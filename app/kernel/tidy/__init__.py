"""歪表 — a table as hospitals keep it, made into lines that can be judged: columns by any of their
names, cells in any usual writing; what was mended is noted, what cannot be read is a fault.
"""

from app.kernel.tidy.forms import (
    Chosen,
    Form,
    Holds,
    Spelling,
    Tidied,
    columns_of,
    named_places,
    near,
    words_of,
)
from app.kernel.tidy.heads import guessed
from app.kernel.tidy.mending import wrong_part
from app.kernel.tidy.tidying import tidy, without

__all__ = [
    "Chosen",
    "Form",
    "Holds",
    "Spelling",
    "Tidied",
    "columns_of",
    "guessed",
    "named_places",
    "near",
    "tidy",
    "without",
    "words_of",
    "wrong_part",
]
