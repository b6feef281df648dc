"""A FastAPI application, wrapped in place.

uvicorn examples.fastapi_app:app
"""

from fastapi import FastAPI
from pydantic import BaseModel

from toolkit import CORS, stack

app = FastAPI(title="Notes")
notes: dict[str, str] = {}


class Note(BaseModel):
    text: str


@app.get("/notes/{name}")
async def read(name: str) -> Note:
    return Note(text=notes[name])  # a name that is not there is a 500


@app.put("/notes/{name}")
async def write(name: str, note: Note) -> Note:
    notes[name] = note.text
    return note


protect = stack(
    CORS(allow_origins=["http://localhost:*"], allow_methods=["GET", "PUT"], max_age="1h"),
    routes={"/docs": {"cors": False}, "/openapi.json": {"cors": False}},
)
protect.install(app)
