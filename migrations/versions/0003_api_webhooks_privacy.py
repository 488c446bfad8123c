"""an undone month can be made again; webhooks, API, sessions, and what LGPD asks for."""

import re

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ONCE = "uq_receivable_once"
NOT_UNDONE = sa.text("undone_at IS NULL")
NEW_COLUMNS = {
    "clients": (("anonymised_at", sa.DateTime(timezone=True)),),
    "financial_settings": (
        ("keep_bodies_days", sa.Integer()),
        ("keep_accesses_days", sa.Integer()),
    ),
    "receivables": (("undone_at", sa.DateTime(timezone=True)),),
    "wallets": (("sequence_year", sa.Integer()),),
}
NEW_TABLES = (
    "api_requests",
    "webhook_calls",
    "user_sessions",
    "data_accesses",
    "api_tokens",
    "webhooks",
)


def upgrade() -> None:
    create_tables()
    for table, columns in NEW_COLUMNS.items():
        for name, kind in columns:
            op.add_column(table, sa.Column(name, kind, nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        rebuild("receivables", without(ONCE))
    else:
        op.drop_constraint(ONCE, "receivables", type_="unique")
    op.create_index(
        ONCE,
        "receivables",
        ["contract_id", "competence"],
        unique=True,
        sqlite_where=NOT_UNDONE,
        postgresql_where=NOT_UNDONE,
    )
    # What the unique one no longer serves: a contract's titles, the undone ones too.
    op.create_index("ix_receivables_contract_id", "receivables", ["contract_id"])
    op.execute(
        "UPDATE receivables SET undone_at = cancelled_at WHERE status = 'cancelled'"
        " AND generation_id IN (SELECT id FROM generations WHERE state = 'undone')"
    )


def downgrade() -> None:
    op.drop_index("ix_receivables_contract_id", table_name="receivables")
    op.drop_index(ONCE, table_name="receivables")
    for table, columns in NEW_COLUMNS.items():
        for name, _kind in columns:
            op.drop_column(table, name)
    if op.get_bind().dialect.name == "sqlite":
        rebuild("receivables", with_unique(ONCE, "contract_id, competence"))
    else:
        op.create_unique_constraint(ONCE, "receivables", ["contract_id", "competence"])
    for table in NEW_TABLES:
        op.drop_table(table)


def rebuild(table, change) -> None:
    """SQLite cannot alter a constraint: make the table again, from its own text, changed.

    By its text and not by reflection, which would forget every CHECK. Needs foreign keys off
    (migrations/env.py); see sqlite.org/lang_altertable.html, section 7.
    """
    run = op.get_bind().exec_driver_sql
    schema = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND type = ? AND sql IS NOT NULL"
    text = run(schema, (table, "table")).scalar_one()
    indexes = list(run(schema, (table, "index")).scalars())
    new = change(text)
    if new == text:
        raise RuntimeError(f"the text of {table} is not as this migration expects")
    columns = ", ".join(f'"{row[1]}"' for row in run(f"PRAGMA table_info({table})"))
    run(re.sub(rf'^CREATE TABLE "?{table}"?', f"CREATE TABLE new_{table}", new))
    run(f"INSERT INTO new_{table} ({columns}) SELECT {columns} FROM {table}")  # noqa: S608
    run(f"DROP TABLE {table}")
    run(f"ALTER TABLE new_{table} RENAME TO {table}")
    for statement in indexes:
        run(statement)


def without(constraint):
    """Changes a table's text: this UNIQUE constraint goes."""
    return lambda text: re.sub(rf",\s*CONSTRAINT {constraint} UNIQUE \([^)]*\)", "", text)


def with_unique(constraint, columns):
    """Changes a table's text: this UNIQUE constraint comes, as the last one."""
    return lambda text: text.rstrip()[:-1] + f", CONSTRAINT {constraint} UNIQUE ({columns}))"


def create_tables() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=500), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("pause_reason", sa.String(length=300), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhooks")),
        sa.UniqueConstraint("url", name=op.f("uq_webhooks_url")),
    )
    with op.batch_alter_table("webhooks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_webhooks_active"), ["active"], unique=False)

    op.create_table(
        "api_tokens",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("prefix", sa.String(length=12), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["users.id"], name=op.f("fk_api_tokens_created_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("digest", name=op.f("uq_api_tokens_digest")),
        sa.UniqueConstraint("name", name=op.f("uq_api_tokens_name")),
    )
    op.create_table(
        "data_accesses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("user_name", sa.String(length=120), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("what", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_data_accesses_client_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_data_accesses_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_data_accesses")),
    )
    with op.batch_alter_table("data_accesses", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_data_accesses_at"), ["at"], unique=False)
        batch_op.create_index("ix_data_accesses_client", ["client_id", "id"], unique=False)

    op.create_table(
        "user_sessions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_sessions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_sessions")),
    )
    with op.batch_alter_table("user_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_sessions_seen_at"), ["seen_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_user_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "webhook_calls",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("event_id", sa.String(length=36), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("subject_id", sa.Integer(), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "calling",
                "done",
                "failed",
                name="call_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim", sa.String(length=40), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["webhook_id"],
            ["webhooks.id"],
            name=op.f("fk_webhook_calls_webhook_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_calls")),
        sa.UniqueConstraint("webhook_id", "event_id", name="uq_webhook_call_once"),
    )
    with op.batch_alter_table("webhook_calls", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_webhook_calls_created_at"), ["created_at"], unique=False
        )
        batch_op.create_index(
            "ix_webhook_calls_due", ["state", "next_attempt_at", "id"], unique=False
        )

    op.create_table(
        "api_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(length=128), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("answer", sa.JSON(), nullable=True),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_id"], ["api_tokens.id"], name=op.f("fk_api_requests_token_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_requests")),
        sa.UniqueConstraint("token_id", "key", name="uq_api_request_once"),
    )
    with op.batch_alter_table("api_requests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_api_requests_created_at"), ["created_at"], unique=False
        )
