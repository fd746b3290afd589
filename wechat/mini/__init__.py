"""小程序 — what the mini-program asks of us."""
