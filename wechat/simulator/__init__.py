"""微信模拟器 — a WeChat of our own to try the product on: the platform's servers, and a phone.

A program of its own: `python -m wechat.simulator --port N [--web URL]`. It knows the product by
HTTP only, keeps everything in memory, and answers nobody but this machine. See wechat.md 5.

Not played yet, because nothing of ours asks for it: editing of published articles and comments,
statistics (datacube), customer-service agents and sessions, vouchers, shops, third-party platforms,
media of other kinds than kept bytes, `sns/userinfo` beyond its refusal, the consent page of
`snsapi_userinfo`, one-time subscription (`message/template/subscribe`), schemes.
"""
