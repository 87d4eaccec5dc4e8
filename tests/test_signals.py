"""Ctrl-C and polite kills: the first is a request, the second is meant."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from wormctl.signals import stop_on_signals


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_is_a_request(number: signal.Signals) -> None:
    found = signal.signal(number, signal.SIG_DFL)
    asked: list[bool] = []
    try:
        with stop_on_signals(lambda: asked.append(True)):
            signal.raise_signal(number)
        assert asked == [True]
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, found)


@pytest.fixture
def as_in_a_terminal() -> Iterator[None]:
    """Ctrl-C as Python has it by itself: what runs in the background of a shell is started without."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("as_in_a_terminal")
def test_the_second_interrupt_interrupts() -> None:
    asked: list[bool] = []

    def twice() -> None:
        with stop_on_signals(lambda: asked.append(True)):
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        twice()
    assert asked == [True]


def test_under_nohup_a_hang_up_is_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    asked: list[bool] = []
    try:
        with stop_on_signals(lambda: asked.append(True)):
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)
    assert asked == []


def test_it_does_nothing_in_another_thread() -> None:
    inside: list[object] = []

    def work() -> None:
        with stop_on_signals(lambda: None):
            inside.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [signal.getsignal(signal.SIGINT)]
