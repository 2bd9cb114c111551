"""An object is opened: its parts equal what Node.js itself says of it."""

import json
import time

import pytest

from prodforensics.errors import BadOption, UnknownName
from tests.core.javascript.crashes import load


def _json(value):
    """Numbers as JSON has them: whole doubles are integers."""
    return json.loads(json.dumps(value), parse_float=float)


def test_what_json_can_carry_equals_the_json_of_node(held):
    told = held.shelf["told"]
    for name, text in held.report["json"].items():
        assert _json(told[name].plain(10)) == json.loads(text), name


def test_the_keys_come_in_the_order_of_javascript(held):
    told = held.shelf["told"]
    for name in ("order", "wide", "table", "nested"):
        assert list(told[name].plain()) == list(json.loads(held.report["json"][name])), name


def test_collections_give_their_entries_without_what_was_deleted(held):
    shelf = held.shelf
    assert shelf["removed"].plain() == [[1, "a"], [3, "c"]]
    assert shelf["set"].plain() == [1, "two", 3.5]
    assert shelf["emptyMap"].plain() == []
    assert len(shelf["sessions"].plain()) == 300
    assert shelf["sessions"]["s5"]["data"]["user"].value == "user 5"
    assert shelf["sessions"].text == "Map(300)"
    (first,) = [part for part in shelf["objectKeys"].parts if part.group == "entry"]
    assert first.key["number"].value == 1
    assert first.value.value == "first"
    (weak,) = [part for part in shelf["weak"].parts if part.group == "entry"]
    assert weak.key["number"].value == 2


def test_a_sparse_array_gives_what_it_has(held):
    sparse = held.shelf["sparse"]
    assert sparse["length"].value == 100001
    assert sparse[100000].value == "far"
    assert sparse.plain() == {5: "near", 100000: "far"}
    assert [part.name for part in sparse.parts if part.group == "element"] == ["5", "100000"]


def test_an_array_gives_elements_behind_those_that_are_listed(held):
    large = held.shelf["large"]
    assert large[4999].value == 7
    assert any("1,000" in problem for problem in large.problems)


def test_a_crowded_dictionary_is_listed_in_part_and_says_so(held):
    crowded = held.shelf["crowded"]
    properties = [part for part in crowded.parts if part.group == "property"]
    assert [part.name for part in properties[:3]] == ["entry 0", "entry 1", "entry 2"]
    assert len(properties) == 1000
    assert crowded.problems == ("only the first 1,000 are listed",)


def test_what_refers_to_itself_in_many_ways_stays_within_a_limit(held):
    web = held.shelf["web"]
    start = time.perf_counter()
    plain = web.plain(depth=30, limit=2000)
    assert time.perf_counter() - start < 5
    assert plain[0][0] == "Array(40)"


def test_private_fields_are_shown_and_are_not_json(held):
    counter = held.shelf["counter"]
    assert counter["#count"].value == 3
    assert counter.plain() == {}


def test_a_closure_tells_its_place_its_variables_and_its_name(held):
    closure = held.shelf["closure"]
    assert closure.text == "function inner"
    assert closure["captured"]["deep"].value == "yes"
    assert closure["count"].value == 42
    place = closure["[[FunctionLocation]]"].value
    source = [*(held.core.javascript.heap.source(_script(held, closure)).split("\n"))]
    file, line, column = place.rsplit(":", 2)
    assert file.endswith("objects.js")
    assert source[int(line) - 1][int(column) - 1 :].startswith("function inner(second)")


def _script(held, function):
    heap = held.javascript.heap
    return heap.script(heap.shared(function.address))


def test_variables_are_named_where_a_scope_keeps_their_names_in_a_table(held):
    many = held.shelf["many"]
    assert [many[f"v{index}"].value for index in (0, 45, 89)] == [0, 45, 89]


def test_an_error_gives_its_message_and_the_stack_that_node_would_print(held):
    failure = held.shelf["failure"]
    assert failure["message"].value == "it is broken"
    assert failure["code"].value == "E_BROKEN"
    frames = failure["[[Stack]]"].value.split("\n")
    printed = [line.strip() for line in held.report["stack"].split("\n")[1:]]
    assert frames[0].rpartition("(")[2].rstrip(")") in printed[0]


def test_the_stack_of_an_error_that_nobody_read_is_the_one_that_node_prints(held):
    printed = [line.strip().removeprefix("at ") for line in held.report["twin"].split("\n")[1:]]
    assert held.shelf["unread"]["[[Stack]]"].value.split("\n") == printed
    assert any(line.startswith("new Till (") for line in printed)


