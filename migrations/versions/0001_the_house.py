"""The house: every table of the first release, under its protection"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from app.base.security import DEMAND_ACTION, secure
from app.base.site import APP_ROLE

revision = "0001"
down_revision = None


# What `secure` puts on each table.
PROTECTIONS: dict[str, dict[str, bool]] = {
    "activation_slip": {"audited": True},
    "attempt": {},
    "audit_entry": {"append_only": True},
    "award_run": {"placed": True, "audited": True},
    "award_verdict": {"placed": True, "filtered": True, "append_only": True},
    "binding_try": {},
    "callback": {},
    "card": {"placed": True, "audited": True},
    "card_proof": {},
    "credit_entry": {"placed": True, "filtered": True, "append_only": True},
    "device": {"placed": True, "audited": True},
    "device_health": {"placed": True},
    "device_nonce": {},
    "device_package": {"placed": True},
    "login": {"audited": True},
    "official_account": {"audited": True},
    "outbox_message": {},
    "periodic_turn": {},
    "person": {"placed": True, "audited": True},
    "person_status": {"placed": True, "audited": True},
    "person_year": {"placed": True, "filtered": True},
    "phone_session": {},
    "phone_ticket": {},
    "project": {"placed": True, "audited": True},
    "quarantine": {"placed": True},
    "standard_edition": {"audited": True, "append_only": True},
    "swipe": {"placed": True, "filtered": True},
    "unit": {"placed": True, "audited": True},
    "upload": {"placed": True},
    "upload_part": {"placed": True, "filtered": True, "append_only": True},
    "batch": {"placed": True, "audited": True},
    "binding": {"audited": True},
    "binding_claim": {"audited": True},
    "binding_request": {"audited": True},
    "follower": {},
    "freeze_link": {},
    "grant_held": {"audited": True},
    "known_device": {},
    "past_password": {},
    "phone_proof": {},
    "recovery_code": {"audited": True},
    "reset_code": {"audited": True},
    "scan": {},
    "standard_use": {"audited": True},
    "wechat_delivery": {},
    "wechat_gate": {},
    "wechat_menu": {},
    "wechat_token": {},
    "batch_session": {"placed": True, "audited": True},
    "console_session": {},
    "lecturer": {"placed": True, "audited": True},
    "link": {"audited": True},
}


def upgrade() -> None:
    op.execute(
        f"do $$ begin if not exists (select from pg_roles where rolname = '{APP_ROLE}') then "
        f"create role {APP_ROLE} nologin; end if; "
        "exception when duplicate_object or unique_violation then null; end $$"
    )
    op.execute(
        f"do $$ begin if not pg_has_role(current_user, '{APP_ROLE}', 'member') then "
        f"execute format('grant {APP_ROLE} to %I', current_user); end if; end $$"
    )
    op.execute(f"grant usage on schema public to {APP_ROLE}")
    op.execute(f"grant select on alembic_version to {APP_ROLE}")
    op.execute(DEMAND_ACTION)
    op.create_table(
        "activation_slip",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_no", sa.Text(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activation_slip")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_activation_slip_code_hash")),
    )
    op.create_index(
        op.f("ix_activation_slip_person_id"), "activation_slip", ["person_id"], unique=False
    )
    op.create_table(
        "attempt",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_since"), "attempt", ["since"], unique=False)
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("table_name", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("change", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index(op.f("ix_audit_entry_path_at"), "audit_entry", ["path", "at"], unique=False)
    op.create_index(
        op.f("ix_audit_entry_table_name_row_id"),
        "audit_entry",
        ["table_name", "row_id"],
        unique=False,
    )
    op.create_table(
        "award_run",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("edition_id", sa.BigInteger(), nullable=True),
        sa.Column("credit_class", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("granted_count", sa.Integer(), nullable=True),
        sa.Column("refused_count", sa.Integer(), nullable=True),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("over_limit", sa.Integer(), nullable=True),
        sa.Column("remark", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "state in ('queued', 'done', 'replaced', 'undone', 'failed')",
            name=op.f("ck_award_run_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_award_run")),
    )
    op.create_index(op.f("ix_award_run_batch_id"), "award_run", ["batch_id"], unique=False)
    op.create_index(op.f("ix_award_run_path"), "award_run", ["path"], unique=False)
    op.create_index(
        "uq_award_run_in_force",
        "award_run",
        ["batch_id"],
        unique=True,
        postgresql_where=sa.text("state = 'done'"),
    )
    op.create_index(
        "uq_award_run_queued",
        "award_run",
        ["batch_id"],
        unique=True,
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_table(
        "award_verdict",
        sa.Column("run_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("gross", sa.Numeric(7, 2), nullable=False),
        sa.Column("cap", sa.Numeric(7, 2), nullable=True),
        sa.Column("net", sa.Numeric(7, 2), nullable=False),
        sa.Column("hours", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.Column("reasons", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("part in ('attendee', 'lecturer')", name=op.f("ck_award_verdict_part")),
        sa.PrimaryKeyConstraint("run_id", "person_id", "part", name=op.f("pk_award_verdict")),
    )
    op.create_index(
        op.f("ix_award_verdict_person_id_run_id"),
        "award_verdict",
        ["person_id", "run_id"],
        unique=False,
    )
    op.create_table(
        "binding_try",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", "day", name=op.f("pk_binding_try")),
    )
    op.create_table(
        "callback",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("slug", "key", name=op.f("pk_callback")),
    )
    op.create_index(op.f("ix_callback_at"), "callback", ["at"], unique=False)
    op.create_table(
        "card",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("card_no", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uid", sa.LargeBinary(), nullable=True),
        sa.Column("uid_index", sa.LargeBinary(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "state in ('active', 'lost', 'revoked', 'replaced')", name=op.f("ck_card_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_card")),
        sa.UniqueConstraint("card_no", name=op.f("uq_card_card_no")),
    )
    op.create_index(op.f("ix_card_path"), "card", ["path"], unique=False)
    op.create_index(op.f("ix_card_person_id"), "card", ["person_id"], unique=False)
    op.create_index(op.f("ix_card_uid_index"), "card", ["uid_index"], unique=False)
    op.create_index(
        "uq_card_one_active",
        "card",
        ["person_id"],
        unique=True,
        postgresql_where=sa.text("state = 'active'"),
    )
    op.create_table(
        "card_proof",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("person_no", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_card_proof")),
    )
    op.create_index(op.f("ix_card_proof_expires_at"), "card_proof", ["expires_at"], unique=False)
    op.create_index(op.f("ix_card_proof_person_id"), "card_proof", ["person_id"], unique=False)
    op.create_table(
        "credit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("credit_class", sa.Text(), nullable=True),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("gross", sa.Numeric(7, 2), nullable=False),
        sa.Column("cap", sa.Numeric(7, 2), nullable=True),
        sa.Column("net", sa.Numeric(7, 2), nullable=False),
        sa.Column("hours", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=True),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("run_id", sa.BigInteger(), nullable=True),
        sa.Column("edition_id", sa.BigInteger(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entered_by", sa.Text(), nullable=False),
        sa.Column("reverses", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("part in ('attendee', 'lecturer')", name=op.f("ck_credit_entry_part")),
        sa.CheckConstraint(
            "source in ('swipe', 'online', 'manual', 'bulk')", name=op.f("ck_credit_entry_source")
        ),
    )
    op.create_index(
        "uq_credit_entry",
        "credit_entry",
        ["person_id", "year", "id"],
        unique=True,
        postgresql_include=[
            "path",
            "given_on",
            "source",
            "credit_class",
            "gross",
            "net",
            "batch_id",
            "reverses",
        ],
    )
    op.create_index(
        "uq_credit_entry_reverses",
        "credit_entry",
        ["reverses"],
        unique=True,
        postgresql_where=sa.text("reverses is not null"),
    )
    op.create_index(
        "uq_credit_entry_run",
        "credit_entry",
        ["batch_id", "person_id", "part", "run_id"],
        unique=True,
        postgresql_where=sa.text("reverses is null and batch_id is not null"),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("sn", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("enrol_code_index", sa.LargeBinary(), nullable=True),
        sa.Column("enrol_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("key", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", sa.Text(), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.Column("package_seq", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("kind in ('mbox', 'zkteco')", name=op.f("ck_device_kind")),
        sa.CheckConstraint(
            "state in ('pending', 'registered', 'enrolled', 'revoked')",
            name=op.f("ck_device_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("sn", name=op.f("uq_device_sn")),
    )
    op.create_index(op.f("ix_device_path"), "device", ["path"], unique=False)
    op.create_table(
        "device_health",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=True),
        sa.Column("offset_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("said", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_health")),
    )
    op.create_index(op.f("ix_device_health_path"), "device_health", ["path"], unique=False)
    op.create_table(
        "device_nonce",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("device_id", "nonce", name=op.f("pk_device_nonce")),
    )
    op.create_index(op.f("ix_device_nonce_at"), "device_nonce", ["at"], unique=False)
    op.create_table(
        "device_package",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("batch_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("chips", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("acked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device_package")),
    )
    op.create_index(
        op.f("ix_device_package_device_id_seq"), "device_package", ["device_id", "seq"], unique=True
    )
    op.create_index(op.f("ix_device_package_path"), "device_package", ["path"], unique=False)
    op.create_table(
        "login",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("card_no", sa.Text(), nullable=True),
        sa.Column("password_hash", sa.LargeBinary(), nullable=True),
        sa.Column("password_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_key", sa.LargeBinary(), nullable=True),
        sa.Column("totp_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_step", sa.BigInteger(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login")),
    )
    op.create_index(op.f("ix_login_name"), "login", ["name"], unique=False)
    op.create_index("uq_login_card_no", "login", ["card_no"], unique=True)
    op.create_index(
        "uq_login_name",
        "login",
        ["name"],
        unique=True,
        postgresql_where=sa.text("person_id is null"),
    )
    op.create_index("uq_login_person_id", "login", ["person_id"], unique=True)
    op.create_table(
        "official_account",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("appid", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("aes_key", sa.LargeBinary(), nullable=True),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.Column("notice", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "kind in ('service', 'subscription', 'mini')", name=op.f("ck_official_account_kind")
        ),
        sa.CheckConstraint(
            "mode in ('plain', 'compat', 'safe')", name=op.f("ck_official_account_mode")
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_official_account")),
        sa.UniqueConstraint("appid", name=op.f("uq_official_account_appid")),
    )
    op.create_table(
        "outbox_message",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("faults", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox_message")),
    )
    op.create_index(
        "ix_outbox_message_due",
        "outbox_message",
        ["due_at"],
        unique=False,
        postgresql_where=sa.text("done_at is null"),
    )
    op.create_table(
        "periodic_turn",
        sa.Column("topic", sa.Text(), nullable=False),
        sa.Column("turn", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("topic", "turn", name=op.f("pk_periodic_turn")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_no", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", sa.Text(), nullable=False),
        sa.Column("id_type", sa.Text(), nullable=False),
        sa.Column("id_number", sa.LargeBinary(), nullable=False),
        sa.Column("id_number_index", sa.LargeBinary(), nullable=False),
        sa.Column("sex", sa.Text(), nullable=True),
        sa.Column("birth_on", sa.Date(), nullable=True),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("department_id", sa.BigInteger(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_level", sa.Text(), nullable=True),
        sa.Column("post", sa.Text(), nullable=False),
        sa.Column("education", sa.Text(), nullable=False),
        sa.Column("specialty", sa.Text(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "id_type in ('id_card', 'residence_permit', 'hk_macau_permit', 'taiwan_permit', 'other')",
            name=op.f("ck_person_id_type"),
        ),
        sa.CheckConstraint("sex in ('male', 'female')", name=op.f("ck_person_sex")),
        sa.CheckConstraint(
            "status in ('normal', 'maternity', 'leave_6m', 'not_counted', 'cancelled')",
            name=op.f("ck_person_status"),
        ),
        sa.CheckConstraint(
            "title_level in ('junior', 'middle', 'vice_senior', 'senior')",
            name=op.f("ck_person_title_level"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("id_number_index", name=op.f("uq_person_id_number_index")),
        sa.UniqueConstraint("person_no", name=op.f("uq_person_person_no")),
    )
    op.create_index(op.f("ix_person_name"), "person", ["name"], unique=False)
    op.create_index(op.f("ix_person_path"), "person", ["path"], unique=False)
    op.create_index(op.f("ix_person_phone_index"), "person", ["phone_index"], unique=False)
    op.create_index(op.f("ix_person_unit_id"), "person", ["unit_id"], unique=False)
    op.create_table(
        "person_status",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "status in ('normal', 'maternity', 'leave_6m', 'not_counted', 'cancelled')",
            name=op.f("ck_person_status_status"),
        ),
        sa.PrimaryKeyConstraint("person_id", "from_on", name=op.f("pk_person_status")),
    )
    op.create_index(op.f("ix_person_status_path"), "person_status", ["path"], unique=False)
    op.create_index(
        "ix_person_status_uncommon",
        "person_status",
        ["status", "person_id"],
        unique=False,
        postgresql_where=sa.text("status <> 'normal'"),
    )
    op.create_table(
        "person_year",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("total", sa.Numeric(7, 2), nullable=False),
        sa.Column("class_1", sa.Numeric(7, 2), nullable=False),
        sa.Column("class_2", sa.Numeric(7, 2), nullable=False),
        sa.Column("hours", sa.Numeric(precision=9, scale=2), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
    )
    op.create_index(
        "uq_person_year",
        "person_year",
        ["person_id", "year"],
        unique=True,
        postgresql_include=["total", "class_1", "class_2", "hours", "path"],
    )
    op.create_table(
        "phone_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("light", sa.Boolean(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_phone_session_token_hash")),
    )
    op.create_index(op.f("ix_phone_session_seen_at"), "phone_session", ["seen_at"], unique=False)
    op.create_index(
        op.f("ix_phone_session_slug_openid"), "phone_session", ["slug", "openid"], unique=False
    )
    op.create_table(
        "phone_ticket",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_phone_ticket")),
    )
    op.create_index(
        op.f("ix_phone_ticket_expires_at"), "phone_ticket", ["expires_at"], unique=False
    )
    op.create_table(
        "project",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_no", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("promoted", sa.Boolean(), nullable=False),
        sa.Column("medical_type", sa.Text(), nullable=False),
        sa.Column("credit_class", sa.Text(), nullable=True),
        sa.Column("course_kind", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("year", sa.BigInteger(), nullable=False),
        sa.Column("credits", sa.Numeric(7, 2), nullable=False),
        sa.Column("hours", sa.Numeric(precision=7, scale=2), nullable=True),
        sa.Column("cap_project", sa.Numeric(7, 2), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "course_kind in ('professional', 'elective', 'public')",
            name=op.f("ck_project_course_kind"),
        ),
        sa.CheckConstraint("credit_class in ('I', 'II')", name=op.f("ck_project_credit_class")),
        sa.CheckConstraint(
            "level in ('national', 'provincial', 'city', 'hospital')", name=op.f("ck_project_level")
        ),
        sa.CheckConstraint(
            "medical_type in ('western', 'tcm', 'cdc')", name=op.f("ck_project_medical_type")
        ),
        sa.CheckConstraint(
            "state in ('draft', 'filed', 'unit_review', 'bureau_review', 'announced', 'registered', 'held', 'awarded', 'award_review', 'closed')",
            name=op.f("ck_project_state"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("project_no", name=op.f("uq_project_project_no")),
    )
    op.create_index(op.f("ix_project_path"), "project", ["path"], unique=False)
    op.create_table(
        "quarantine",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("hold", sa.Text(), nullable=False),
        sa.Column("clock_hold", sa.Text(), nullable=True),
        sa.Column("activity_id", sa.Text(), nullable=False),
        sa.Column("repeat", sa.Boolean(), nullable=False),
        sa.Column("person_no", sa.Text(), nullable=True),
        sa.Column("card_no", sa.Text(), nullable=True),
        sa.Column("uid_h", sa.LargeBinary(), nullable=True),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.Text(), nullable=True),
        sa.Column("resolution", sa.Text(), nullable=True),
        sa.Column("resolved_reason", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "clock_hold in ('seq_gap', 'unsigned_file', 'device_pending', 'unknown_activity', 'unknown_card', 'card_mismatch', 'revoked_card', 'clock_skew', 'future_time', 'unsynced')",
            name=op.f("ck_quarantine_clock_hold"),
        ),
        sa.CheckConstraint(
            "hold in ('seq_gap', 'unsigned_file', 'device_pending', 'unknown_activity', 'unknown_card', 'card_mismatch', 'revoked_card', 'clock_skew', 'future_time', 'unsynced')",
            name=op.f("ck_quarantine_hold"),
        ),
        sa.CheckConstraint(
            "resolution in ('settled', 'attached', 'accepted', 'discarded')",
            name=op.f("ck_quarantine_resolution"),
        ),
        sa.PrimaryKeyConstraint("device_id", "epoch", "seq", name=op.f("pk_quarantine")),
    )
    op.create_index(
        "ix_quarantine_card",
        "quarantine",
        ["card_no"],
        unique=False,
        postgresql_where=sa.text("resolved_at is null and card_no is not null"),
    )
    op.create_index(op.f("ix_quarantine_path"), "quarantine", ["path"], unique=False)
    op.create_index(
        "ix_quarantine_person",
        "quarantine",
        ["person_no"],
        unique=False,
        postgresql_where=sa.text("resolved_at is null and person_no is not null"),
    )
    op.create_index(
        "ix_quarantine_uid",
        "quarantine",
        ["uid_h"],
        unique=False,
        postgresql_where=sa.text("resolved_at is null and uid_h is not null"),
    )
    op.create_table(
        "standard_edition",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("pack_id", sa.Text(), nullable=False),
        sa.Column("edition", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("body", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("digest ~ '^[0-9a-f]{64}$'", name=op.f("ck_standard_edition_digest")),
        sa.CheckConstraint("edition > 0", name=op.f("ck_standard_edition_edition")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_standard_edition")),
        sa.UniqueConstraint("digest", name=op.f("uq_standard_edition_digest")),
        sa.UniqueConstraint("pack_id", "edition", name=op.f("uq_standard_edition_pack_id_edition")),
    )
    op.create_table(
        "swipe",
        sa.Column("device_id", sa.Integer(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("card_id", sa.BigInteger(), nullable=True),
        sa.Column("at_dev", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("h", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("hold", sa.Text(), nullable=True),
        sa.Column("direction", sa.SmallInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "hold in ('seq_gap', 'unsigned_file', 'device_pending', 'unknown_activity', 'unknown_card', 'card_mismatch', 'revoked_card', 'clock_skew', 'future_time', 'unsynced')",
            name=op.f("ck_swipe_hold"),
        ),
        sa.CheckConstraint(
            "state in ('accepted', 'duplicate', 'quarantined', 'discarded')",
            name=op.f("ck_swipe_state"),
        ),
        sa.PrimaryKeyConstraint("device_id", "epoch", "seq", name=op.f("pk_swipe")),
    )
    op.create_index(
        op.f("ix_swipe_batch_id_person_id_at"),
        "swipe",
        ["batch_id", "person_id", "at"],
        unique=False,
    )
    op.create_table(
        "unit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("parent_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grade", sa.Text(), nullable=True),
        sa.Column("sort_order", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "(kind = 'hospital') or grade is null", name=op.f("ck_unit_grade_of_hospital")
        ),
        sa.CheckConstraint(
            "grade in ('provincial', 'tertiary', 'secondary', 'primary', 'township')",
            name=op.f("ck_unit_grade"),
        ),
        sa.CheckConstraint(
            "kind in ('province', 'city', 'county', 'bureau', 'hospital', 'department')",
            name=op.f("ck_unit_kind"),
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["unit.id"], name=op.f("fk_unit_parent_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("code", name=op.f("uq_unit_code")),
    )
    op.create_index(op.f("ix_unit_parent_id"), "unit", ["parent_id"], unique=False)
    op.create_index(op.f("ix_unit_path"), "unit", ["path"], unique=False)
    op.create_table(
        "upload",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("device_id", sa.Integer(), nullable=True),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=True),
        sa.Column("conflict", sa.Boolean(), nullable=False),
        sa.Column("batch_ulid", sa.Text(), nullable=True),
        sa.Column("package_id", sa.Text(), nullable=True),
        sa.Column("epoch", sa.Integer(), nullable=True),
        sa.Column("first_seq", sa.BigInteger(), nullable=True),
        sa.Column("last_seq", sa.BigInteger(), nullable=True),
        sa.Column("prev_hash", sa.LargeBinary(), nullable=True),
        sa.Column("batch_ids", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.Column("record_count", sa.BigInteger(), nullable=False),
        sa.Column("accepted_count", sa.BigInteger(), nullable=False),
        sa.Column("faulty", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "fault in ('malformed', 'wrong_device', 'hash_broken', 'bad_signature')",
            name=op.f("ck_upload_fault"),
        ),
        sa.CheckConstraint("state in ('queued', 'done')", name=op.f("ck_upload_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upload")),
    )
    op.create_index(
        op.f("ix_upload_device_id_batch_ulid"), "upload", ["device_id", "batch_ulid"], unique=False
    )
    op.create_index(
        op.f("ix_upload_device_id_epoch_first_seq"),
        "upload",
        ["device_id", "epoch", "first_seq"],
        unique=False,
    )
    op.create_index(
        op.f("ix_upload_device_id_sha256"),
        "upload",
        ["device_id", "sha256"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_index(op.f("ix_upload_path"), "upload", ["path"], unique=False)
    op.create_index(
        "uq_upload_good",
        "upload",
        ["device_id", "batch_ulid"],
        unique=True,
        postgresql_where=sa.text("fault is null and not conflict and state = 'done'"),
    )
    op.create_table(
        "upload_part",
        sa.Column("upload_id", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.PrimaryKeyConstraint("upload_id", "no", name=op.f("pk_upload_part")),
    )
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("project_id", sa.BigInteger(), nullable=False),
        sa.Column("no", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("venue", sa.Text(), nullable=False),
        sa.Column("unit_only", sa.Boolean(), nullable=False),
        sa.Column("limit_persons", sa.BigInteger(), nullable=True),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_batch_span")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_batch_project_id_project")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("project_id", "no", name=op.f("uq_batch_project_id_no")),
    )
    op.create_index(op.f("ix_batch_ends_at"), "batch", ["ends_at"], unique=False)
    op.create_index(op.f("ix_batch_path"), "batch", ["path"], unique=False)
    op.create_table(
        "binding",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("person_no", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("bound_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("phone_proven_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_as", sa.Text(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "ended_as in ('replaced', 'moved', 'unbound', 'cancelled')",
            name=op.f("ck_binding_ended_as"),
        ),
        sa.CheckConstraint(
            "how in ('phone', 'card', 'slip', 'human', 'operator')", name=op.f("ck_binding_how")
        ),
        sa.ForeignKeyConstraint(
            ["slug"], ["official_account.slug"], name=op.f("fk_binding_slug_official_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binding")),
    )
    op.create_index(op.f("ix_binding_person_id"), "binding", ["person_id"], unique=False)
    op.create_index(
        "uq_binding_openid",
        "binding",
        ["slug", "openid"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index(
        "uq_binding_person",
        "binding",
        ["slug", "person_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "binding_claim",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("person_no", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("effective_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_as", sa.Text(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "ended_as in ('effective', 'refused', 'void')", name=op.f("ck_binding_claim_ended_as")
        ),
        sa.CheckConstraint(
            "how in ('phone', 'card', 'slip', 'human', 'operator')",
            name=op.f("ck_binding_claim_how"),
        ),
        sa.ForeignKeyConstraint(
            ["slug"], ["official_account.slug"], name=op.f("fk_binding_claim_slug_official_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binding_claim")),
    )
    op.create_index(
        "ix_binding_claim_due",
        "binding_claim",
        ["effective_at"],
        unique=False,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index(
        op.f("ix_binding_claim_person_id"), "binding_claim", ["person_id"], unique=False
    )
    op.create_index(
        "uq_binding_claim_openid",
        "binding_claim",
        ["slug", "openid"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_index(
        "uq_binding_claim_person",
        "binding_claim",
        ["slug", "person_id"],
        unique=True,
        postgresql_where=sa.text("ended_at is null"),
    )
    op.create_table(
        "binding_request",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("person_no", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["slug"],
            ["official_account.slug"],
            name=op.f("fk_binding_request_slug_official_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_binding_request")),
    )
    op.create_index(
        "uq_binding_request_openid",
        "binding_request",
        ["slug", "openid"],
        unique=True,
        postgresql_where=sa.text("answered_at is null"),
    )
    op.create_table(
        "follower",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heard_sent", sa.BigInteger(), nullable=False),
        sa.Column("acted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acted_sent", sa.BigInteger(), nullable=False),
        sa.Column("tags", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.CheckConstraint(
            "state in ('follows', 'left', 'refuses', 'unknown')", name=op.f("ck_follower_state")
        ),
        sa.ForeignKeyConstraint(
            ["slug"], ["official_account.slug"], name=op.f("fk_follower_slug_official_account")
        ),
        sa.PrimaryKeyConstraint("slug", "openid", name=op.f("pk_follower")),
    )
    op.create_table(
        "freeze_link",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("login_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["login_id"], ["login.id"], name=op.f("fk_freeze_link_login_id_login")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_freeze_link")),
    )
    op.create_index(op.f("ix_freeze_link_login_id"), "freeze_link", ["login_id"], unique=False)
    op.create_table(
        "grant_held",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "role in ('operator', 'city_office', 'county_bureau', 'hospital_admin', 'department_secretary', 'auditor', 'person', 'device', 'robot')",
            name=op.f("ck_grant_held_role"),
        ),
        sa.ForeignKeyConstraint(
            ["login_id"], ["login.id"], name=op.f("fk_grant_held_login_id_login")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grant_held")),
    )
    op.create_index(
        op.f("ix_grant_held_login_id_role_unit_id"),
        "grant_held",
        ["login_id", "role", "unit_id"],
        unique=True,
    )
    op.create_table(
        "known_device",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("login_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["login_id"], ["login.id"], name=op.f("fk_known_device_login_id_login")
        ),
        sa.PrimaryKeyConstraint("token_hash", "login_id", name=op.f("pk_known_device")),
    )
    op.create_index(op.f("ix_known_device_seen_at"), "known_device", ["seen_at"], unique=False)
    op.create_table(
        "past_password",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login_id", sa.BigInteger(), nullable=False),
        sa.Column("password_hash", sa.LargeBinary(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["login_id"], ["login.id"], name=op.f("fk_past_password_login_id_login")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_past_password")),
    )
    op.create_index(op.f("ix_past_password_login_id"), "past_password", ["login_id"], unique=False)
    op.create_table(
        "phone_proof",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["slug"], ["official_account.slug"], name=op.f("fk_phone_proof_slug_official_account")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_phone_proof")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_phone_proof_code_hash")),
    )
    op.create_index(op.f("ix_phone_proof_expires_at"), "phone_proof", ["expires_at"], unique=False)
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["login_id"], ["login.id"], name=op.f("fk_recovery_code_login_id_login")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_login_id"), "recovery_code", ["login_id"], unique=False)
    op.create_table(
        "reset_code",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("login_id", sa.BigInteger(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["login_id"], ["login.id"], name=op.f("fk_reset_code_login_id_login")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reset_code")),
    )
    op.create_index(op.f("ix_reset_code_login_id"), "reset_code", ["login_id"], unique=False)
    op.create_table(
        "scan",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("browser_hash", sa.LargeBinary(), nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("numbers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("openid", sa.Text(), nullable=True),
        sa.Column("login_id", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_scan_login_id_login")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_scan")),
    )
    op.create_index(op.f("ix_scan_browser_hash"), "scan", ["browser_hash"], unique=False)
    op.create_index(op.f("ix_scan_expires_at"), "scan", ["expires_at"], unique=False)
    op.create_table(
        "standard_use",
        sa.Column("unit_id", sa.BigInteger(), nullable=False),
        sa.Column("pack_id", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["unit.id"], name=op.f("fk_standard_use_unit_id_unit")
        ),
        sa.PrimaryKeyConstraint("unit_id", "pack_id", name=op.f("pk_standard_use")),
    )
    op.create_table(
        "wechat_delivery",
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("openid", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("platform_id", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "channel in ('custom', 'template')", name=op.f("ck_wechat_delivery_channel")
        ),
        sa.CheckConstraint(
            "state in ('sending', 'sent', 'confirmed', 'failed', 'unknown', 'ended')",
            name=op.f("ck_wechat_delivery_state"),
        ),
        sa.ForeignKeyConstraint(
            ["slug"],
            ["official_account.slug"],
            name=op.f("fk_wechat_delivery_slug_official_account"),
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_wechat_delivery")),
    )
    op.create_index(
        op.f("ix_wechat_delivery_begun_at"), "wechat_delivery", ["begun_at"], unique=False
    )
    op.create_index(
        op.f("ix_wechat_delivery_slug_platform_id"),
        "wechat_delivery",
        ["slug", "platform_id"],
        unique=False,
    )
    op.create_table(
        "wechat_gate",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("api", sa.Text(), nullable=False),
        sa.Column("room", sa.Double(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("errcode", sa.BigInteger(), nullable=True),
        sa.Column("said", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["slug"], ["official_account.slug"], name=op.f("fk_wechat_gate_slug_official_account")
        ),
        sa.PrimaryKeyConstraint("slug", "api", name=op.f("pk_wechat_gate")),
    )
    op.create_table(
        "wechat_menu",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("bound_tag", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["slug"], ["official_account.slug"], name=op.f("fk_wechat_menu_slug_official_account")
        ),
        sa.PrimaryKeyConstraint("slug", name=op.f("pk_wechat_menu")),
    )
    op.create_table(
        "wechat_token",
        sa.Column("slug", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fetches", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("blocked_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind in ('access', 'jsapi')", name=op.f("ck_wechat_token_kind")),
        sa.ForeignKeyConstraint(
            ["slug"], ["official_account.slug"], name=op.f("fk_wechat_token_slug_official_account")
        ),
        sa.PrimaryKeyConstraint("slug", "kind", name=op.f("pk_wechat_token")),
    )
    op.create_table(
        "batch_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hours", sa.Numeric(precision=7, scale=2), nullable=True),
        sa.Column("sort_order", sa.BigInteger(), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.CheckConstraint(
            "kind in ('start', 'end', 'course')", name=op.f("ck_batch_session_kind")
        ),
        sa.CheckConstraint("opens_at < closes_at", name=op.f("ck_batch_session_span")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch.id"], name=op.f("fk_batch_session_batch_id_batch")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch_session")),
        sa.UniqueConstraint("batch_id", "key", name=op.f("uq_batch_session_batch_id_key")),
    )
    op.create_index(op.f("ix_batch_session_path"), "batch_session", ["path"], unique=False)
    op.create_table(
        "console_session",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("login_id", sa.BigInteger(), nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=True),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("strong", sa.Boolean(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "stage in ('open', 'second', 'enrol', 'renew')", name=op.f("ck_console_session_stage")
        ),
        sa.CheckConstraint(
            "way in ('password', 'code', 'scan')", name=op.f("ck_console_session_way")
        ),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grant_held.id"], name=op.f("fk_console_session_grant_id_grant_held")
        ),
        sa.ForeignKeyConstraint(
            ["login_id"], ["login.id"], name=op.f("fk_console_session_login_id_login")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_console_session_token_hash")),
    )
    op.create_index(
        op.f("ix_console_session_login_id"), "console_session", ["login_id"], unique=False
    )
    op.create_index(
        op.f("ix_console_session_seen_at"), "console_session", ["seen_at"], unique=False
    )
    op.create_table(
        "lecturer",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("batch_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("person_no", sa.Text(), nullable=False),
        sa.Column("course", sa.Text(), nullable=False),
        sa.Column("given_on", sa.Date(), nullable=False),
        sa.Column("hours", sa.Numeric(precision=7, scale=2), nullable=False),
        sa.Column("path", sa.Text(collation="C"), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batch.id"], name=op.f("fk_lecturer_batch_id_batch")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lecturer")),
    )
    op.create_index(op.f("ix_lecturer_batch_id"), "lecturer", ["batch_id"], unique=False)
    op.create_index(op.f("ix_lecturer_path"), "lecturer", ["path"], unique=False)
    op.create_table(
        "link",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("login_id", sa.BigInteger(), nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["grant_id"], ["grant_held.id"], name=op.f("fk_link_grant_id_grant_held")
        ),
        sa.ForeignKeyConstraint(["login_id"], ["login.id"], name=op.f("fk_link_login_id_login")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_link_token_hash")),
    )
    op.create_index(op.f("ix_link_login_id"), "link", ["login_id"], unique=False)
    for table, protection in PROTECTIONS.items():
        for statement in secure(table, **protection):
            op.execute(statement)
    op.execute(f"grant usage on all sequences in schema public to {APP_ROLE}")


def downgrade() -> None:
    op.drop_index(op.f("ix_link_login_id"), table_name="link")
    op.drop_table("link")
    op.drop_index(op.f("ix_lecturer_path"), table_name="lecturer")
    op.drop_index(op.f("ix_lecturer_batch_id"), table_name="lecturer")
    op.drop_table("lecturer")
    op.drop_index(op.f("ix_console_session_seen_at"), table_name="console_session")
    op.drop_index(op.f("ix_console_session_login_id"), table_name="console_session")
    op.drop_table("console_session")
    op.drop_index(op.f("ix_batch_session_path"), table_name="batch_session")
    op.drop_table("batch_session")
    op.drop_table("wechat_token")
    op.drop_table("wechat_menu")
    op.drop_table("wechat_gate")
    op.drop_index(op.f("ix_wechat_delivery_slug_platform_id"), table_name="wechat_delivery")
    op.drop_index(op.f("ix_wechat_delivery_begun_at"), table_name="wechat_delivery")
    op.drop_table("wechat_delivery")
    op.drop_table("standard_use")
    op.drop_index(op.f("ix_scan_expires_at"), table_name="scan")
    op.drop_index(op.f("ix_scan_browser_hash"), table_name="scan")
    op.drop_table("scan")
    op.drop_index(op.f("ix_reset_code_login_id"), table_name="reset_code")
    op.drop_table("reset_code")
    op.drop_index(op.f("ix_recovery_code_login_id"), table_name="recovery_code")
    op.drop_table("recovery_code")
    op.drop_index(op.f("ix_phone_proof_expires_at"), table_name="phone_proof")
    op.drop_table("phone_proof")
    op.drop_index(op.f("ix_past_password_login_id"), table_name="past_password")
    op.drop_table("past_password")
    op.drop_index(op.f("ix_known_device_seen_at"), table_name="known_device")
    op.drop_table("known_device")
    op.drop_index(op.f("ix_grant_held_login_id_role_unit_id"), table_name="grant_held")
    op.drop_table("grant_held")
    op.drop_index(op.f("ix_freeze_link_login_id"), table_name="freeze_link")
    op.drop_table("freeze_link")
    op.drop_table("follower")
    op.drop_index(
        "uq_binding_request_openid",
        table_name="binding_request",
        postgresql_where=sa.text("answered_at is null"),
    )
    op.drop_table("binding_request")
    op.drop_index(
        "uq_binding_claim_person",
        table_name="binding_claim",
        postgresql_where=sa.text("ended_at is null"),
    )
    op.drop_index(
        "uq_binding_claim_openid",
        table_name="binding_claim",
        postgresql_where=sa.text("ended_at is null"),
    )
    op.drop_index(op.f("ix_binding_claim_person_id"), table_name="binding_claim")
    op.drop_index(
        "ix_binding_claim_due",
        table_name="binding_claim",
        postgresql_where=sa.text("ended_at is null"),
    )
    op.drop_table("binding_claim")
    op.drop_index(
        "uq_binding_person", table_name="binding", postgresql_where=sa.text("ended_at is null")
    )
    op.drop_index(
        "uq_binding_openid", table_name="binding", postgresql_where=sa.text("ended_at is null")
    )
    op.drop_index(op.f("ix_binding_person_id"), table_name="binding")
    op.drop_table("binding")
    op.drop_index(op.f("ix_batch_path"), table_name="batch")
    op.drop_index(op.f("ix_batch_ends_at"), table_name="batch")
    op.drop_table("batch")
    op.drop_table("upload_part")
    op.drop_index(
        "uq_upload_good",
        table_name="upload",
        postgresql_where=sa.text("fault is null and not conflict and state = 'done'"),
    )
    op.drop_index(op.f("ix_upload_path"), table_name="upload")
    op.drop_index(
        op.f("ix_upload_device_id_sha256"), table_name="upload", postgresql_nulls_not_distinct=True
    )
    op.drop_index(op.f("ix_upload_device_id_epoch_first_seq"), table_name="upload")
    op.drop_index(op.f("ix_upload_device_id_batch_ulid"), table_name="upload")
    op.drop_table("upload")
    op.drop_index(op.f("ix_unit_path"), table_name="unit")
    op.drop_index(op.f("ix_unit_parent_id"), table_name="unit")
    op.drop_table("unit")
    op.drop_index(op.f("ix_swipe_batch_id_person_id_at"), table_name="swipe")
    op.drop_table("swipe")
    op.drop_table("standard_edition")
    op.drop_index(
        "ix_quarantine_uid",
        table_name="quarantine",
        postgresql_where=sa.text("resolved_at is null and uid_h is not null"),
    )
    op.drop_index(
        "ix_quarantine_person",
        table_name="quarantine",
        postgresql_where=sa.text("resolved_at is null and person_no is not null"),
    )
    op.drop_index(op.f("ix_quarantine_path"), table_name="quarantine")
    op.drop_index(
        "ix_quarantine_card",
        table_name="quarantine",
        postgresql_where=sa.text("resolved_at is null and card_no is not null"),
    )
    op.drop_table("quarantine")
    op.drop_index(op.f("ix_project_path"), table_name="project")
    op.drop_table("project")
    op.drop_index(op.f("ix_phone_ticket_expires_at"), table_name="phone_ticket")
    op.drop_table("phone_ticket")
    op.drop_index(op.f("ix_phone_session_slug_openid"), table_name="phone_session")
    op.drop_index(op.f("ix_phone_session_seen_at"), table_name="phone_session")
    op.drop_table("phone_session")
    op.drop_index(
        "uq_person_year",
        table_name="person_year",
        postgresql_include=["total", "class_1", "class_2", "hours", "path"],
    )
    op.drop_table("person_year")
    op.drop_index(
        "ix_person_status_uncommon",
        table_name="person_status",
        postgresql_where=sa.text("status <> 'normal'"),
    )
    op.drop_index(op.f("ix_person_status_path"), table_name="person_status")
    op.drop_table("person_status")
    op.drop_index(op.f("ix_person_unit_id"), table_name="person")
    op.drop_index(op.f("ix_person_phone_index"), table_name="person")
    op.drop_index(op.f("ix_person_path"), table_name="person")
    op.drop_index(op.f("ix_person_name"), table_name="person")
    op.drop_table("person")
    op.drop_table("periodic_turn")
    op.drop_index(
        "ix_outbox_message_due",
        table_name="outbox_message",
        postgresql_where=sa.text("done_at is null"),
    )
    op.drop_table("outbox_message")
    op.drop_table("official_account")
    op.drop_index("uq_login_person_id", table_name="login")
    op.drop_index(
        "uq_login_name", table_name="login", postgresql_where=sa.text("person_id is null")
    )
    op.drop_index("uq_login_card_no", table_name="login")
    op.drop_index(op.f("ix_login_name"), table_name="login")
    op.drop_table("login")
    op.drop_index(op.f("ix_device_package_path"), table_name="device_package")
    op.drop_index(op.f("ix_device_package_device_id_seq"), table_name="device_package")
    op.drop_table("device_package")
    op.drop_index(op.f("ix_device_nonce_at"), table_name="device_nonce")
    op.drop_table("device_nonce")
    op.drop_index(op.f("ix_device_health_path"), table_name="device_health")
    op.drop_table("device_health")
    op.drop_index(op.f("ix_device_path"), table_name="device")
    op.drop_table("device")
    op.drop_index(
        "uq_credit_entry_run",
        table_name="credit_entry",
        postgresql_where=sa.text("reverses is null and batch_id is not null"),
    )
    op.drop_index(
        "uq_credit_entry_reverses",
        table_name="credit_entry",
        postgresql_where=sa.text("reverses is not null"),
    )
    op.drop_index(
        "uq_credit_entry",
        table_name="credit_entry",
        postgresql_include=[
            "path",
            "given_on",
            "source",
            "credit_class",
            "gross",
            "net",
            "batch_id",
            "reverses",
        ],
    )
    op.drop_table("credit_entry")
    op.drop_index(op.f("ix_card_proof_person_id"), table_name="card_proof")
    op.drop_index(op.f("ix_card_proof_expires_at"), table_name="card_proof")
    op.drop_table("card_proof")
    op.drop_index(
        "uq_card_one_active", table_name="card", postgresql_where=sa.text("state = 'active'")
    )
    op.drop_index(op.f("ix_card_uid_index"), table_name="card")
    op.drop_index(op.f("ix_card_person_id"), table_name="card")
    op.drop_index(op.f("ix_card_path"), table_name="card")
    op.drop_table("card")
    op.drop_index(op.f("ix_callback_at"), table_name="callback")
    op.drop_table("callback")
    op.drop_table("binding_try")
    op.drop_index(op.f("ix_award_verdict_person_id_run_id"), table_name="award_verdict")
    op.drop_table("award_verdict")
    op.drop_index(
        "uq_award_run_queued", table_name="award_run", postgresql_where=sa.text("state = 'queued'")
    )
    op.drop_index(
        "uq_award_run_in_force", table_name="award_run", postgresql_where=sa.text("state = 'done'")
    )
    op.drop_index(op.f("ix_award_run_path"), table_name="award_run")
    op.drop_index(op.f("ix_award_run_batch_id"), table_name="award_run")
    op.drop_table("award_run")
    op.drop_index(op.f("ix_audit_entry_table_name_row_id"), table_name="audit_entry")
    op.drop_index(op.f("ix_audit_entry_path_at"), table_name="audit_entry")
    op.drop_table("audit_entry")
    op.drop_index(op.f("ix_attempt_since"), table_name="attempt")
    op.drop_table("attempt")
    op.drop_index(op.f("ix_activation_slip_person_id"), table_name="activation_slip")
    op.drop_table("activation_slip")
    op.execute("drop function demand_action")
