"""How functions of the JVM are named: classes with dots, hidden classes without their numbers."""

from __future__ import annotations

import re

__all__ = ["java_class", "java_function", "package_of"]

# `App$$Lambda$14/0x0000000800c01a00`, `LambdaForm$MH+0x00007f.../12345`: differs from run to run.
_HIDDEN = re.compile(
    r"(\$\$Lambda|LambdaForm\$[A-Z]+)(?:\$\d+)?(?:[./+]0x[0-9a-fA-F]+)?(?:[./]\d+)?"
)
_JAVA = re.compile(r"(?:[\w$\-]+/)*[\w$.+/\-]+\.(?:[\w$\-]+|<init>|<clinit>)")
_ELEMENTS = {
    "B": "byte", "C": "char", "D": "double", "F": "float",
    "I": "int", "J": "long", "S": "short", "Z": "boolean",
}  # fmt: skip


def java_class(name: str) -> str:
    """Return the name of a class as its source writes it.

    Parameters
    ----------
    name : str
        As the JVM has it.

    Examples
    --------
    >>> java_class("java/util/HashMap$Node"), java_class("[[I"), java_class("[Ljava/lang/String;")
    ('java.util.HashMap$Node', 'int[][]', 'java.lang.String[]')
    >>> java_class("App$$Lambda$14+0x0000000800c01a00/1826699684")
    'App$$Lambda'
    """
    element = name.lstrip("[")
    depth = len(name) - len(element)
    if depth:
        if len(element) == 1:
            element = _ELEMENTS.get(element, element)
        elif element.startswith("L") and element.endswith(";"):
            element = element[1:-1]
    if "Lambda" in element:
        element = _HIDDEN.sub(r"\1", element)
    return element.replace("/", ".") + "[]" * depth


def package_of(class_name: str) -> str:
    """Return the package of a class that `java_class` named.

    Examples
    --------
    >>> package_of("java.util.HashMap$Node"), package_of("OrderService")
    ('java.util', '')
    """
    return class_name.rpartition(".")[0]


def java_function(name: str) -> tuple[str, str] | None:
    """Return name and package of a method as flame graphs write it; None for what is native.

    Parameters
    ----------
    name : str
        Such as ``java/util/HashMap.getNode``.

    Examples
    --------
    >>> java_function("java/util/HashMap.getNode")
    ('java.util.HashMap.getNode', 'java.util')
    >>> java_function("G1ParTask::work(unsigned int)") is None
    True
    """
    if not _JAVA.fullmatch(name):
        return None
    owner, _, method = name.rpartition(".")
    owner = java_class(owner)
    return f"{owner}.{method}", package_of(owner)
