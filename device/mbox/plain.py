"""Record lines written as the page prints them, read many at a time (成批解析)."""

from __future__ import annotations

import re

from device.mbox.lines import moment_ms
from device.mbox.terms import INT64_MAX, Chunk

_KNOWN_TIMES = 100_000  # texts of at_dev remembered: a day of swipes repeats its seconds

_TEXT = r'[^"\\\x00-\x1f\x7f-\x9f]{1,64}'
_INTEGER = r"0|[1-9][0-9]{0,18}"
# No blanks, the members in their order, none unknown, no escapes. What matches breaks no rule that
# a line can break by itself, save the bounds of its integers and the calendar; what does not match
# is for `lines`, which knows every rule.
_PLAIN = re.compile(
    rf'^{{"t":"R","seq":({_INTEGER}),"activity_id":"({_TEXT})",'
    rf'"person_no":(?:null|"({_TEXT})"),"card_no":(?:null|"({_TEXT})"),'
    r'"uid_h":(?:null|"([0-9a-f]{32})"),"at_dev":"([0-9T:.+Z-]{20,32})",'
    rf'"boot":"({_TEXT})","mono_ms":({_INTEGER}),"dir":"(none|in|out)",'
    r'"src":"(card|uid|qr|key)","res":"(ok|unknown_card|revoked_card|not_listed|suppressed)",'
    r'"h":"([0-9a-f]{64})"\}$',
    re.MULTILINE,
)
_STEP = _PLAIN.groups + 1


class Times(dict[str, int]):
    """Remembers what texts of at_dev mean, as epoch milliseconds."""

    def __missing__(self, text: str) -> int:
        if len(self) >= _KNOWN_TIMES:
            self.clear()
        self[text] = found = moment_ms(text)
        return found


def plain_chunk(text: bytes, count: int, first_seq: int, times: Times) -> Chunk:
    """The records of so many whole lines, numbered on from `first_seq`, with the hashes they claim.

    ValueError when any of them is not plain; nothing is known about them then. A match lies within
    one line and fills it, so as many matches as lines means that every line is one.
    """
    # split() gives one flat list, what stands between the matches and then the groups of each:
    # cheaper than a tuple a record, which the garbage collector would walk over and over.
    found = _PLAIN.split(text.decode())
    if len(found) != count * _STEP + 1:
        raise ValueError("a line is not plain")
    seq, activity, person, card, uid, at, boot, mono, way, src, res, h = (
        found[group::_STEP] for group in range(1, _STEP)
    )
    seqs, monos = list(map(int, seq)), list(map(int, mono))
    if seqs != list(range(first_seq, first_seq + count)) or max(monos) > INT64_MAX:
        raise ValueError("numbers do not follow on or are too large")
    hashes = bytes.fromhex("".join(h))
    return Chunk(
        seq=seqs,
        activity_id=activity,
        person_no=person,
        card_no=card,
        uid_h=[bytes.fromhex(digits) if digits else None for digits in uid],
        at_ms=list(map(times.__getitem__, at)),
        boot=boot,
        mono_ms=monos,
        dir=way,
        src=src,
        res=res,
        h=[hashes[place : place + 32] for place in range(0, len(hashes), 32)],
    )
