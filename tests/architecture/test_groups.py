"""Tests that share a place run one after the other: pytest-xdist's groups do what they say."""

import pytest


@pytest.mark.xdist_group("groups")
def test_a_worker_knows_the_group_of_a_test(request):
    if not hasattr(request.config, "workerinput"):
        pytest.skip("there is only one worker")
    assert request.node.nodeid.endswith("@groups")
