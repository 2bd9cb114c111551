"""What grew between two profiles: told from chance, and from the shares that others give up."""

import numpy as np

import prodforensics as pf
from prodforensics.findings import Verdict
from prodforensics.profile.data import Recording, ValueType
from tests.profile.tiny import profile

SPREAD = [(f"main;serve;step{k}", 100) for k in range(10)]
SECONDS = 1_000_000_000


def cpu(*stacks, seconds=10):
    return profile(*stacks, recording=Recording(mode="cpu", duration_ns=seconds * SECONDS))


def findings(base, other):
    return pf.compare(base, other).findings()


def test_a_regression_says_from_what_to_what_and_how_sure_it_is():
    (one,) = findings(cpu(*SPREAD), cpu(*SPREAD, ("main;serve;price;sum", 1000)))
    assert one.rule == "profile.regression"
    assert one.verdict == Verdict.LIKELY
    assert one.title == "sum grew from 0 to 50 % of the samples"
    assert "50.0 % (47.8 to 52.2 %) now" in one.why
    assert "below 0.01 %" in one.why
    comparison = pf.compare(cpu(*SPREAD), cpu(*SPREAD, ("main;serve;price;sum", 1000)))
    rows = comparison.findings()[0].rows["functions"]
    assert comparison.frames["functions"].loc[list(rows), "function"].tolist() == ["sum"]


def test_chance_is_no_regression():
    rng = np.random.default_rng(11)
    for _ in range(20):
        drawn = [
            [
                (stack, int(n))
                for (stack, _), n in zip(SPREAD, rng.multinomial(1000, [0.1] * 10), strict=False)
            ]
            for _ in range(2)
        ]
        (one,) = findings(*(cpu(*stacks) for stacks in drawn))
        assert one.verdict == Verdict.CLEARED


def test_what_only_gains_the_share_that_another_gave_up_is_no_regression():
    slow = cpu(*SPREAD, ("main;serve;sum", 1000))
    repaired = cpu(*SPREAD)
    (one,) = findings(slow, repaired)
    assert one.verdict == Verdict.CLEARED
    (back,) = findings(repaired, slow)
    assert back.verdict == Verdict.LIKELY


def test_a_small_growth_is_possible_at_most():
    (one,) = findings(
        cpu(*[(s, 10 * n) for s, n in SPREAD]),
        cpu(*[(s, 10 * n) for s, n in SPREAD], ("main;serve;sum", 600)),
    )
    assert one.verdict == Verdict.POSSIBLE
    assert one.title == "sum grew from 0 to 6 % of the samples"


def test_a_library_that_is_called_more_is_named_with_its_caller():
    library = ("main;serve;price;java.util.regex.Pattern.match;java.util.regex.Loop.match", 1000)
    (one,) = findings(cpu(*SPREAD), cpu(*SPREAD, library))
    assert one.title.startswith(
        ("java.util.regex.Pattern.match, called by price,", "java.util.regex.Loop.match")
    )


HEAP = (ValueType("inuse_objects", "count"), ValueType("inuse_space", "bytes"))
MB = 1_000_000


def heap(*stacks):
    one = profile(*stacks, value_types=HEAP, recording=Recording("Go", "heap", period=524_288))
    return one.using("inuse_space")


def test_memory_that_grew_is_still_reachable_and_named_by_who_allocated_it():
    before = heap(("main.main;main.serve;main.remember", (10, 5 * MB)), ("main.main", (1, 1 * MB)))
    after = heap(("main.main;main.serve;main.remember", (90, 45 * MB)), ("main.main", (1, 1 * MB)))
    (one,) = findings(before, after)
    assert one.rule == "profile.heap_growth"
    assert one.verdict == Verdict.LIKELY
    assert one.title == "+40.0 MB still reachable, allocated by main.remember"
    (cleared,) = findings(after, after)
    assert cleared.verdict == Verdict.CLEARED
