"""The files of one process, laid out for a debugger: none of another build is among them."""

from __future__ import annotations

import tempfile
import weakref
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from prodforensics.core.debuggers.interface import FramePointerCode, Target
from prodforensics.core.debuggers.link_map import loader_names
from prodforensics.errors import SourceError

if TYPE_CHECKING:
    from prodforensics.core.image import Image
    from prodforensics.core.options import Options

__all__ = ["Workspace"]

# A debugger finds a wrong file as easily as the right one, and prints plausible nonsense of it.
_TRUSTED = ("matched", "unverified")


class Workspace:
    """A folder with links to the core, the program and its libraries.

    Debuggers are told of this folder alone: under the paths of the process stand only files that
    are of the build that ran (or that bear no build-id to tell).

    Parameters
    ----------
    image : Image
    options : Options
    code : FramePointerCode, optional

    Attributes
    ----------
    target : Target
    """

    def __init__(
        self, image: Image, options: Options, code: FramePointerCode | None = None
    ) -> None:
        try:
            folder = tempfile.TemporaryDirectory(prefix="prodforensics-debugger-")
            self._end = weakref.finalize(self, folder.cleanup)
            self.target = _filled(Path(folder.name), image, options, code or FramePointerCode())
        except OSError as error:
            raise SourceError(
                f"files cannot be laid out in {tempfile.gettempdir()}: {error.strerror}",
                hint="name a folder that you may write to in the environment variable TMPDIR",
            ) from error

    def close(self) -> None:
        """Remove the folder."""
        self._end()


def _filled(folder: Path, image: Image, options: Options, code: FramePointerCode) -> Target:
    root = folder / "root"
    root.mkdir()
    core = folder / "core"
    core.symlink_to(image.path)
    program = None
    files: dict[str, Path] = {}
    names: dict[str, list[str]] = {}
    for name, module in loader_names(image):
        names.setdefault(module.path, []).append(name)
    for module in image.modules:
        found = module.found
        if found is None or module.matched not in _TRUSTED:
            continue
        found = found.absolute()
        files[module.path] = found
        for name in {module.path, *names.get(module.path, ())}:
            _link(root, name, found)
        if module.is_executable and program is None:
            program = folder / "program"
            program.symlink_to(found)
    debug_dirs = [_debug_folder(folder / "debug", image), *options.debug_dirs]
    if options.sysroot:
        debug_dirs.append(options.sysroot / "usr/lib/debug")
    return Target(
        core, program, root, files, tuple(debug_dirs), len(image.threads), code,
        image.machine.is_foreign,
    )  # fmt: skip


def _debug_folder(folder: Path, image: Image) -> Path:
    """Lay out the separate debug information that was found as all debuggers look for it."""
    for module in image.modules:
        if module.build_id and module.debug_file and module.matched in _TRUSTED:
            name = f"{module.build_id[2:]}.debug"
            place = folder / ".build-id" / module.build_id[:2] / name
            place.parent.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):
                place.symlink_to(module.debug_file.absolute())
    folder.mkdir(exist_ok=True)
    return folder


def _link(root: Path, path: str, found: Path) -> None:
    """Put a link below the root; a path that would lead out of it gets none."""
    parts = PurePosixPath(path).parts
    if not path.startswith("/") or ".." in parts:
        return
    place = root.joinpath(*parts[1:])
    # Long names and a file where a folder should be: such a library is then not found.
    with suppress(OSError, ValueError):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(found)
