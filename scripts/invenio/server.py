"""A real InvenioRDM on this machine alone: SQLite, local files, redis, a stand-in for OpenSearch.

    server.py init     makes the database, vocabularies, users, tokens and a community; takes about a minute
    server.py serve    answers on http://127.0.0.1:$RDM_PORT/api until it is ended

RDM_HOME        folder of database, files and tokens
RDM_PORT, RDM_REDIS_PORT, RDM_SEARCH_PORT
RDM_LIMIT       rate limit of a user, as Flask-Limiter writes it (default: too high to be met)
RDM_NO_PARTS    if set, files cannot be sent in parts: the entry is made, the first part is refused (403)

Registering DOIs at DataCite is the one thing that is mocked: the DOIs are made by InvenioRDM's own code, under
the prefix for tests, 10.5072.
"""

import json
import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from unittest.mock import Mock

HOME = Path(os.environ["RDM_HOME"]).resolve()
PORT = int(os.environ["RDM_PORT"])
os.environ["INVENIO_INSTANCE_PATH"] = str(HOME)
os.environ["OAUTHLIB_INSECURE_TRANSPORT"] = "1"  # plain HTTP, on loopback only

from invenio_app.factory import create_api  # noqa: E402
from invenio_rdm_records.services.permissions import RDMRecordPermissionPolicy  # noqa: E402
from invenio_rdm_records.services.pids.providers import DataCiteClient  # noqa: E402
from invenio_records_resources.services.files.generators import IfTransferType  # noqa: E402
from invenio_records_resources.services.files.transfer import LOCAL_TRANSFER_TYPE  # noqa: E402

DataCiteClient.api = property(lambda _client: Mock())


class NoParts(RDMRecordPermissionPolicy):
    """Refuses the content of files that are sent in parts."""

    can_draft_set_content_files = [IfTransferType(LOCAL_TRANSFER_TYPE, RDMRecordPermissionPolicy.can_review)]


def redis(database):
    return f"redis://127.0.0.1:{os.environ['RDM_REDIS_PORT']}/{database}"


def settings():
    limit = os.environ.get("RDM_LIMIT", "1000000 per hour;1000000 per minute")
    values = {
        "SQLALCHEMY_DATABASE_URI": f"sqlite:///{HOME}/db.sqlite",
        "SQLALCHEMY_ENGINE_OPTIONS": {"pool_pre_ping": True, "connect_args": {"timeout": 60}},
        "SECRET_KEY": "only-for-tests-on-this-machine",
        "APP_ALLOWED_HOSTS": None,
        "TRUSTED_HOSTS": None,
        "SITE_UI_URL": f"http://127.0.0.1:{PORT}",
        "SITE_API_URL": f"http://127.0.0.1:{PORT}/api",
        "SITE_HOSTNAME": "127.0.0.1",
        "SEARCH_HOSTS": [f"http://127.0.0.1:{os.environ['RDM_SEARCH_PORT']}"],
        "CACHE_TYPE": "flask_caching.backends.rediscache.RedisCache",
        "CACHE_REDIS_URL": redis(0),
        "ACCOUNTS_SESSION_REDIS_URL": redis(1),
        "COMMUNITIES_IDENTITIES_CACHE_REDIS_URL": redis(4),
        "ACCOUNTS_SESSION_ACTIVITY_ENABLED": False,
        "ACCOUNTS_DEFAULT_USERS_VERIFIED": True,
        "RATELIMIT_STORAGE_URI": "memory://",
        "RATELIMIT_AUTHENTICATED_USER": limit,
        "RATELIMIT_GUEST_USER": limit,
        "CELERY_TASK_ALWAYS_EAGER": True,
        "CELERY_TASK_EAGER_PROPAGATES": True,
        "CELERY_CACHE_BACKEND": "memory",
        "CELERY_RESULT_BACKEND": "cache",
        "BROKER_URL": "memory://",
        "CELERY_BROKER_URL": "memory://",
        "DATACITE_ENABLED": True,
        "DATACITE_USERNAME": "nobody",
        "DATACITE_PASSWORD": "nothing",
        "DATACITE_PREFIX": "10.5072",
        "DATACITE_DATACENTER_SYMBOL": "TEST",
        "MAIL_SUPPRESS_SEND": True,
        "STATS_REGISTER_RECEIVERS": False,
        "STATS_EVENTS": {},
        "REST_CSRF_ENABLED": False,
        "OAUTHLIB_INSECURE_TRANSPORT": True,
        "APP_DEFAULT_SECURE_HEADERS": {
            "force_https": False,
            "session_cookie_secure": False,
            "content_security_policy": {},
        },
    }
    if os.environ.get("RDM_NO_PARTS"):
        values["RDM_PERMISSION_POLICY"] = NoParts
    return values


