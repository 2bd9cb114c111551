"""Record the sample artifacts again: ``python sample_artifacts/generate.py [heap [SCENARIO...]]``.

Every investigation has a folder ``generate`` with a module ``record.py``, whose
``record(scenarios, folder)`` runs real programs, writes their artifacts into the folder and answers
the manifest's entries without ``size`` and ``sha256``. These are computed here, and
``manifest.json`` is written; nobody edits it by hand.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
from pathlib import Path
from types import ModuleType

SAMPLES = Path(__file__).parent
MANIFEST = SAMPLES / "manifest.json"


def recorder(path: Path) -> ModuleType:
    """Import the ``record.py`` of an investigation."""
    spec = importlib.util.spec_from_file_location(f"record_{path.parts[-3]}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measured(entry: dict) -> dict:
    """Add the size and the checksum of the file as it stands."""
    data = (SAMPLES / entry["path"]).read_bytes()
    return entry | {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("investigation", nargs="?", help="all, unless one is named")
    parser.add_argument("scenario", nargs="*", help="all, unless some are named")
    options = parser.parse_args()

    recorders = {path.parts[-3]: path for path in SAMPLES.glob("*/generate/record.py")}
    for name in [options.investigation] if options.investigation else sorted(recorders):
        update_manifest(recorder(recorders[name]).record(options.scenario, SAMPLES / name))


def update_manifest(new: list[dict]) -> None:
    """Put the new entries in place of the entries of the same scenarios."""
    known = json.loads(MANIFEST.read_text()) if MANIFEST.exists() else []
    replaced = {(entry["investigation"], entry["scenario"]) for entry in new}
    kept = [e for e in known if (e["investigation"], e["scenario"]) not in replaced]
    entries = sorted([*kept, *map(measured, new)], key=lambda entry: entry["path"])
    for path in {e["path"] for e in known} - {e["path"] for e in entries}:
        (SAMPLES / path).unlink(missing_ok=True)
    MANIFEST.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n")
    print(f"{len(new)} artifacts recorded, {sum(e['size'] for e in entries):,} bytes in all")


if __name__ == "__main__":
    main()
