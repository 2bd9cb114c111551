"""What a person may ask of a debugger: expressions that read, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prodforensics.core.debuggers.expressions import checked
from prodforensics.errors import BadOption

READ = [
    "total",
    "order->lines[0].price * 2",
    "*head",
    "&order",
    "(char *) name",
    "(unsigned long) p + 1",
    "sizeof(struct line)",
    "a ? b : c",
    "shop::limit",
    "$rip",
    "$sp + 8",
    "count == 3 && !done",
    "'x'",
    '"text"',
    "(*cart).total",
    "a > (b + 1)",
    "static_cast<long>(price) > 3",
]
REFUSED = {
    "system(command)": "it calls 'system'",
    "order->free(1)": "it calls 'free'",
    "(*callback)(1)": "it calls the value before a parenthesis",
    "table[0](1)": "it calls the value before a parenthesis",
    "max<int>(a, b)": "it calls what stands before a parenthesis",
    "x = 1": "it assigns",
    "x += 1": "it assigns",
    "x++": "it changes what it counts",
    "--x": "it changes what it counts",
    "a; b": "it is more than one expression",
    "{int} 0": "it has braces",
    "array[0]@10": "ranges with @",
    "$_exitcode": "is no register",
    '$_shell("touch /tmp/x")': "is no register",
    "$_gdb_setting": "is no register",
    "new Order": "it would make an object",
    "delete order": "it would delete an object",
    "dynamic_cast<Order *>(p)": "may run code",
    "a\nb": "characters that cannot be seen",
    "x" * 1001: "longer than",
    "`ls`": "no operator that reads",
    "shell ls": "is followed by a name",
    "python print(1)": "is followed by a name",
}


@pytest.mark.parametrize("expression", READ)
def test_what_reads_is_taken_as_it_is(expression):
    assert checked(f"  {expression} ") == expression


@pytest.mark.parametrize("expression", REFUSED)
def test_what_does_more_is_refused_with_the_reason(expression):
    with pytest.raises(BadOption) as caught:
        checked(expression)
    assert REFUSED[expression] in str(caught.value)


@pytest.mark.parametrize("expression", ["", "   ", None, 3])
def test_nothing_is_no_expression(expression):
    with pytest.raises(BadOption):
        checked(expression)


@given(
    name=st.from_regex(r"[A-Za-z_]\w{0,20}", fullmatch=True), tail=st.text("ab01 +,)(", max_size=9)
)
def test_no_name_is_ever_called(name, tail):
    from prodforensics.core.debuggers import expressions

    allowed = expressions._TYPE_WORDS | expressions._READING_WORDS
    if name in allowed:
        return
    with pytest.raises(BadOption):
        checked(f"{name}({tail})")
