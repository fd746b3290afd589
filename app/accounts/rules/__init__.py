"""账号 — who may invite whom, what a password must be, how an official account may be set up."""

from app.accounts.rules.devices import device_of
from app.accounts.rules.invitations import (
    LINK_LIFE,
    MAY_INVITE,
    SEATS,
    judge_invitation,
    judge_separation,
    login_name,
)
from app.accounts.rules.official import ANSWERING, official_account, openid_of
from app.accounts.rules.passwords import LONGEST, OWN_PART, PROFILES, weaknesses
from app.accounts.rules.tickets import TICKET_LIFE, own_path

__all__ = [
    "ANSWERING",
    "LINK_LIFE",
    "LONGEST",
    "MAY_INVITE",
    "OWN_PART",
    "PROFILES",
    "SEATS",
    "TICKET_LIFE",
    "device_of",
    "judge_invitation",
    "judge_separation",
    "login_name",
    "official_account",
    "openid_of",
    "own_path",
    "weaknesses",
]
