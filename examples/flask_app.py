"""A Flask application, wrapped in place. It stays a WSGI application: no event loop stands between.

flask --app examples.flask_app run
"""

from flask import Flask, Response, jsonify, request

from toolkit import CORS, stack

app = Flask(__name__)
notes: dict[str, str] = {}


@app.get("/notes/<name>")
def read(name: str) -> Response:
    return jsonify(text=notes[name])  # a name that is not there is a 500


@app.put("/notes/<name>")
def write(name: str) -> Response:
    notes[name] = request.get_json()["text"]
    return jsonify(text=notes[name])


protect = stack(
    CORS(allow_origins=["http://localhost:*"], allow_methods=["GET", "PUT"], max_age="1h"),
    routes={"/static/**": {"cors": False}},
)
app.wsgi_app = protect.wsgi(app.wsgi_app)  # type: ignore[assignment]
