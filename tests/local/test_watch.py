"""Looking in between blocks, and staying close to a card that computes behind our back."""

import pytest
import torch

from layersplit.local import watch


@pytest.fixture
def network():
    return torch.nn.Sequential(*(torch.nn.Linear(2, 2) for _ in range(8)))


def test_every_block_is_looked_at_and_the_hooks_are_gone_afterwards(network):
    looks = []
    with watch.watched(network, lambda: looks.append(1)):
        network(torch.zeros(1, 2))
    network(torch.zeros(1, 2))
    assert len(looks) == 8


def test_the_hooks_are_gone_after_a_cancelled_pass_too(network):
    def stop():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), watch.watched(network, stop):
        network(torch.zeros(1, 2))
    network(torch.zeros(1, 2))


def test_the_program_is_never_more_than_three_blocks_ahead_of_the_card(network, monkeypatch):
    """A card that has computed nothing until somebody waits for it."""
    log = []

    class Event:
        count = 0

        def __init__(self):
            Event.count += 1
            self.number = Event.count

        def record(self):
            log.append(("begun", self.number))

        def synchronize(self):
            log.append(("finished", self.number))

    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "Event", Event)
    with watch.watched(network, lambda: None):
        network(torch.zeros(1, 2))
    ahead = most = 0
    for what, _number in log:
        ahead += 1 if what == "begun" else -1
        most = max(most, ahead)
    assert most == watch.BLOCKS_AHEAD + 1
    assert [n for what, n in log if what == "finished"] == [1, 2, 3, 4, 5]
