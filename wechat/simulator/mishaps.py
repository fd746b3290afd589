"""出点故障 — the faults that one may tick on the phone page."""

from __future__ import annotations

from wechat.simulator.book import say
from wechat.simulator.filed import FaultFiled
from wechat.simulator.world import Json, User, World

FAULTS = {
    "late": FaultFiled(callback="", do={"late": 6}),
    "overlap": FaultFiled(callback="", do={"overlap": 2}),
    "cut": FaultFiled(callback="", do={"cut": True}),
    "lost": FaultFiled(callback="", do={"lost": True}),
    "token": FaultFiled(
        path="^/(cgi-bin|wxa)/(?!token$|stable_token$)", times=0, do={"errcode": 40001}
    ),
    "quota": FaultFiled(path="/template/send$", times=0, do={"errcode": 45009}),
    "window": FaultFiled(path="/custom/send$", times=0, do={"errcode": 45015}),
    "busy": FaultFiled(path="^/(cgi-bin|wxa|sns)/", times=0, do={"errcode": -1}),
    "slow": FaultFiled(path="^/(cgi-bin|wxa|sns)/", times=0, do={"delay": 10}),
    "html": FaultFiled(path="^/(cgi-bin|wxa|sns)/", times=0, do={"html": True}),
}
_OF_A_PERSON = ("blocked", "refuses")


def told(world: World, user: User | None) -> list[Json]:
    """Each fault with its words, and whether it stands."""
    standing = {one["label"] for one in world.faults.told()}
    boxes = [
        {"label": label, "text": say("fault", label), "on": label in standing} for label in FAULTS
    ]
    if user is not None:
        name = user.filed.name or user.openid
        boxes += [
            {"label": one, "text": say("fault", one, name=name), "on": getattr(user.filed, one)}
            for one in _OF_A_PERSON
        ]
    return boxes


def switch(world: World, user: User | None, label: str, *, on: bool) -> None:
    """Let it stand, or take it away. KeyError for one that is not there."""
    if label in _OF_A_PERSON and user is not None:
        user.filed = user.filed.model_copy(update={label: on})
    elif on:
        world.faults.add(FAULTS[label].model_copy(update={"label": label}))
    else:
        world.faults.remove(label)
    world.touch()