def test_numbers_that_json_does_not_have(held):
    nan, zero, infinity, undefined = (held.shelf["odd"][index] for index in range(4))
    assert (nan.text, zero.text, infinity.text) == ("NaN", "-0", "Infinity")
    assert undefined.kind == "undefined"
    assert held.shelf["big"].text == "123456789012345678901234567890n"
    assert held.shelf["negative"].value == -5
    assert held.shelf["symbol"].text == "Symbol(thing)"


def test_typed_arrays_and_buffers_give_their_numbers(held):
    shelf = held.shelf
    assert shelf["bytes"].plain() == [1, 2, 255]
    assert shelf["floats"].plain() == [1.5, -2.5]
    assert shelf["bigs"].plain() == [-1, 5]
    assert shelf["clamped"].plain() == [255, 7]
    assert bytes(shelf["buffer"].plain()) == b"hello"
    assert shelf["buffer"].constructor in ("FastBuffer", "Buffer", "Uint8Array")
    assert shelf["memory"]["[[ByteLength]]"].value == 16
    assert shelf["view"]["[[Buffer]]"]["[[ByteLength]]"].value == 8


def test_what_classes_of_the_language_keep_inside(held):
    shelf = held.shelf
    assert shelf["pattern"]["[[Source]]"].value == "ab+c"
    assert shelf["pattern"]["[[Flags]]"].value == "gi"
    assert shelf["promise"]["[[PromiseState]]"].value == "fulfilled"
    assert shelf["promise"]["[[PromiseResult]]"].value == 7
    assert shelf["refused"]["[[PromiseState]]"].value == "rejected"
    assert shelf["refused"]["[[PromiseResult]]"]["number"].value == 3
    assert shelf["proxy"]["[[Target]]"]["inside"].value == 1
    assert shelf["bound"]["[[TargetFunction]]"].address == shelf["closure"].address
    assert shelf["bound"]["[[BoundArgs]]"][0].value == 1
    assert shelf["weakRef"]["[[Target]]"]["number"].value == 4
    computed = next(part for part in shelf["accessor"].parts if part.name == "computed")
    assert computed.note == "accessor"


def test_a_hidden_class_can_be_opened_by_its_address(held):
    order = held.shelf["told"]["order"]
    hidden = held.javascript.inspect(order.map)
    assert hidden.kind == "hidden class"
    assert hidden["[[InstanceSize]]"].value == order.size_bytes
    assert hidden["[[Prototype]]"].constructor == "Order"


def test_the_tag_of_an_address_may_be_left_out(held):
    order = held.shelf["told"]["order"]
    assert held.javascript.inspect(order.address - 1)["number"].value == 7


def test_secrets_are_masked_unless_asked_for(held):
    config = held.shelf["config"]
    assert "hunter2" not in repr(config)
    assert "hunter2" not in config._repr_mimebundle_()["text/html"]
    assert config["password"].is_masked
    assert config["url"].value == "postgres://app:••••••@db/orders"
    assert config["port"].value == 5432
    assert "hunter2" not in json.dumps(config.plain())
    shown = held.javascript.inspect(config.address, redact=False)
    assert shown["password"].value == "hunter2-hunter2"
    assert shown["url"].value == "postgres://app:hunter22@db/orders"


def test_it_reads_as_text_and_as_a_card(held):
    order = held.shelf["told"]["order"]
    lines = repr(order).splitlines()
    assert lines[0].startswith(f"Order @ {order.address:#x} (JSObject, ")
    assert "  customer: 'customer 7'" in lines
    card = order._repr_mimebundle_()["text/html"]
    assert "customer 7" in card
    assert "<script" not in card


def test_what_is_no_object_is_refused(held):
    for address in (0, 1, 0x1234567, 2**63 - 1, held.core.image.threads[0].sp):
        with pytest.raises(BadOption, match="no object of V8"):
            held.javascript.inspect(address)
    with pytest.raises(UnknownName, match="no property of"):
        held.shelf["told"]["nothing"]


def test_any_address_is_answered_or_refused():
    """Inspecting must never hang or crash, wherever it is pointed."""
    javascript = load("22", "objects.js").javascript
    addresses = javascript.instances("Object")["address"].to_numpy()[:40]
    answered = 0
    for address in addresses.tolist():
        for shift in range(-64, 72, 8):
            try:
                found = javascript.inspect(int(address) + shift)
            except BadOption:
                continue
            assert repr(found)
            found.plain(2)
            answered += 1
    assert answered >= len(addresses)
