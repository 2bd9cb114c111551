"""Record the profile samples: one small service in each language, under load, with one fault.

A module ``<language>_service.py`` has ``recordings(app, folder)``: scenario name -> a function that
runs the service in the neutral folder ``app``, writes artifacts below ``folder`` and returns their
entries for the manifest.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from recording import APP, neutral_folder  # noqa: E402


def record(scenarios: list[str], folder: Path) -> list[dict]:
    """Record the named scenarios, or all, and return their entries for the manifest."""
    recordings = {}
    for module in sorted(HERE.glob("*_service.py")):
        recordings |= importlib.import_module(module.stem).recordings(APP, folder)
    entries = []
    for name in scenarios or recordings:
        print(f"recording {name}")
        with neutral_folder():
            entries += recordings[name]()
    return [{"investigation": "profile"} | entry for entry in entries]
