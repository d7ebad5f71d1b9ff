"""Django's own development server with django-oauth-toolkit, as strict as it can be set: RFC 9700, rotation, reuse ends a family.

What is ours: two people, a login page, and notes of what the token endpoint said (`/told`), which the test reads.
"""

import os
import sys

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.conf import settings
from django.core.management import call_command, execute_from_command_line
from django.http import JsonResponse, QueryDict
from django.urls import include, path

PORT, FOLDER = os.environ["PORT"], os.environ["FOLDER"]
ORIGIN = f"http://127.0.0.1:{PORT}"
# How long the first access token lives, so that there is something to renew, and every later one.
SECONDS = [4, 3600]
LOGIN = "<!doctype html><form method=post>{% csrf_token %}{{ form }}<button>Sign in</button></form>"
TOLD = []


def noting(get_response):
    """Writes down every answer of the token endpoint, and what was spent for it."""

    def middleware(request):
        answer = get_response(request)
        if request.path == "/o/token/":
            asked = QueryDict(request.body)
            TOLD.append({"asked": asked.dict(), "status": answer.status_code, "answer": answer.content.decode()})
        return answer

    return middleware


def configure():
    names = ["contenttypes", "auth", "sessions"]
    key = generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    gates = "IMPLICIT_GRANT PASSWORD_GRANT PKCE_METHOD ACCESS_TOKEN_TRANSPORT AUTHZ_RESPONSE_ISS TOKEN_STORAGE"
    gates += " REFRESH_TOKEN REDIRECT_URI_MATCHING PKCE_REQUIRED"
    settings.configure(
        SECRET_KEY="for this run only",
        DEBUG=False,
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF="__main__",
        USE_TZ=True,
        STATIC_URL="/static/",
        LOGIN_URL="/login/",
        INSTALLED_APPS=[*(f"django.contrib.{name}" for name in names), "oauth2_provider"],
        # Tables from the models: the history of thirty migrations takes seconds.
        MIGRATION_MODULES=dict.fromkeys([*names, "oauth2_provider"]),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{FOLDER}/toolkit.db"}},
        MIDDLEWARE=[
            "__main__.noting",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        ("django.template.loaders.locmem.Loader", {"registration/login.html": LOGIN}),
                        "django.template.loaders.app_directories.Loader",
                    ],
                },
            }
        ],
        OAUTH2_PROVIDER={
            "OIDC_ENABLED": True,
            "OIDC_RSA_PRIVATE_KEY": key.decode(),
            "OIDC_ISS_ENDPOINT": f"{ORIGIN}/o",
            "OAUTH2_VALIDATOR_CLASS": "__main__.validator",
            "SCOPES": {"openid": "Know who you are", "read": "See your things"},
            "PKCE_REQUIRED": True,
            "ROTATE_REFRESH_TOKEN": True,
            "REFRESH_TOKEN_REUSE_PROTECTION": True,
            "EXTRA_SERVER_KWARGS": {"token_expires_in": lambda _: SECONDS[1 if TOLD else 0]},
            **{f"COMPLIANT_BCP_RFC9700_{gate}": True for gate in gates.split()},
        },
    )


def prepare():
    """Tables, two people who like the same password, one client."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    from django.contrib.auth.models import User
    from oauth2_provider.models import Application

    for name in ["ada", "bob"]:
        User.objects.create_user(name, f"{name}@example.com", "anything")
    Application.objects.create(
        name="Keyferry of the tests",
        client_id=os.environ["CLIENT_ID"],
        client_secret=os.environ["CLIENT_SECRET"],
        client_type=Application.CLIENT_CONFIDENTIAL,
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris=os.environ["REDIRECT_URI"],
        algorithm=Application.RS256_ALGORITHM,
    )


configure()
import django  # noqa: E402 the settings come first

django.setup()
from django.contrib.auth.views import LoginView  # noqa: E402
from oauth2_provider.oauth2_validators import OAuth2Validator  # noqa: E402


class validator(OAuth2Validator):
    """Tells the name and the address beside the number."""

    oidc_claim_scope = None

    def get_additional_claims(self, request):
        return {"name": request.user.username, "email": request.user.email}


urlpatterns = [
    path("login/", LoginView.as_view()),
    path("told", lambda _: JsonResponse(TOLD, safe=False)),
    path("o/", include("oauth2_provider.urls")),
]

if __name__ == "__main__":
    prepare()
    execute_from_command_line([sys.argv[0], "runserver", "--noreload", f"127.0.0.1:{PORT}"])
