"""A Django project in one file, wrapped in place. In a project of many files the last lines belong into its wsgi.py.

python -m examples.django_app runserver
"""

# mypy: disable-error-code="import-untyped, untyped-decorator"
import json
import sys

from django.conf import settings
from django.core.management import execute_from_command_line
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.views.decorators.http import require_http_methods

from toolkit import CORS, stack

MODULE = "examples.django_app"

if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1", "localhost", "testserver"],
        ROOT_URLCONF=MODULE,
        WSGI_APPLICATION=f"{MODULE}.application",
        SECRET_KEY="of an example that signs nothing",
    )

notes: dict[str, str] = {}


@require_http_methods(["GET", "PUT"])
def note(request: HttpRequest, name: str) -> JsonResponse:
    if request.method == "PUT":
        notes[name] = json.loads(request.body)["text"]
    return JsonResponse({"text": notes[name]})  # a name that is not there is a 500


urlpatterns = [path("notes/<name>", note)]

protect = stack(
    CORS(allow_origins=["http://localhost:*"], allow_methods=["GET", "PUT"], max_age="1h"),
    routes={"/static/**": {"cors": False}},
)
application = protect.wsgi(get_wsgi_application())

if __name__ == "__main__":
    execute_from_command_line(sys.argv)
