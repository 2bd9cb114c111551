"""Imports run one way through the house; see the table, from the ground floor up."""

import ast
import sys
from pathlib import Path

import pytest

import prodforensics

PACKAGE = Path(prodforensics.__file__).parent
FLOORS = (
    {"_reference", "_text", "packing", "resources", "secret_forms", "kernels"},
    {"errors"},
    {
        "categories",
        "display",
        "progress",
        "samples",
        "schema",
        "source_files",
        "statistics",
        "tools",
        "writing",
    },
    {"findings", "gaps"},
    {"source"},
    {"evidence", "formats", "lines"},
    {"core", "heap", "network", "profile"},  # the rooms
    {"loading", "notebooks", "report", "saved"},
    {"cli", "ipython"},
    {"__main__"},
)
FLOOR = {name: height for height, names in enumerate(FLOORS) for name in names}
ROOMS = FLOORS[FLOOR["heap"]]
# What a person sees of a room stands on top of it: nothing else of the room imports it.
VIEWS = ("views", "pages", "pictures")
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def imports(path):
    """Give the dotted names that a module imports, anywhere but for type checkers."""
    tree = ast.parse(path.read_text())
    unseen = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in unseen:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: a relative import"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def own(names):
    """Give the parts below the package of those names that are modules of ours."""
    for name in names:
        head, *parts = name.split(".")
        if head == "prodforensics" and parts and parts[0] in FLOOR:
            yield parts


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_from_its_floor_and_below(path):
    here = path.relative_to(PACKAGE).with_suffix("").parts
    names = list(imports(path))
    for there in own(names):
        said = f"{'.'.join(here)} imports {'.'.join(there)}"
        assert FLOOR[there[0]] <= FLOOR[here[0]], said
        assert not {here[0], there[0]} <= ROOMS or here[0] == there[0], f"{said}: another room"
        if here[0] == there[0] and here[0] in ROOMS and not here[-1].endswith(VIEWS):
            assert not any(part.endswith(VIEWS) for part in there), f"{said}: a view"
    if here[0] == "kernels":
        # llvmlite is numba's own compiler, for what it has no function of.
        foreign = {name.split(".")[0] for name in names} - {"numpy", "numba", "llvmlite"}
        assert foreign - sys.stdlib_module_names <= {"prodforensics"}
        assert all(there[0] == "kernels" for there in own(names))


def test_every_part_of_the_house_stands_on_a_floor():
    parts = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert parts == set(FLOOR)
