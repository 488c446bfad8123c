"""The first tables, and the triggers that keep the trail append-only."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Rows that nothing may change afterwards, whatever the code above them does.
APPEND_ONLY = {"delivery_attempts": ("UPDATE",)}


def _add_triggers() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    if not sqlite:
        op.execute(
            "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'append-only table'; END $$"
        )
    for table, moves in APPEND_ONLY.items():
        for move in moves:
            body = (
                "BEGIN SELECT RAISE(ABORT, 'append-only table'); END"
                if sqlite
                else "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
            )
            op.execute(f"CREATE TRIGGER {table}_no_{move.lower()} BEFORE {move} ON {table} {body}")


def _drop_function() -> None:
    if op.get_bind().dialect.name != "sqlite":
        op.execute("DROP FUNCTION refuse_change()")


def upgrade() -> None:
    op.create_table(
        "clients",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("name", sa.String(length=160), nullable=False),
        sa.Column("cpf_cnpj", sa.String(length=14), nullable=False),
        sa.Column("emails", sa.Text(), nullable=False),
        sa.Column("invalid_emails", sa.Text(), nullable=False),
        sa.Column(
            "email_status",
            sa.Enum(
                "ok",
                "missing",
                "invalid",
                name="email_status",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bounce_reason", sa.String(length=300), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=200), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("complement", sa.String(length=80), nullable=False),
        sa.Column("district", sa.String(length=80), nullable=False),
        sa.Column("city", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=2), nullable=False),
        sa.Column("postal_code", sa.String(length=8), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clients")),
        sa.UniqueConstraint("code", name=op.f("uq_clients_code")),
    )
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clients_active_email_status", ["active", "email_status"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_clients_city"), ["city"], unique=False)
        batch_op.create_index(batch_op.f("ix_clients_cpf_cnpj"), ["cpf_cnpj"], unique=False)
        batch_op.create_index(batch_op.f("ix_clients_name"), ["name"], unique=False)

    op.create_table(
        "general_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("company_name", sa.String(length=120), nullable=False),
        sa.Column("company_cpf_cnpj", sa.String(length=14), nullable=False),
        sa.Column("company_email", sa.String(length=254), nullable=False),
        sa.Column("company_phone", sa.String(length=30), nullable=False),
        sa.Column("company_address", sa.String(length=200), nullable=False),
        sa.Column("company_district", sa.String(length=80), nullable=False),
        sa.Column("company_city", sa.String(length=80), nullable=False),
        sa.Column("company_state", sa.String(length=2), nullable=False),
        sa.Column("company_postal_code", sa.String(length=8), nullable=False),
        sa.Column(
            "default_delivery_type",
            sa.Enum(
                "email",
                "printed",
                name="default_delivery_type",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "business_day_rule",
            sa.Enum(
                "keep",
                "next",
                name="business_day_rule",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("logo_png", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_general_settings_single_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_general_settings")),
    )
    op.create_table(
        "holidays",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holidays")),
        sa.UniqueConstraint("day", name=op.f("uq_holidays_day")),
    )
    op.create_table(
        "smtp_accounts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=254), nullable=False),
        sa.Column("sender_address", sa.String(length=254), nullable=False),
        sa.Column("sender_name", sa.String(length=120), nullable=False),
        sa.Column("reply_to", sa.String(length=254), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("requires_auth", sa.Boolean(), nullable=False),
        sa.Column(
            "auth_method",
            sa.Enum(
                "password",
                "xoauth2",
                name="auth_method",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "security",
            sa.Enum(
                "none",
                "starttls",
                "ssl",
                name="security",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("oauth_token_url", sa.String(length=300), nullable=False),
        sa.Column("oauth_client_id", sa.String(length=200), nullable=False),
        sa.Column("oauth_client_secret", sa.Text(), nullable=False),
        sa.Column("oauth_refresh_token", sa.Text(), nullable=False),
        sa.Column("oauth_scope", sa.String(length=300), nullable=False),
        sa.Column("utf8", sa.Boolean(), nullable=False),
        sa.Column("force_charset", sa.Boolean(), nullable=False),
        sa.Column("test_recipient", sa.String(length=254), nullable=False),
        sa.Column("hourly_limit", sa.Integer(), nullable=False),
        sa.Column("daily_limit", sa.Integer(), nullable=False),
        sa.Column("minute_limit", sa.Integer(), nullable=True),
        sa.Column("max_connections", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("message_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("connection_changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "active",
                "paused",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("pause_reason", sa.String(length=500), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("hold_reason", sa.String(length=500), nullable=False),
        sa.Column("holds", sa.Integer(), nullable=False),
        sa.Column("imap_host", sa.String(length=255), nullable=False),
        sa.Column("imap_port", sa.Integer(), nullable=False),
        sa.Column(
            "imap_security",
            sa.Enum(
                "none",
                "starttls",
                "ssl",
                name="imap_security",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("imap_username", sa.String(length=254), nullable=False),
        sa.Column("imap_password", sa.Text(), nullable=False),
        sa.Column("imap_folder", sa.String(length=120), nullable=False),
        sa.Column("imap_uid_validity", sa.BigInteger(), nullable=True),
        sa.Column("imap_last_uid", sa.BigInteger(), nullable=False),
        sa.Column("imap_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("imap_error", sa.String(length=500), nullable=False),
        sa.Column("tested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("test_accepted", sa.Boolean(), nullable=True),
        sa.Column("tested_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "hourly_limit > 0 AND daily_limit > 0", name=op.f("ck_smtp_accounts_limits_positive")
        ),
        sa.CheckConstraint("port BETWEEN 1 AND 65535", name=op.f("ck_smtp_accounts_port_range")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_smtp_accounts")),
        sa.UniqueConstraint("name", name=op.f("uq_smtp_accounts_name")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(length=254), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "admin",
                "financeiro",
                "consulta",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("password_hash", sa.String(length=200), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_login_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "wallets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "bank",
                "gateway",
                name="wallet_kind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("bank_code", sa.String(length=3), nullable=False),
        sa.Column("agencia", sa.String(length=10), nullable=False),
        sa.Column("agencia_dv", sa.String(length=2), nullable=False),
        sa.Column("conta", sa.String(length=20), nullable=False),
        sa.Column("conta_dv", sa.String(length=2), nullable=False),
        sa.Column("convenio", sa.String(length=20), nullable=False),
        sa.Column("convenio_dv", sa.String(length=2), nullable=False),
        sa.Column("carteira", sa.String(length=6), nullable=False),
        sa.Column("variacao", sa.String(length=4), nullable=False),
        sa.Column("modalidade", sa.String(length=4), nullable=False),
        sa.Column("posto", sa.String(length=3), nullable=False),
        sa.Column("byte", sa.String(length=1), nullable=False),
        sa.Column("operacao", sa.String(length=10), nullable=False),
        sa.Column("emissao", sa.String(length=2), nullable=False),
        sa.Column("ios", sa.String(length=1), nullable=False),
        sa.Column("tipo_carteira", sa.String(length=4), nullable=False),
        sa.Column("codigo_servico", sa.String(length=10), nullable=False),
        sa.Column("layout", sa.String(length=10), nullable=False),
        sa.Column("documento_cedente", sa.String(length=20), nullable=False),
        sa.Column("incremento", sa.String(length=10), nullable=False),
        sa.Column("portfolio", sa.String(length=10), nullable=False),
        sa.Column("next_nosso_numero", sa.BigInteger(), nullable=False),
        sa.Column("instructions", sa.JSON(), nullable=False),
        sa.Column("fine_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("interest_percent_month", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("discount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("email_on_generation", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.CheckConstraint("fine_percent BETWEEN 0 AND 100", name=op.f("ck_wallets_fine_range")),
        sa.CheckConstraint(
            "interest_percent_month BETWEEN 0 AND 100", name=op.f("ck_wallets_interest_range")
        ),
        sa.CheckConstraint(
            "next_nosso_numero > 0", name=op.f("ck_wallets_next_nosso_numero_positive")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wallets")),
        sa.UniqueConstraint("name", name=op.f("uq_wallets_name")),
    )
    op.create_table(
        "audit_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("actor_name", sa.String(length=120), nullable=False),
        sa.Column("action", sa.String(length=60), nullable=False),
        sa.Column("entity", sa.String(length=40), nullable=False),
        sa.Column("entity_id", sa.Integer(), nullable=True),
        sa.Column("summary", sa.String(length=300), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_audit_events_actor_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_events_at"), ["at"], unique=False)
        batch_op.create_index("ix_audit_events_entity", ["entity", "entity_id"], unique=False)

    op.create_table(
        "contracts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=30), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("plan", sa.String(length=120), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("due_day", sa.Integer(), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column(
            "delivery_type",
            sa.Enum(
                "email",
                "printed",
                name="delivery_type",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=True,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "active",
                "suspended",
                "cancelled",
                name="contract_status",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("activated_on", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_contracts_amount_positive")),
        sa.CheckConstraint("due_day BETWEEN 1 AND 31", name=op.f("ck_contracts_due_day_range")),
        sa.ForeignKeyConstraint(["client_id"], ["clients.id"], name=op.f("fk_contracts_client_id")),
        sa.ForeignKeyConstraint(["wallet_id"], ["wallets.id"], name=op.f("fk_contracts_wallet_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
        sa.UniqueConstraint("code", name=op.f("uq_contracts_code")),
    )
    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contracts_client_id"), ["client_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_status"), ["status"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_wallet_id"), ["wallet_id"], unique=False)

    op.create_table(
        "financial_settings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("smtp_account_id", sa.Integer(), nullable=True),
        sa.Column("group_by_client", sa.Boolean(), nullable=False),
        sa.Column("max_open_receivables", sa.Integer(), nullable=True),
        sa.Column("pro_rata", sa.Boolean(), nullable=False),
        sa.Column("pilot_client_ids", sa.JSON(), nullable=False),
        sa.Column("expire_after_days", sa.Integer(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_financial_settings_single_row")),
        sa.CheckConstraint(
            "max_open_receivables > 0", name=op.f("ck_financial_settings_max_open_positive")
        ),
        sa.ForeignKeyConstraint(
            ["smtp_account_id"],
            ["smtp_accounts.id"],
            name=op.f("fk_financial_settings_smtp_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_financial_settings")),
    )
    op.create_table(
        "generations",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.String(length=64), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=True),
        sa.Column("requested_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("competence", sa.Date(), nullable=False),
        sa.Column("installments", sa.Integer(), nullable=False),
        sa.Column("today", sa.Date(), nullable=False),
        sa.Column("parameters", sa.JSON(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "paused",
                "done",
                "failed",
                "cancelled",
                "undone",
                name="generation_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("expected", sa.Integer(), nullable=False),
        sa.Column("claim", sa.String(length=40), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("contracts", sa.Integer(), nullable=False),
        sa.Column("receivables", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("emails", sa.Integer(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("printed", sa.Integer(), nullable=False),
        sa.Column("not_sent", sa.JSON(), nullable=False),
        sa.Column("not_generated", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["users.id"], name=op.f("fk_generations_requested_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_generations")),
        sa.UniqueConstraint("request_key", name=op.f("uq_generations_request_key")),
    )
    with op.batch_alter_table("generations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_generations_created_at"), ["created_at"], unique=False)

    op.create_table(
        "smtp_tests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("smtp_account_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=True),
        sa.Column("requested_by", sa.String(length=120), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "running",
                "accepted",
                "failed",
                name="test_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("cure", sa.Text(), nullable=False),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["users.id"], name=op.f("fk_smtp_tests_requested_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["smtp_account_id"],
            ["smtp_accounts.id"],
            name=op.f("fk_smtp_tests_smtp_account_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_smtp_tests")),
    )
    with op.batch_alter_table("smtp_tests", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_smtp_tests_smtp_account_id"), ["smtp_account_id"], unique=False
        )

    op.create_table(
        "email_messages",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "automatic",
                "manual",
                "test",
                name="message_kind",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("client_id", sa.Integer(), nullable=True),
        sa.Column("contract_id", sa.Integer(), nullable=True),
        sa.Column("generation_id", sa.Integer(), nullable=True),
        sa.Column("scope", sa.String(length=40), nullable=False),
        sa.Column("smtp_account_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("subject", sa.String(length=400), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "queued",
                "sending",
                "sent",
                "failed",
                "uncertain",
                "cancelled",
                "expired",
                "skipped",
                "bounced",
                name="message_state",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claim", sa.String(length=40), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("handed_over", sa.Boolean(), nullable=False),
        sa.Column("message_id", sa.String(length=200), nullable=False),
        sa.Column("requested_by_id", sa.Integer(), nullable=True),
        sa.Column("requested_by", sa.String(length=120), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text(), nullable=False),
        sa.Column("pdf_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_email_messages_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_email_messages_contract_id")
        ),
        sa.ForeignKeyConstraint(
            ["generation_id"], ["generations.id"], name=op.f("fk_email_messages_generation_id")
        ),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["users.id"], name=op.f("fk_email_messages_requested_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["smtp_account_id"],
            ["smtp_accounts.id"],
            name=op.f("fk_email_messages_smtp_account_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_email_messages")),
        sa.UniqueConstraint("generation_id", "scope", "recipient", name="uq_message_once"),
        sa.UniqueConstraint("message_id", name=op.f("uq_email_messages_message_id")),
    )
    with op.batch_alter_table("email_messages", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_email_messages_cause"), ["cause"], unique=False)
        batch_op.create_index("ix_email_messages_client", ["client_id", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_email_messages_created_at"), ["created_at"], unique=False
        )
        batch_op.create_index(
            "ix_email_messages_due",
            ["smtp_account_id", "state", "next_attempt_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_email_messages_generation_id"), ["generation_id"], unique=False
        )
        batch_op.create_index(
            "ix_email_messages_state_lease", ["state", "lease_until"], unique=False
        )

    op.create_table(
        "receivables",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("contract_id", sa.Integer(), nullable=False),
        sa.Column("client_id", sa.Integer(), nullable=False),
        sa.Column("wallet_id", sa.Integer(), nullable=False),
        sa.Column("generation_id", sa.Integer(), nullable=True),
        sa.Column("competence", sa.Date(), nullable=False),
        sa.Column("installment", sa.Integer(), nullable=False),
        sa.Column("installments", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "paid",
                "cancelled",
                name="receivable_status",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column(
            "delivery_type",
            sa.Enum(
                "email",
                "printed",
                name="delivery_type",
                native_enum=False,
                create_constraint=True,
                length=20,
            ),
            nullable=False,
        ),
        sa.Column("document_number", sa.String(length=20), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("nosso_numero", sa.String(length=30), nullable=True),
        sa.Column("campo_livre", sa.String(length=25), nullable=False),
        sa.Column("codigo_barras", sa.String(length=44), nullable=False),
        sa.Column("linha_digitavel", sa.String(length=60), nullable=False),
        sa.Column("pix_payload", sa.String(length=512), nullable=False),
        sa.Column("printed", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("not_sent_code", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("amount > 0", name=op.f("ck_receivables_amount_positive")),
        sa.ForeignKeyConstraint(
            ["client_id"], ["clients.id"], name=op.f("fk_receivables_client_id")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_receivables_contract_id")
        ),
        sa.ForeignKeyConstraint(
            ["generation_id"], ["generations.id"], name=op.f("fk_receivables_generation_id")
        ),
        sa.ForeignKeyConstraint(
            ["wallet_id"], ["wallets.id"], name=op.f("fk_receivables_wallet_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receivables")),
        sa.UniqueConstraint("contract_id", "competence", name="uq_receivable_once"),
        sa.UniqueConstraint("wallet_id", "nosso_numero", name="uq_receivable_nosso_numero"),
        sa.UniqueConstraint("wallet_id", "sequence", name="uq_receivable_sequence"),
    )
    with op.batch_alter_table("receivables", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_receivables_client_id"), ["client_id"], unique=False)
        batch_op.create_index("ix_receivables_due_date_id", ["due_date", "id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_receivables_generation_id"), ["generation_id"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_receivables_not_sent_code"), ["not_sent_code"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_receivables_status"), ["status"], unique=False)

    op.create_table(
        "bounces",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("smtp_account_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("notification_id", sa.String(length=200), nullable=False),
        sa.Column("recipient", sa.String(length=254), nullable=False),
        sa.Column("action", sa.String(length=20), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("diagnostic", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["email_messages.id"], name=op.f("fk_bounces_message_id")
        ),
        sa.ForeignKeyConstraint(
            ["smtp_account_id"], ["smtp_accounts.id"], name=op.f("fk_bounces_smtp_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bounces")),
        sa.UniqueConstraint("smtp_account_id", "notification_id", name="uq_bounce_once"),
    )
    with op.batch_alter_table("bounces", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_bounces_message_id"), ["message_id"], unique=False)

    op.create_table(
        "delivery_attempts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("reply", sa.Text(), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["email_messages.id"], name=op.f("fk_delivery_attempts_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_attempts")),
    )
    with op.batch_alter_table("delivery_attempts", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_delivery_attempts_message_id"), ["message_id"], unique=False
        )

    op.create_table(
        "email_message_receivables",
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("receivable_id", sa.Integer(), nullable=False),
        sa.Column("automatic_recipient", sa.String(length=254), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["email_messages.id"],
            name=op.f("fk_email_message_receivables_message_id"),
        ),
        sa.ForeignKeyConstraint(
            ["receivable_id"],
            ["receivables.id"],
            name=op.f("fk_email_message_receivables_receivable_id"),
        ),
        sa.PrimaryKeyConstraint(
            "message_id", "receivable_id", name=op.f("pk_email_message_receivables")
        ),
        sa.UniqueConstraint("receivable_id", "automatic_recipient", name="uq_automatic_once"),
    )
    with op.batch_alter_table("email_message_receivables", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_email_message_receivables_receivable_id"),
            ["receivable_id"],
            unique=False,
        )

    op.create_table(
        "quota_uses",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("smtp_account_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["email_messages.id"], name=op.f("fk_quota_uses_message_id")
        ),
        sa.ForeignKeyConstraint(
            ["smtp_account_id"], ["smtp_accounts.id"], name=op.f("fk_quota_uses_smtp_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quota_uses")),
    )
    with op.batch_alter_table("quota_uses", schema=None) as batch_op:
        batch_op.create_index(
            "ix_quota_uses_account_time", ["smtp_account_id", "used_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_quota_uses_message_id"), ["message_id"], unique=False)
    _add_triggers()


def downgrade() -> None:
    with op.batch_alter_table("quota_uses", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quota_uses_message_id"))
        batch_op.drop_index("ix_quota_uses_account_time")

    op.drop_table("quota_uses")
    with op.batch_alter_table("email_message_receivables", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_email_message_receivables_receivable_id"))

    op.drop_table("email_message_receivables")
    with op.batch_alter_table("delivery_attempts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delivery_attempts_message_id"))

    op.drop_table("delivery_attempts")
    with op.batch_alter_table("bounces", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_bounces_message_id"))

    op.drop_table("bounces")
    with op.batch_alter_table("receivables", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_receivables_status"))
        batch_op.drop_index(batch_op.f("ix_receivables_not_sent_code"))
        batch_op.drop_index(batch_op.f("ix_receivables_generation_id"))
        batch_op.drop_index("ix_receivables_due_date_id")
        batch_op.drop_index(batch_op.f("ix_receivables_client_id"))

    op.drop_table("receivables")
    with op.batch_alter_table("email_messages", schema=None) as batch_op:
        batch_op.drop_index("ix_email_messages_state_lease")
        batch_op.drop_index(batch_op.f("ix_email_messages_generation_id"))
        batch_op.drop_index("ix_email_messages_due")
        batch_op.drop_index(batch_op.f("ix_email_messages_created_at"))
        batch_op.drop_index("ix_email_messages_client")
        batch_op.drop_index(batch_op.f("ix_email_messages_cause"))

    op.drop_table("email_messages")
    with op.batch_alter_table("smtp_tests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_smtp_tests_smtp_account_id"))

    op.drop_table("smtp_tests")
    with op.batch_alter_table("generations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_generations_created_at"))

    op.drop_table("generations")
    op.drop_table("financial_settings")
    with op.batch_alter_table("contracts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contracts_wallet_id"))
        batch_op.drop_index(batch_op.f("ix_contracts_status"))
        batch_op.drop_index(batch_op.f("ix_contracts_client_id"))

    op.drop_table("contracts")
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_events_entity")
        batch_op.drop_index(batch_op.f("ix_audit_events_at"))

    op.drop_table("audit_events")
    op.drop_table("wallets")
    op.drop_table("users")
    op.drop_table("smtp_accounts")
    op.drop_table("holidays")
    op.drop_table("general_settings")
    with op.batch_alter_table("clients", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_clients_name"))
        batch_op.drop_index(batch_op.f("ix_clients_cpf_cnpj"))
        batch_op.drop_index(batch_op.f("ix_clients_city"))
        batch_op.drop_index("ix_clients_active_email_status")

    op.drop_table("clients")
    _drop_function()
