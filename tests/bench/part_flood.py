"""A flood of logins, and what others wait meanwhile."""

import http.client
import json
import pathlib
import statistics
import subprocess
import sys
import time
import urllib.parse

import load
from instance import Instance

USUAL_RATE = 200   # that nginx lets an address ask, as ./dev and packages set it
RATE = 100         # questions a second of the other user while passwords are tried
STEADY = 300       # of them in a phase without, and at least as many in one with
PHASES = 8         # of each kind, in turn
LOGINS = 1000      # wrong passwords, from one address
CHATS, MESSAGES = 200, 60
HERE = pathlib.Path(__file__).parent


def measure(bench):
    """What others wait while an address tries a thousand passwords: a page of chats, asked for at a steady rate.

    Phases with a flood and without take turns, so that a machine that does something else for a while does it in both.
    """
    with Instance(bench, request_rate=USUAL_RATE) as it:
        user = it.users(1)[0]
        it.chats(user, CHATS, MESSAGES)
        for n in range(bench.runs):
            phases = [(phase(it, user), phase(it, user, f'127.0.{n + 1}.{m + 1}')) for m in range(PHASES)]
            quiet, ratio = statistics.median(p[0] for p in phases), statistics.median(p[1] / p[0] for p in phases)
            bench.figures.add('flood', 'p99 of others', quiet, 'ms')
            bench.figures.add('flood', 'p99 of others in a flood of logins, to that', ratio, '', most=1.2)
    bench.figures.note(f"flood: {LOGINS:,} wrong passwords from one address by 8 connections as fast as they are answered, "
                       f"others ask {RATE} times a second; {PHASES} times in turn with a flood, from an address of its own, and "
                       f"without, the median of the phases' p99 and of the ratios of neighbours")


def phase(it, user, address=None):
    """The p99 of others in ms, while passwords are tried from an address, if one is given."""
    if not address:
        return load.percentile(steady(it, user, lambda: False), 99)
    process = subprocess.Popen([sys.executable, HERE / 'login_flood.py', it.url, str(LOGINS), address],
                               stdout=subprocess.PIPE, text=True)
    p99 = load.percentile(steady(it, user, lambda: process.poll() is None), 99)
    answers = json.loads(process.communicate(timeout=60)[0])
    if set(answers) - {'401', '429'} or sum(answers.values()) != LOGINS:
        raise RuntimeError(f'the flood was answered otherwise: {answers}')
    return p99


def steady(it, user, goes_on):
    """Milliseconds that each answer took from when it was due, RATE a second."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(it.url).netloc, timeout=60)
    took, start = [], time.monotonic()
    while len(took) < STEADY or goes_on():
        due = start + len(took) / RATE
        time.sleep(max(0, due - time.monotonic()))
        load.ask(connection, user, '/api/chats')
        took.append((time.monotonic() - due) * 1000)
    return took
