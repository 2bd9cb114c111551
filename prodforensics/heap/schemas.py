"""The documented columns of a heap snapshot's frames, and of the answers to its questions."""

from __future__ import annotations

from prodforensics.schema import Column, Schema

__all__ = ["ANSWERS", "FRAMES"]

_NODE = Column("node", "int64", "ordinal", "Place of the object in the file.")
_ID = Column("id", "int64", "", "V8's id (@...); an object keeps it for life.")
_TYPE = Column("type", "category", "", "V8's type of node: object, closure, string ...")
_NAME = Column("name", "category", "", "Constructor, function name or text, as V8 wrote it.")
_CLASS = Column("class_name", "category", "", "Row of the Summary view that it belongs to.")
_SELF = Column("self_size_bytes", "int64", "bytes", "Memory of the object alone.")
_RETAINED = Column(
    "retained_size_bytes", "int64", "bytes", "Memory that would be free without the object."
)
_DISTANCE = Column(
    "distance", "int32", "count",
    "Edges from the nearest global object; 100,000,000 more for what only V8 or the embedder "
    "holds; -5 for what nothing reaches.",
)  # fmt: skip
_EDGE = Column("edge", "int64", "ordinal", "Place of the edge in the file.")
_EDGE_TYPE = Column(
    "edge_type", "category", "", "property, element, context (a variable), internal, weak ..."
)
_EDGE_NAME = Column("edge_name", "category", "", "Property, variable or index.")

NODES = Schema(
    "nodes",
    (
        _ID, _TYPE, _NAME, _CLASS, _SELF, _RETAINED, _DISTANCE,
        Column("dominator", "uint32", "ordinal", "The object without which this one were free."),
        Column(
            "detachedness", "category", "",
            "Whether a DOM node is attached to the page: unknown, attached, detached.",
        ),
        Column("edge_count", "int32", "count", "Edges that leave it."),
        Column(
            "trace_node_id", "uint32", "",
            "Row of `traces` with the stack that allocated it; 0 for none.", optional=True,
        ),
    ),
    _NODE,
    "Every object of the heap, in file order.",
)  # fmt: skip
EDGES = Schema(
    "edges",
    (
        Column("from_node", "uint32", "ordinal", "The object that holds the reference."),
        Column("to_node", "uint32", "ordinal", "The object referred to."),
        Column("type", "category", "", _EDGE_TYPE.meaning),
        Column("name", "category", "", "Property, variable or index; indices in decimal."),
    ),
    _EDGE,
    "Every reference between objects, in file order.",
)
CONSTRUCTORS = Schema(
    "constructors",
    (
        Column("class_name", "str", "", "As the Summary view shows it."),
        Column("count", "int64", "count", "Objects of a size above 0."),
        Column("distance", "int32", "count", "Least distance of its objects."),
        Column("shallow_size_bytes", "int64", "bytes", "Memory of its objects alone."),
        Column(
            "retained_size_bytes", "int64", "bytes",
            "Memory its objects retain; what one holds of another counts once.",
        ),
    ),
    Column("class_key", "str", "", "Class with the place of its constructor."),
    "The classes, as in DevTools' Summary view; largest retained size first.",
)  # fmt: skip
STATISTICS = Schema(
    "statistics",
    (
        Column("part_of", "str", "", "The category that includes it; empty for the total."),
        Column("size_bytes", "int64", "bytes", "Memory of the category."),
    ),
    Column("category", "str", "", "Kind of memory."),
    "Memory by kind, as in DevTools' Statistics view.",
)
DUPLICATE_STRINGS = Schema(
    "duplicate_strings",
    (
        Column("value", "str", "", "The text; V8 keeps the first 1,024 characters."),
        Column("count", "int64", "count", "Strings with this text."),
        Column("wasted_bytes", "int64", "bytes", "Memory of all of them but the largest."),
        Column("self_size_bytes", "int64", "bytes", "Memory of all of them."),
        Column("retained_size_bytes", "int64", "bytes", "What they retain, summed."),
        Column("node", "int64", "ordinal", "The first of them."),
    ),
    meaning="Texts that stand in memory more than once (DevTools' filter), most wasteful first.",
)
DETACHED = Schema(
    "detached",
    (_ID, _NAME, _CLASS, _SELF, _RETAINED, _DISTANCE),
    _NODE,
    "DOM nodes that have left the page and are still held, largest retained size first.",
)
LOCATIONS = Schema(
    "locations",
    (
        Column("node", "int64", "ordinal", "A function, or an object (its constructor)."),
        Column("script_id", "int64", "", "V8's number of the script."),
        Column("line", "int64", "ordinal", "Counted from 0."),
        Column("column", "int64", "ordinal", "Counted from 0."),
        Column("script", "category", "", "Path or URL, where a function of it is in the heap."),
    ),
    meaning="Where the code of functions and constructors stands.",
)
TRACES = Schema(
    "traces",
    (
        Column("parent", "int64", "", "Trace of the caller; 0 for the root's."),
        Column("function_name", "category", "", "Function that allocated, or called."),
        Column("script", "category", "", "Path or URL of its script."),
        Column("line", "int64", "ordinal", "Counted from 1; 0 where unknown."),
        Column("column", "int64", "ordinal", "Counted from 1; 0 where unknown."),
        Column("count", "int64", "count", "Objects allocated there during the recording."),
        Column("size_bytes", "int64", "bytes", "Bytes allocated there during the recording."),
        Column("live_count", "int64", "count", "Objects of those that are still in the heap."),
        Column("live_size_bytes", "int64", "bytes", "Their bytes."),
    ),
    Column("trace_node_id", "int64", "", "Id of the trace."),
    "Where objects were allocated: a tree of calls.",
)
SAMPLES = Schema(
    "samples",
    (
        Column("timestamp_ns", "int64", "ns", "Since the recording began."),
        Column("last_assigned_id", "int64", "", "Highest object id at that time."),
        Column("live_count", "int64", "count", "Objects made since the sample before, alive."),
        Column("live_size_bytes", "int64", "bytes", "Their bytes."),
    ),
    meaning="The clock of an allocation recording.",
)

