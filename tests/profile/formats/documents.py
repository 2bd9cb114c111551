"""Small JSON artifacts, written by hand."""

import json

from prodforensics.source import Source


def write(folder, document, name="a.json"):
    """Write a document, or text as it is, and return it as a source."""
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return Source(path)


def node(number, name, *, parent=None, children=None, url="file:///app/a.js", line=0, **more):
    """Return a node of V8's."""
    meta = name.startswith("(")
    frame = {
        "functionName": name,
        "scriptId": "1",
        "url": "" if meta else url,
        "lineNumber": -1 if meta else line,
        "columnNumber": -1 if meta else 4,
    }
    record = {"id": number, "callFrame": frame} | more
    if parent is not None:
        record["parent"] = parent
    if children is not None:
        record["children"] = children
    return record


def self_of(profile):
    """Return what each function did itself, without those that did nothing."""
    functions = profile.frames["functions"]
    rows = zip(functions["function"], functions["self"].tolist(), strict=True)
    return {name: value for name, value in rows if value}


def folded(profile, value=-1):
    """Return ``a;b`` -> sum of a value type."""
    data = profile.data
    names = profile.data.functions.name
    sums = {}
    for stack, number in zip(
        data.samples.stack.tolist(), data.samples.values[value].tolist(), strict=True
    ):
        text = []
        while stack >= 0:
            text.append(names[data.calls.function[data.stacks.call[stack]]])
            stack = int(data.stacks.parent[stack])
        key = ";".join(reversed(text))
        sums[key] = sums.get(key, 0) + number
    return sums


def whats(profile):
    """Return the gaps: what -> how many."""
    return {gap.what: gap.lost_records for gap in profile.all_gaps()}
