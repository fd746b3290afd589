"""绑定的证明 — what is brought forward, what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NewType, TypeAlias

from app.kernel.secret import Secret
from app.people.terms import PersonId, PersonNo

RequestId = NewType("RequestId", int)


@dataclass(frozen=True, slots=True)
class PhoneEvidence:
    """手机号证明 — a ticket of ours, and what the platform said about the phone that brought it.

    `phone` is None where the platform said nothing good; `code` is the platform's own one-time
    code, which counts once with us as well; `name` tells those apart who share a number.
    """

    ticket: Secret
    phone: Secret | None
    code: Secret
    name: str = ""


@dataclass(frozen=True, slots=True)
class CardEvidence:
    """刷卡证明 — the token of a picture that a reader showed when the card was held to it."""

    token: Secret


@dataclass(frozen=True, slots=True)
class SlipEvidence:
    """激活条证明 — the code as typed; a person number beside it must be the slip's own."""

    code: Secret
    person_no: str = ""


Evidence: TypeAlias = PhoneEvidence | CardEvidence | SlipEvidence


@dataclass(frozen=True, slots=True)
class Attempt:
    """绑定尝试 — evidence that was counted before it is judged; `open` where none too many came.

    `aims` are the people at whom it aims; `left` how often this openid may still try today.
    """

    slug: str
    openid: str
    evidence: Evidence
    aims: tuple[PersonId, ...]
    open: bool
    left: int


@dataclass(frozen=True, slots=True)
class Bound:
    """已绑定 — from now on."""


@dataclass(frozen=True, slots=True)
class Waits:
    """换绑等待 — another openid is the person's; this one takes its place then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class NameNeeded:
    """要姓名 — the number is proven, and belongs to several people."""


@dataclass(frozen=True, slots=True)
class NotBound:
    """没有绑定 — for whatever reason; `left` tries today, by this openid."""

    left: int


Outcome: TypeAlias = Bound | Waits | NameNeeded | NotBound


@dataclass(frozen=True, slots=True)
class Slip:
    """激活条 — a code on paper for one person; it is nowhere else in clear."""

    person_no: PersonNo
    name: str
    code: Secret
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Likely:
    """可能的人 — somebody of the name that was given; `bound` on any account already."""

    no: PersonNo
    name: str
    where: str
    title: str
    bound: bool


@dataclass(frozen=True, slots=True)
class Unbound:
    """未绑定 — how many of a department's people are bound on no account.

    Of a unit, those who are in none of its departments. Cancelled people are left out.
    """

    code: str
    name: str
    people: int
    unbound: int


@dataclass(frozen=True, slots=True)
class Request:
    """确认申请 — a follower asks the hospital to say who they are.

    `likely` are the people of that name within the scope of whoever looks.
    """

    id: RequestId
    slug: str
    account_name: str
    name: str
    department: str
    note: str
    asked_at: datetime
    likely: tuple[Likely, ...]


@dataclass(frozen=True, slots=True)
class CardProof:
    """刷卡凭证 — the address in the picture that is shown for a minute."""

    url: Secret
    expires_at: datetime
