"""How fast the machine is just now: figures of another machine, or of this one in another hour, can be set against it."""

import os
import statistics
import tempfile
import time

STEPS = 1000000
LOOPS = 5
SYNCS = 100
BLOCK = bytes(8192)


def measure(figures, folder):
    figures.add('machine', f'{STEPS:,} steps of a loop, the best of {LOOPS}', min(loop_ms() for _ in range(LOOPS)), 'ms')
    figures.add('machine', 'fdatasync of 8 KiB, p50', sync_ms(folder), 'ms')


def loop_ms():
    began, total = time.perf_counter(), 0
    for i in range(STEPS):
        total += i ^ (total & 0xffff)
    return (time.perf_counter() - began) * 1000


def sync_ms(folder):
    times = []
    with tempfile.TemporaryFile(dir=folder, buffering=0) as file:
        for _ in range(SYNCS):
            began = time.perf_counter()
            file.write(BLOCK)
            os.fdatasync(file.fileno())
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)
