"""Compiled kernels are kept between processes, and thrown away when any kernel changes."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import prodforensics

CALLEE = "from kernels._jit import kernel\n@kernel\ndef inner(x):\n    return x + {}\n"
CALLER = (
    "from kernels._jit import kernel\nfrom kernels.callee import inner\n"
    "@kernel\ndef outer(x):\n    return inner(x)\n"
)
RUN = "from kernels.caller import outer; print(outer(1), sum(outer.stats.cache_hits.values()))"


def run(folder: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", RUN], cwd=folder, capture_output=True, text=True, check=True
    )
    return done.stdout.split()


def test_a_kernel_is_compiled_again_when_another_file_changes(tmp_path):
    package = tmp_path / "kernels"
    package.mkdir()
    shutil.copy(Path(prodforensics.__file__).parent / "kernels" / "_jit.py", package)
    (package / "__init__.py").touch()
    (package / "caller.py").write_text(CALLER)
    (package / "callee.py").write_text(CALLEE.format(1))

    assert run(tmp_path) == ["2", "0"]
    assert run(tmp_path) == ["2", "1"]
    (package / "callee.py").write_text(CALLEE.format(10))
    assert run(tmp_path) == ["11", "0"]
