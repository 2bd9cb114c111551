"""Tests that share something costly run in one worker."""

import pytest


@pytest.mark.xdist_group("one worker")
def test_the_worker_knows_the_group_of_a_test(request):
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("one process, or workers without --dist loadgroup")
    assert request.node.nodeid.endswith("@one worker")