FRAMES: dict[str, Schema] = {
    schema.name: schema
    for schema in (
        NODES, EDGES, CONSTRUCTORS, STATISTICS, DUPLICATE_STRINGS, DETACHED, LOCATIONS, TRACES,
        SAMPLES,
    )
}  # fmt: skip

# -- answers of the methods -------------------------------------------------------------------

OBJECTS = Schema(
    "objects",
    (_ID, _TYPE, _NAME, _CLASS, _SELF, _RETAINED, _DISTANCE),
    _NODE,
    "Objects, as `instances`, `find` and `dominated_by` give them.",
)
RETAINERS = Schema(
    "retainers",
    (
        Column("node", "int64", "ordinal", "The object that holds the reference."),
        _ID, _EDGE_TYPE, _EDGE_NAME, _NAME, _CLASS, _DISTANCE, _SELF, _RETAINED,
    ),
    _EDGE,
    "What refers to an object, nearest to the root first.",
)  # fmt: skip
PATH = Schema(
    "path",
    (
        Column("node", "int64", "ordinal", "The object that the step leads to."),
        _ID, _EDGE_TYPE, _EDGE_NAME, _NAME, _CLASS, _DISTANCE, _RETAINED,
        Column("times", "int64", "count", "Links of a chain that the row stands for."),
        Column("edge", "int64", "ordinal", "For `ignore`; -1 for the root."),
    ),
    Column("step", "int64", "ordinal", "0 for the root."),
    "The shortest path from the root to an object.",
)  # fmt: skip
PROPERTIES = Schema(
    "properties",
    (
        _EDGE_TYPE, _EDGE_NAME,
        Column("value", "str", "", "Text of strings, true, null ...; numbers where recorded."),
        Column("node", "int64", "ordinal", "The object referred to."),
        _ID, _TYPE, _NAME, _CLASS, _SELF, _RETAINED, _DISTANCE,
    ),
    _EDGE,
    "What an object refers to.",
)  # fmt: skip
DOMINATOR_TREE = Schema(
    "dominator_tree",
    (
        Column("depth", "int64", "count", "Levels below the top."),
        Column("dominator", "int64", "ordinal", "The node above."),
        *OBJECTS.columns,
        Column("share", "float64", "ratio", "Retained size over that of the top."),
        Column("children", "int64", "count", "Nodes immediately below, shown or not."),
    ),
    _NODE,
    "What keeps what alive: every node above its largest children.",
)
MERGED_PATHS = Schema(
    "merged_paths",
    (
        Column("depth", "int64", "count", "Steps below the root."),
        Column("parent", "int64", "ordinal", "Row above; -1 for the root."),
        Column("step", "str", "", "The edge and the class that it leads to, in words."),
        _EDGE_TYPE, _EDGE_NAME, _CLASS,
        Column("objects", "int64", "count", "Different objects merged in the row."),
        Column("count", "int64", "count", "Paths that pass through the row."),
        Column("ends", "int64", "count", "Paths that end in the row."),
        Column("shallow_size_bytes", "int64", "bytes", "Memory of the objects they lead to."),
        _RETAINED,
        Column("node", "int64", "ordinal", "An example."),
    ),
    Column("row", "int64", "ordinal", "Rows of a subtree follow its top."),
    "The shortest paths to many objects, merged where they take equal steps.",
)  # fmt: skip
STACK = Schema(
    "allocation_stack",
    (
        Column("function_name", "str", "", "Function, the one that allocated first."),
        Column("script", "str", "", "Path or URL."),
        Column("line", "int64", "ordinal", "Counted from 1; 0 where unknown."),
        Column("column", "int64", "ordinal", "Counted from 1; 0 where unknown."),
        Column("trace_node_id", "int64", "", "Row of `traces`."),
    ),
    meaning="The stack that allocated an object.",
)

ANSWERS: dict[str, Schema] = {
    schema.name: schema
    for schema in (OBJECTS, RETAINERS, PATH, PROPERTIES, DOMINATOR_TREE, MERGED_PATHS, STACK)
}
