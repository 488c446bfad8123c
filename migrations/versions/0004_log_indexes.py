"""Indexes by which the log, its filters and its search stay fast at a million rows.

The log goes from the newest to the oldest: each filter's index ends in that order, so that a page
is read from it without sorting. Four of them take the place of one that began the same way.
The contracts are counted by status, delivery type and wallet for the checklist, the tries by hour
and outcome for the first page.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "email_messages"
ORDER = ["created_at", "id"]
PREFIX = {"recipient": "text_pattern_ops"}  # begins with, whatever the database's language
REPORT = ["status", "due_date", "id", "wallet_id", "delivery_type", "printed_at", "amount"]
BY_HAND = sa.text("kind <> 'automatic'")


def upgrade() -> None:
    op.drop_index("ix_email_messages_state_lease", TABLE)
    op.drop_index("ix_email_messages_cause", TABLE)
    op.drop_index("ix_email_messages_created_at", TABLE)
    op.drop_index("ix_email_messages_generation_id", TABLE)
    op.create_index("ix_email_messages_created", TABLE, ORDER)
    op.create_index("ix_email_messages_state", TABLE, ["state", *ORDER])
    op.create_index("ix_email_messages_cause", TABLE, ["cause", *ORDER])
    op.create_index("ix_email_messages_account", TABLE, ["smtp_account_id", *ORDER])
    op.create_index("ix_email_messages_generation", TABLE, ["generation_id", *ORDER])
    op.create_index("ix_email_messages_person", TABLE, ["requested_by_id", *ORDER])
    op.create_index(
        "ix_email_messages_by_hand",
        TABLE,
        ["kind", *ORDER],
        sqlite_where=BY_HAND,
        postgresql_where=BY_HAND,
    )
    op.create_index("ix_email_messages_recipient", TABLE, ["recipient"], postgresql_ops=PREFIX)
    op.create_index(
        "ix_receivables_document_number",
        "receivables",
        ["document_number"],
        postgresql_ops={"document_number": "text_pattern_ops"},
    )
    op.create_index("ix_delivery_attempts_outcome", "delivery_attempts", ["outcome", "started_at"])
    op.drop_index("ix_receivables_status", "receivables")
    op.drop_index("ix_receivables_generation_id", "receivables")
    op.create_index("ix_receivables_report", "receivables", REPORT)
    op.create_index("ix_receivables_run", "receivables", ["generation_id", "due_date", "id"])
    op.drop_index("ix_contracts_status", "contracts")
    op.create_index(
        "ix_contracts_status_sending", "contracts", ["status", "delivery_type", "wallet_id"]
    )


def downgrade() -> None:
    op.drop_index("ix_contracts_status_sending", "contracts")
    op.create_index("ix_contracts_status", "contracts", ["status"])
    op.drop_index("ix_receivables_run", "receivables")
    op.drop_index("ix_receivables_report", "receivables")
    op.create_index("ix_receivables_generation_id", "receivables", ["generation_id"])
    op.create_index("ix_receivables_status", "receivables", ["status"])
    op.drop_index("ix_delivery_attempts_outcome", "delivery_attempts")
    op.drop_index("ix_receivables_document_number", "receivables")
    for name in ("recipient", "by_hand", "person", "generation", "account", "cause", "state"):
        op.drop_index(f"ix_email_messages_{name}", TABLE)
    op.drop_index("ix_email_messages_created", TABLE)
    op.create_index("ix_email_messages_generation_id", TABLE, ["generation_id"])
    op.create_index("ix_email_messages_created_at", TABLE, ["created_at"])
    op.create_index("ix_email_messages_cause", TABLE, ["cause"])
    op.create_index("ix_email_messages_state_lease", TABLE, ["state", "lease_until"])
