"""A faithful stand-in MBOX900, for the demo, for tests, and as a command (考勤机替身)."""

from device.mbox.machine.memory import Batch, Folder, Memory
from device.mbox.machine.offline import Tap
from device.mbox.machine.online import Machine
from device.mbox.machine.roll import Card
from device.mbox.machine.wire import Request, Response

__all__ = ["Batch", "Card", "Folder", "Machine", "Memory", "Request", "Response", "Tap"]
