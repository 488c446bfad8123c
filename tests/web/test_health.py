"""What supervisors and load balancers ask, without a session."""

from sqlalchemy import text

from portal import create_app
from portal.core.config import Settings
from portal.core.db import db


def test_a_process_that_answers_lives(web):
    answer = web.get("/health/live")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert "Set-Cookie" not in answer.headers


def test_a_migrated_database_is_ready_even_while_redis_is_away(web):
    answer = web.get("/health/ready")
    assert answer.status_code == 200
    assert answer.json == {
        "status": "ready",
        "database": "ok",
        "migrated": True,
        "redis": "away",
    }
    assert "Set-Cookie" not in answer.headers


def test_a_database_of_another_version_is_not_ready(app, web):
    with app.app_context():
        before = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        db.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
        db.session.commit()
    answer = web.get("/health/ready")
    with app.app_context():
        db.session.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": before})
        db.session.commit()
    assert answer.status_code == 503
    assert (answer.json["status"], answer.json["migrated"]) == ("not ready", False)


def test_without_a_database_it_lives_and_is_not_ready(settings, tmp_path):
    broken = Settings.from_env(
        {
            "PORTAL_HOME": str(tmp_path),
            "DATABASE_URL": f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}",
            "REDIS_URL": settings.redis_url,
        }
    )
    web = create_app(broken).test_client()
    assert web.get("/health/live").status_code == 200
    answer = web.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json["database"] == "away"
    assert str(tmp_path) not in answer.text
