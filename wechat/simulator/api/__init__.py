"""接口 — the platform's addresses, by subject."""
