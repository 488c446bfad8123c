"""What a title costs after its due date is what its boleto says, whatever its wallet says later.

The titles that are there take their wallet's rates of now: what the portal charged until here.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TABLE = "receivables"
RATES = ("fine_percent", "interest_percent_month")


def upgrade() -> None:
    for name in RATES:
        op.add_column(
            TABLE, sa.Column(name, sa.Numeric(5, 2), nullable=False, server_default=sa.text("0"))
        )
    op.execute(
        "UPDATE receivables SET (fine_percent, interest_percent_month) ="
        " (SELECT fine_percent, interest_percent_month FROM wallets"
        " WHERE wallets.id = receivables.wallet_id)"
    )


def downgrade() -> None:
    for name in RATES:
        op.drop_column(TABLE, name)
