"""Objects are counted by constructor, exactly, and listed."""

import time

import numpy as np
import pytest

import prodforensics as pf
from prodforensics.core.javascript.search import INSTANCES, OBJECTS
from prodforensics.errors import UnknownName
from tests.core.javascript.crashes import VERSIONS, load
from tests.core.node_cores import node_core


def test_every_object_is_counted_by_its_constructor(held):
    objects = held.javascript.find_objects()
    OBJECTS.validate(objects)
    counts = held.report["counts"]
    assert objects["count"].reindex(list(counts)).to_dict() == counts
    order = objects.loc["Order"]
    assert order["kind"] == "JSObject"
    assert order["size_bytes"] % 5000 == 0
    assert order["size_bytes"] // 5000 >= 24 + 5 * 8  # three words of V8 and five properties


def test_the_largest_come_first(held):
    objects = held.javascript.find_objects()
    total = objects["size_bytes"] + objects["store_bytes"]
    assert total.is_monotonic_decreasing
    assert {"Array", "Function", "Object", "Map", "Error"} - set(objects.index) <= {"Error"}


def test_strings_are_counted_with_their_characters(held):
    strings = held.javascript.instances("(string)")
    INSTANCES.validate(strings)
    held_by = strings.set_index("address")["size_bytes"]
    flat = held.shelf["told"]["flat"]
    assert held_by[flat.address] == 16 + 16  # a header, and eleven characters in whole words
    opened = map(held.javascript.inspect, strings["address"].tolist())
    assert [hex(one.address) for one in opened if not isinstance(one.value, str)] == []
    row = held.javascript.find_objects().loc["(string)"]
    assert row["count"] == len(strings)
    assert row["size_bytes"] == strings["size_bytes"].sum()
    assert row["store_bytes"] == 0


def test_numbers_in_boxes_are_counted(held):
    # Half of the orders' totals are not whole.
    assert held.javascript.find_objects().loc["(number)", "count"] >= 2500


def test_a_prototype_is_not_an_instance(held):
    objects = held.javascript.find_objects()
    assert objects.loc["Order.prototype", "count"] == 1
    assert objects.loc["Session.prototype", "count"] == 1


def test_bytes_outside_of_the_objects_are_theirs(held):
    wide = held.javascript.instances("Wide").iloc[0]
    # Forty properties: those that have no room inside are in a PropertyArray.
    assert wide["size_bytes"] + wide["store_bytes"] >= 40 * 8
    large = held.shelf["large"]
    found = held.javascript.instances("Uint32Array").set_index("address")
    assert found.loc[large.address, "size_bytes"] >= 12 * 8


def test_instances_are_listed_with_their_addresses_and_can_be_opened(held):
    orders = held.javascript.instances("Order")
    INSTANCES.validate(orders)
    assert orders["address"].is_monotonic_increasing
    assert orders["address"].is_unique
    every = [held.javascript.inspect(int(one)) for one in orders["address"][::250]]
    assert all(one.constructor == "Order" and one.map == int(orders["map"][0]) for one in every)
    numbers = [one["number"].value for one in every]
    assert len(set(numbers)) == len(every)
    assert all(one["total"].value == one["number"].value * 1.5 for one in every)


def test_every_instance_is_a_different_one(held):
    numbers = [
        held.javascript.inspect(int(address))["number"].value
        for address in held.javascript.instances("Rush")["address"]
    ]
    assert sorted(numbers) == list(range(17))


def test_an_unknown_constructor_names_those_that_are_close(held):
    with pytest.raises(UnknownName, match="no constructor 'Ordre'") as refused:
        held.javascript.instances("Ordre")
    assert "did you mean 'Order'?" in refused.value.hint


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("collect", ["collect", "leave"])
def test_objects_that_a_collection_left_behind_do_not_count(version, collect):
    core = load(version, "garbage.js", collect, flags=("--expose-gc",))
    count = core.javascript.find_objects().loc["Order", "count"]
    # 300,000 were made and 1,000 kept; a word left over somewhere may still refer to some.
    assert 1000 <= count <= 1050


@pytest.mark.parametrize("version", VERSIONS)
def test_objects_of_workers_count_too(version):
    objects = load(version, "workers.js").javascript.find_objects()
    assert objects.loc["Task", ["count", "maps"]].tolist() == [150, 2]


@pytest.mark.parametrize("version", ["20", "24"])
def test_a_living_process_is_searched_as_a_dead_one(version):
    made = node_core(version, "leak")
    javascript = pf.load(made.core, executable=made.node).javascript
    assert javascript.fatal is None
    objects = javascript.find_objects()
    assert objects.loc["Session", "count"] == 5000
    assert objects.loc["Cart", "count"] == 5000
    session = javascript.inspect(int(javascript.instances("Session")["address"][17]))
    number = int(session["score"].value)
    assert session["cart"]["items"].plain() == [f"SKU-{number % 97}", number]
    assert session["visits"].value == number % 7


def test_a_second_question_does_not_read_the_core_again(held):
    held.javascript.find_objects()
    start = time.perf_counter()
    held.javascript.find_objects()
    assert time.perf_counter() - start < 0.5


def test_what_the_search_found_is_not_writable_by_chance(held):
    counts, _ = held.javascript.search.counted
    assert counts.dtype == np.int64
    assert counts.sum() == held.javascript.find_objects()["count"].sum()
