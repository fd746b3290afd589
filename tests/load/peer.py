"""The peer of the figure: WeRoBot's own Flask view answering a constant, under the same server."""

from __future__ import annotations

import os

from flask import Flask
from werobot import WeRoBot
from werobot.contrib.flask import make_view

SAID = os.environ["PEER_SAID"]

robot = WeRoBot(
    token=os.environ["PEER_TOKEN"],
    app_id=os.environ["PEER_APPID"],
    encoding_aes_key=os.environ["PEER_AES_KEY"],
    SESSION_STORAGE=False,
)


@robot.text
def answer() -> str:
    return SAID


application = Flask("peer")
application.add_url_rule(
    "/wechat/city", endpoint="werobot", view_func=make_view(robot), methods=["GET", "POST"]
)