def load_vocabularies():
    """All of the package's vocabularies, but of the languages the 184 with two letters, and no names of people."""
    import invenio_rdm_records
    from invenio_access.permissions import system_identity
    from invenio_rdm_records.fixtures.vocabularies import create_iterator
    from invenio_records_resources.proxies import current_service_registry
    from invenio_vocabularies.proxies import current_service

    folder = Path(invenio_rdm_records.__path__[0], "fixtures", "data")
    import yaml

    for name, about in yaml.safe_load((folder / "vocabularies.yaml").read_text("utf-8")).items():
        if name in ("names", "awards", "affiliations"):
            continue
        service = current_service_registry.get("funders") if name == "funders" else current_service
        if name != "funders":
            service.create_type(system_identity, name, about["pid-type"])
        count = 0
        for row in create_iterator(str(folder / about["data-file"])):
            if name == "languages" and not row["props"].get("alpha_2"):
                continue
            service.create(system_identity, row if name == "funders" else {**row, "type": name})
            count += 1
        print(name, count, flush=True)


def init(app):
    from flask_security.utils import hash_password
    from invenio_accounts.proxies import current_datastore
    from invenio_db import db
    from invenio_files_rest.models import Location
    from invenio_oauth2server.models import Token
    from invenio_search import current_search

    with app.app_context():
        db.create_all()
        list(current_search.create(ignore=[400]))
        db.session.add(Location(name="default", uri=str(HOME / "files"), default=True))
        users = []
        for name in ("tester", "other"):
            password = hash_password(f"{name}-password")
            users.append(
                current_datastore.create_user(
                    email=f"{name}@example.org", password=password, active=True, username=name, confirmed_at=datetime.now()
                )
            )
        db.session.commit()
        scopes = ["user:email", "deposit:write", "deposit:actions"]
        tokens = {}
        for name, user, granted in (
            ("tester", users[0], scopes),
            ("other", users[1], scopes),
            ("noscope", users[0], []),
            ("expired", users[0], scopes),
        ):
            token = Token.create_personal(name, user.id, scopes=granted, is_internal=False)
            if name == "expired":
                token.expires = datetime.now(timezone.utc).replace(tzinfo=None) - timedelta(days=1)
            db.session.commit()
            tokens[name] = token.access_token
        with open(os.open(HOME / "tokens.json", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump(tokens, file)
        load_vocabularies()
        make_community(users[1])


def make_community(owner):
    """A community of the other user, whose curators review what is handed in."""
    from invenio_communities.proxies import current_communities
    from invenio_rdm_records.fixtures.tasks import get_authenticated_identity

    about = {
        "slug": "reviewed",
        "metadata": {"title": "A community with reviews"},
        "access": {"visibility": "public", "record_submission_policy": "open", "review_policy": "closed"},
    }
    current_communities.service.create(get_authenticated_identity(owner.id), about)


def serve(app):
    from flask import Flask
    from werkzeug.middleware.dispatcher import DispatcherMiddleware
    from werkzeug.serving import run_simple

    # One request at a time: SQLite has one writer.
    run_simple("127.0.0.1", PORT, DispatcherMiddleware(Flask("root"), {"/api": app}), threaded=False)


if __name__ == "__main__":
    {"init": init, "serve": serve}[sys.argv[1]](create_api(**settings()))
