"""微信平台 — the platform's servers as we call them; `client` is where the library is wrapped."""
