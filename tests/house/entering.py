"""Who has come in: a nurse of the first hospital, bound for long, and two who govern there.

何敏 has a password, a session on a computer and one that must set a new password, a picture that
her phone reads, a code that waits for her, a link that freezes. The first administrator is signed
in with an authenticator; the second is still to be asked for theirs.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.accounts import commands as accounts
from app.accounts import queries, steps
from app.accounts.queries.logins import own_login
from app.accounts.steps.freezing import freeze_link
from app.accounts.terms import Code, ConsoleSession, Offer
from app.base.site import Site
from app.base.work import Work, begin
from app.kernel.secret import Secret
from tests.conftest import Clock
from tests.support.cast import HE_MIN, OPERATOR, Cast
from tests.support.entrance import EDGE, OPENID, PC, Entrance
from tests.support.wechat_client import SERVICE, Official

__all__ = ["OPENID", "Entered", "entered"]

BROWSER = Secret("the browser that shows the picture")


@dataclass(frozen=True)
class Entered:
    """The sessions of the first hospital, and what could be done with them."""

    entrance: Entrance
    nurse: ConsoleSession
    renewing: ConsoleSession
    admin: ConsoleSession
    asked: ConsoleSession
    used: Code
    code: Code
    offer: Offer
    freezing: Secret
    recovery: tuple[Secret, ...]

    def next_number(self) -> str:
        """What the administrator's authenticator shows next."""
        return self.entrance.number(self.admin.login, 1)

    def first_number(self, work: Work) -> str:
        """What an authenticator that 何敏 just set up would show."""
        accounts.begin_totp(work, HE_MIN)
        return self.entrance.number_in(work, self.nurse.login)


def entered(site: Site, cast: Cast, official: Official) -> Entered:
    """Let them come in; the clock stands again where it stood."""
    clock = site.clock
    assert isinstance(clock, Clock)
    entrance = Entrance(site, cast, official, clock)
    clock.advance(days=-31)
    entrance.bind()
    used = entrance.ask()
    signed = entrance.use(HE_MIN, used.code.reveal())
    assert signed is not None
    entrance.renew(signed)
    nurse = entrance.session(entrance.enter(HE_MIN))
    again = entrance.use(HE_MIN, entrance.ask().code.reveal())
    assert again is not None
    with begin(site, OPERATOR) as work:
        waiting = accounts.reset_code(
            work, HE_MIN, card_no=HE_MIN, reason="本人忘了", present=False
        )
        freezing = queries.freeze_token(site, freeze_link(work, own_login(work, HE_MIN)))
    offer = steps.offer_scan(site, SERVICE, BROWSER, agent=EDGE, address=PC.address)
    assert isinstance(offer, Offer)
    assert steps.scan_of(site, SERVICE, OPENID, offer.token)
    strong, recovery = entrance.enrol(entrance.admin("钱管"))
    entrance.enrol(entrance.admin("孙管"))
    return Entered(
        entrance, nurse, entrance.session(again), entrance.session(strong),
        entrance.session(entrance.enter("孙管")), used, waiting, offer, freezing, recovery,
    )  # fmt: skip
