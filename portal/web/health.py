"""Whether this process lives, and whether it can serve: for supervisors and load balancers.

No session, no client data: any stranger may ask.
"""

from flask import Blueprint, Flask, Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from portal.core import migrations
from portal.core.queue import is_up

bp = Blueprint("health", __name__)


def install(app: Flask) -> None:
    """Add `/health/live` and `/health/ready`."""
    app.register_blueprint(bp)


@bp.get("/health/live")
def live() -> Response:
    """200 as long as the process answers."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/health/ready")
def ready() -> tuple[Response, int]:
    """200 when the database answers and is migrated, else 503. Redis is told, never required."""
    database, migrated = _database()
    redis = is_up(current_app.config["REDIS_URL"])
    fine = database and migrated
    return jsonify(
        status="ready" if fine else "not ready",
        database="ok" if database else "away",
        migrated=migrated,
        redis="ok" if redis else "away",
    ), 200 if fine else 503


def _database() -> tuple[bool, bool]:
    try:
        return True, migrations.revision() == migrations.newest()
    except SQLAlchemyError:
        current_app.logger.warning("the database does not answer", exc_info=True)
        return False, False
