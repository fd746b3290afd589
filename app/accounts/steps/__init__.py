"""Steps of the front desk: who answers a message of the platform, and what a unique key tells."""

from app.accounts.steps.callbacks import claim_callback, store_reply
from app.accounts.steps.clashes import flush

__all__ = ["claim_callback", "flush", "store_reply"]
