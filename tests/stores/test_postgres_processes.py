"""Six processes on one PostgreSQL store, which also make its tables at once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.databases import Postgres
from tests.stores.postgres_programs import LIMIT
from tests.stores.postgres_scenes import new_schema

START = [sys.executable, "-W", "error", "-m", "tests.stores.postgres_programs"]
ROOT = Path(__file__).parents[2]


def result_of(program: str, server: Postgres) -> Any:
    command = [*START, program, server.url, new_schema()]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    return json.loads(ran.stdout)


def test_exactly_one_process_takes(postgres_server: Postgres) -> None:
    taken = result_of("take", postgres_server)
    assert sorted(key for one in taken for key in one) == sorted(str(number) for number in range(60))


def test_no_process_undoes_anothers_replacement(postgres_server: Postgres) -> None:
    total, events = result_of("replace", postgres_server)
    assert total == "120"
    assert [number for number, _ in events] == list(range(1, 121))
    assert sorted(event for _, event in events) == sorted("012345" * 20)


def test_processes_together_keep_a_limit(postgres_server: Postgres) -> None:
    passed, left = result_of("limits", postgres_server)
    for name in ("burst", "spread", "window", "all"):
        assert sum(one[name] for one in passed) == LIMIT
    kept = sum(one["back"] for one in passed)
    assert 0 < kept <= LIMIT
    assert left == LIMIT - kept
