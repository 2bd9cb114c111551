"""The text of a frame tells function, file, line and kind, as each profiler writes it."""

import pytest

from prodforensics.profile.building import CallTable
from prodforensics.profile.data import KINDS
from prodforensics.profile.frame_texts import Owner, add_call, owner_of


@pytest.mark.parametrize(
    ("text", "name", "file", "module", "line", "kind"),
    [
        ("main", "main", "", "", 0, ""),
        # FlameGraph, inferno, async-profiler
        ("schedule_[k]", "schedule", "", "", 0, "kernel"),
        ("java/util/HashMap.get_[j]", "java/util/HashMap.get", "", "", 0, "jit"),
        ("java/util/HashMap.get_[0]", "java/util/HashMap.get", "", "", 0, "interpreted"),
        ("java/util/HashMap.get_[1]", "java/util/HashMap.get", "", "", 0, "jit"),
        ("try_to_wake_up_[w]", "try_to_wake_up", "", "", 0, ""),
        ("_[k]", "_[k]", "", "", 0, ""),
        ("[unknown]", "", "", "", 0, ""),
        ("[libc.so.6]", "", "", "libc.so.6", 0, "native"),
        ("[kernel.kallsyms]", "", "", "kernel.kallsyms", 0, "kernel"),
        ("[unknown_Java]", "[unknown_Java]", "", "", 0, ""),
        ("[GC_active]", "[GC_active]", "", "", 0, ""),
        # py-spy
        ("parse (app.py:7)", "parse", "app.py", "", 7, ""),
        ("<module> (my app.py:12)", "<module>", "my app.py", "", 12, ""),
        ("load (<frozen os>:241)", "load", "<frozen os>", "", 241, ""),
        ("load (<frozen os>)", "load", "<frozen os>", "", 0, ""),
        ("parse (json/decoder.py)", "parse", "json/decoder.py", "", 0, ""),
        ("malloc (libc.so.6)", "malloc", "", "libc.so.6", 0, "native"),
        ("boost::f(int) (src/f.cpp:3)", "boost::f(int)", "src/f.cpp", "", 3, ""),
        # rbspy
        ("each - /srv/app/a b.rb:7", "each", "/srv/app/a b.rb", "", 7, ""),
        ("block in <main> - app.rb", "block in <main>", "app.rb", "", 0, ""),
        ("sleep [c function] - (unknown)", "sleep [c function]", "", "", 0, "builtin"),
        # Pyroscope, of what py-spy and rbspy saw
        ("lib/util.py:38 - find", "find", "lib/util.py", "", 38, ""),
        # C++, whose names hold all of these characters
        ("operator- (int)", "operator- (int)", "", "", 0, ""),
        ("f(std::function<void (int)>)", "f(std::function<void (int)>)", "", "", 0, ""),
        ("a - b", "a - b", "", "", 0, ""),
    ],
)  # fmt: skip
def test_a_frame_tells_function_file_line_and_kind(text, name, file, module, line, kind):
    table = CallTable()
    assert add_call(table, text) == 0
    functions, calls = table.functions(), table.calls()
    assert (functions.name[0], functions.file[0], functions.module[0]) == (name, file, module)
    assert (int(calls.line[0]), KINDS[calls.kind[0]]) == (line, kind)


def test_what_was_inlined_is_marked():
    table = CallTable()
    add_call(table, "get_[i]")
    add_call(table, "get_[j]")
    assert table.calls().inlined.tolist() == [True, False]
    assert table.functions().name.tolist() == ["get"]


@pytest.mark.parametrize("text", ["0x7fab (libc.so.6)", "0x7fab"])
def test_an_address_is_no_name(text):
    table = CallTable()
    add_call(table, text)
    assert table.functions().name.tolist() == [""]
    assert table.calls().address.tolist() == [0x7FAB]


@pytest.mark.parametrize(
    ("text", "owner"),
    [
        ("[worker 3 tid=712]", Owner(thread_id=712, thread_name="worker 3")),
        ("[tid=712]", Owner(thread_id=712)),
        ("thread (712): Main Thread", Owner(thread_id=712, thread_name="Main Thread")),
        ("thread (0x7F00000000FF)", Owner(thread_id=0x7F00000000FF)),
        ('process 7:"python app.py"', Owner(process_id=7, process_name="python app.py")),
        ("C2 CompilerThre-7/9", Owner(7, 9, thread_name="C2 CompilerThre")),
        ("main", None),
        ("thread (a): b", None),
        ("java-7", None),
    ],
)
def test_a_frame_before_the_outermost_call_may_name_a_thread(text, owner):
    assert owner_of(text) == owner


def test_a_thread_below_its_process_is_of_it():
    process, thread = owner_of('process 7:"app"'), owner_of("thread (9): x")
    assert thread.below(process) == Owner(7, 9, "app", "x")


def test_a_text_as_no_profiler_writes_it_is_looked_at_in_no_time():
    for text in (" (" * 10**6, " - " * 10**6, "[" * 10**6, "a" * 10**6 + "_[k]"):
        table = CallTable()
        add_call(table, text)
        assert table.functions().name.tolist() == [text]
