"""Which outbox topic is answered by which job, and the queue that wakes the workers."""

from __future__ import annotations

from app.base.site import Handler
from jobs import awards

QUEUE = "kejiao"

# topic → the job that answers it
HANDLERS: dict[str, Handler] = {
    "awards.run": awards.carry_out,
}
