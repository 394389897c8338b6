"""Signals wait during the import of torch, whose C++ code no exception may leave."""

import signal

import pytest

from convtool.cli.signals import signals_waiting


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_for_the_end_of_the_block(number):
    """The handler runs after the block, once, and is the one that was there."""
    came = []
    before = signal.signal(number, lambda *_: came.append("handled"))
    try:
        with signals_waiting():
            signal.raise_signal(number)
            signal.raise_signal(number)
            came.append("block")
        assert came == ["block", "handled"]
        signal.raise_signal(number)
        assert came == ["block", "handled", "handled"]
    finally:
        signal.signal(number, before)


def test_an_ignored_signal_stays_ignored():
    """A job of `nohup` is not interrupted after all."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with signals_waiting():
            assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
