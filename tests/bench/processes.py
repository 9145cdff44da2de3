"""What processes use, read from /proc."""

import os
import pathlib

TICK = os.sysconf('SC_CLK_TCK')


def fields(pid):
    """Of /proc/PID/stat, those behind the name: field 3, the state, comes first."""
    return pathlib.Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()


def tree(pid):
    """A process and all its live descendants."""
    found = [pid]
    for parent in found:
        try:
            for task in os.listdir(f'/proc/{parent}/task'):
                found += map(int, pathlib.Path(f'/proc/{parent}/task/{task}/children').read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            pass
    return found


def cpu_s(pids):
    """CPU seconds of processes so far, with those of the children that they have waited for."""
    total = 0
    for pid in pids:
        try:
            total += sum(map(int, fields(pid)[11:15]))
        except (FileNotFoundError, ProcessLookupError):
            pass
    return total / TICK


def status(pid, name):
    """A number of /proc/PID/status; memory is in KiB."""
    for line in pathlib.Path(f'/proc/{pid}/status').read_text().splitlines():
        if line.startswith(name + ':'):
            return int(line.split()[1])
    return 0


def rss_kib(pid):
    return status(pid, 'VmRSS')


def rss_peak_kib(pid):
    return status(pid, 'VmHWM')


def switches(pids):
    """Context switches of all threads so far."""
    total = 0
    for pid in pids:
        for task in os.listdir(f'/proc/{pid}/task'):
            where = f'{pid}/task/{task}'
            total += status(where, 'voluntary_ctxt_switches') + status(where, 'nonvoluntary_ctxt_switches')
    return total


def machine_busy_s():
    """CPU seconds that the whole machine has worked, over all cores."""
    with open('/proc/stat') as lines:
        user, nice, system, _, _, irq, softirq, *_ = map(int, lines.readline().split()[1:])
    return (user + nice + system + irq + softirq) / TICK


class Usage:
    """CPU of named groups of processes between two moments, in cores. `groups` gives name → pids when asked."""

    def __init__(self, groups, now):
        self.groups, self.now = groups, now
        self.before = self.read()
        self.start, self.busy = now(), machine_busy_s()

    def read(self):
        return {name: cpu_s(pids) for name, pids in self.groups().items()}

    def cores(self):
        """Since the start. `others` is what ran beside the groups."""
        seconds = self.now() - self.start
        after = self.read()
        used = {name: (after[name] - self.before[name]) / seconds for name in self.before}
        used['others'] = max(0.0, (machine_busy_s() - self.busy) / seconds - sum(used.values()))
        return used
