"""kill -9 of anything, at random points, while users ask and watch."""

import os
import random
import signal
import sys
import time

import pytest

from faults.load import Load, assert_one_answer_each, settle
from stack import wait_for

ROUNDS = int(os.environ.get('OFFSTAGE_FAULTS', '10'))
SEED = int(os.environ.get('OFFSTAGE_SEED', str(random.SystemRandom().randrange(10 ** 9))))
VICTIMS = ('worker', 'app', 'stream', 'postgres')


def say(text):
    """To the run's own output: pytest's processes keep what is printed otherwise to themselves."""
    print(text, file=sys.stderr, flush=True)


def kill(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass  # it went with its parent


def test_every_acknowledged_request_ends_once_and_whole_whatever_is_killed(stack, invariants):
    say(f'seed {SEED}, {ROUNDS} kills (OFFSTAGE_SEED, OFFSTAGE_FAULTS)')
    pick = random.Random(SEED)
    killed = dict.fromkeys(VICTIMS, 0)
    with Load(stack, SEED) as load:
        for n in range(ROUNDS):
            time.sleep(0.5 + pick.random() * 1.5)
            victim = VICTIMS[n % len(VICTIMS)] if n < len(VICTIMS) else pick.choice(VICTIMS)
            # One that is killed again and again comes back after a pause.
            kill(pick.choice(wait_for(lambda: stack.pids(victim), 10, f'{victim} to come back by itself')))
            killed[victim] += 1
            stack.wait_ready()
    ledger = settle(load)
    say(f'killed {killed}; {len(ledger)} requests acknowledged, {len(ledger)} ended,'
        f' {sum(e.final["status"] == "completed" for e in ledger)} of them completed')
    assert len(ledger) >= ROUNDS
    assert_one_answer_each(stack, ledger)
    invariants()


@pytest.mark.parametrize('victim', ['app', 'stream', 'worker', 'postgres', 'nginx'])
def test_what_was_killed_comes_back_by_itself(stack, victim):
    before = set(stack.pids(victim))
    assert before
    first = stack.pids(victim)[0]
    for pid in before:
        kill(pid)
    stack.wait_restart(victim, first)
    stack.wait_ready()
