"""驱动 — who speaks the language of a kind of terminal."""

from __future__ import annotations

from app.attendance.terms import DeviceKind
from app.attendance.terms.drivers import Driver
from app.base.work import Work
from app.kernel.errors import InvalidError


def driver_of(work: Work, kind: DeviceKind) -> Driver:
    """The driver of a kind. InvalidError where this site has none."""
    driver = work.site.drivers.get(kind)
    if not isinstance(driver, Driver):
        raise InvalidError("attendance.device.no_driver", kind=kind)
    return driver
