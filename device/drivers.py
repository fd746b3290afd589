"""所有设备驱动 — who speaks to which kind of terminal, as the site carries them."""

from __future__ import annotations

from collections.abc import Mapping

from app.attendance.terms import DeviceKind
from device.mbox.driver import MboxDriver

DRIVERS: Mapping[str, object] = {DeviceKind.MBOX: MboxDriver()}
