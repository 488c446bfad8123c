"""`GET /metrics`, for anybody: it holds no client data."""

from flask import Blueprint, Flask, Response, current_app
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

from portal.core import clock
from portal.operations.metrics import Metrics

bp = Blueprint("metrics", __name__)
EXTENSION = "pontual_metrics"


def register(app: Flask) -> None:
    """Add `/metrics`."""
    app.extensions[EXTENSION] = Metrics()
    app.register_blueprint(bp)


@bp.get("/metrics")
def metrics() -> Response:
    """The numbers, as Prometheus reads them."""
    page = current_app.extensions[EXTENSION].page(clock.now())
    return Response(page, content_type=CONTENT_TYPE_PLAIN_0_0_4)
