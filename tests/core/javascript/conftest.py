"""One core a version of Node.js, with objects of every kind."""

import json
from types import SimpleNamespace

import pytest

from tests.core.javascript.crashes import VERSIONS, crash, load


@pytest.fixture(scope="session", params=VERSIONS)
def held(request):
    """The objects of ``programs/objects.js``: `javascript`, `shelf`, and what Node said of them."""
    printed = crash(request.param, "objects.js")[2]
    told = next(line for line in printed.split("\n") if line.startswith("REPORT "))
    core = load(request.param, "objects.js")
    found = core.javascript.instances("Shelf")
    assert len(found) == 1
    return SimpleNamespace(
        version=request.param,
        core=core,
        javascript=core.javascript,
        shelf=core.javascript.inspect(int(found["address"][0])),
        report=json.loads(told.removeprefix("REPORT ")),
    )
