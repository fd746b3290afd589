"""Who is acting, by which door, and under which grant (身份)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from app.kernel.place import Place


class Via(StrEnum):
    """The door a request came in by."""

    CONSOLE = "console"
    WECHAT = "wechat"
    DEVICE = "device"
    JOB = "job"
    CLI = "cli"


class Permission(StrEnum):
    """权限 — what may be done; the value is area:act."""

    ACCOUNTS_GRANT = "accounts:grant"
    ACCOUNTS_ACTIVATE = "accounts:activate"
    ACCOUNTS_BIND = "accounts:bind"
    ACCOUNTS_PROVE = "accounts:prove"
    ACCOUNTS_RESET = "accounts:reset"
    ACCOUNTS_SELF = "accounts:self"
    AUDIT_READ = "audit:read"
    AWARDS_READ = "awards:read"
    AWARDS_REVIEW = "awards:review"
    AWARDS_RUN = "awards:run"
    AWARDS_UNDO = "awards:undo"
    CARDS_CHANGE = "cards:change"
    CARDS_OWN = "cards:own"
    CARDS_PROVE = "cards:prove"
    CREDITS_ENTER = "credits:enter"
    CREDITS_READ = "credits:read"
    DEVICES_EXCHANGE = "devices:exchange"
    DEVICES_MANAGE = "devices:manage"
    ORG_IMPORT = "org:import"
    ORG_READ = "org:read"
    PEOPLE_IMPORT = "people:import"
    PEOPLE_OWN = "people:own"
    PEOPLE_READ = "people:read"
    PEOPLE_TRANSFER = "people:transfer"
    PROJECTS_FILE = "projects:file"
    PROJECTS_IMPORT = "projects:import"
    PROJECTS_READ = "projects:read"
    PROJECTS_REPORT = "projects:report"
    PROJECTS_REVIEW = "projects:review"
    STANDARDS_LOAD = "standards:load"
    STANDARDS_READ = "standards:read"
    SWIPES_READ = "swipes:read"
    SWIPES_RESOLVE = "swipes:resolve"
    SWIPES_UPLOAD = "swipes:upload"
    SYSTEM_OPERATE = "system:operate"
    WECHAT_MANAGE = "wechat:manage"


class Role(StrEnum):
    """角色 — a named set of permissions, held at a place."""

    OPERATOR = "operator"  # 平台运维
    CITY_OFFICE = "city_office"  # 市继教办
    COUNTY_BUREAU = "county_bureau"  # 县区卫生局
    HOSPITAL_ADMIN = "hospital_admin"  # 医院管理员
    DEPARTMENT_SECRETARY = "department_secretary"  # 科室秘书
    AUDITOR = "auditor"  # 审计员
    PERSON = "person"  # 本人
    DEVICE = "device"  # 考勤机
    ROBOT = "robot"  # 后台任务


P = Permission
_READS = frozenset(
    {P.AWARDS_READ, P.CREDITS_READ, P.ORG_READ, P.PEOPLE_READ, P.PROJECTS_READ, P.STANDARDS_READ}
    | {P.SWIPES_READ}
)
_HOST = frozenset(
    {P.AWARDS_RUN, P.AWARDS_UNDO, P.PROJECTS_IMPORT, P.SWIPES_RESOLVE, P.SWIPES_UPLOAD}
    | {P.DEVICES_MANAGE}
)
_STAFF = frozenset(
    {P.CARDS_CHANGE, P.CREDITS_ENTER, P.PEOPLE_IMPORT, P.PEOPLE_TRANSFER, P.ORG_IMPORT}
)

# Who writes what a unit is to hold, and stands for it.
_FILER = frozenset({P.PROJECTS_FILE, P.PROJECTS_REPORT})

_BUREAU = frozenset({P.AWARDS_REVIEW, P.PROJECTS_REVIEW})

# Who answers for what others do.
_KEEPER = frozenset({P.ACCOUNTS_GRANT, P.AUDIT_READ})

# What everyone who works in the console may do for themselves.
_CONSOLE = frozenset({P.ACCOUNTS_ACTIVATE, P.ACCOUNTS_SELF})

ROLES: dict[Role, frozenset[Permission]] = {
    Role.OPERATOR: frozenset(Permission),
    Role.CITY_OFFICE: _BUREAU | _FILER | _READS | _HOST | _STAFF | _CONSOLE | _KEEPER,
    Role.COUNTY_BUREAU: _BUREAU | _FILER | _READS | _HOST | _STAFF | _CONSOLE | _KEEPER,
    Role.HOSPITAL_ADMIN: _READS
    | _HOST
    | _FILER
    | _STAFF
    | _CONSOLE
    | _KEEPER
    | {P.ACCOUNTS_BIND, P.ACCOUNTS_RESET, P.CARDS_PROVE},
    Role.DEPARTMENT_SECRETARY: _READS | _CONSOLE | {P.PROJECTS_FILE},
    Role.AUDITOR: _READS | _CONSOLE | {P.AUDIT_READ},
    Role.PERSON: frozenset(
        {P.ACCOUNTS_PROVE, P.ACCOUNTS_SELF, P.CARDS_OWN, P.CREDITS_READ, P.PEOPLE_OWN}
        | {P.STANDARDS_READ}
    ),
    Role.DEVICE: frozenset({P.CARDS_PROVE, P.DEVICES_EXCHANGE, P.SWIPES_UPLOAD}),
    Role.ROBOT: _READS | _HOST | {P.SYSTEM_OPERATE},
}


@dataclass(frozen=True, slots=True)
class Actor:
    """操作者 — one account acting in one role at one place, by one door."""

    name: str
    via: Via
    place: Place
    role: Role

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the role may do."""
        return ROLES[self.role]

    @property
    def governs(self) -> bool:
        """Whether others below are to do what waits there, and this one looks on: a bureau."""
        return Permission.AWARDS_REVIEW in self.permissions

    @property
    def duty(self) -> tuple[str, str]:
        """职责范围 — the half-open range of paths at which what waits is for the actor to do."""
        return self.place.alone if self.governs else self.place.bounds
