"""Values as they were measured, and the table made of them."""

import datetime
import json
import os
import platform
import statistics
import subprocess


class Figure:
    """One measure: a value a run. `most` or `least` is its target; `peers` are values of others, in the same unit."""

    def __init__(self, part, name, unit, most=None, least=None):
        self.part, self.name, self.unit, self.most, self.least = part, name, unit, most, least
        self.values, self.peers = [], {}

    @property
    def median(self):
        return statistics.median(self.values)

    def target(self):
        if self.most is not None:
            return f'<= {number(self.most)}'
        return f'>= {number(self.least)}' if self.least is not None else ''

    def met(self):
        if self.most is not None:
            return 'yes' if self.median <= self.most else '**no**'
        if self.least is not None:
            return 'yes' if self.median >= self.least else '**no**'
        return ''

    def ratio(self):
        """To the best of the peers."""
        if not self.peers:
            return '', ''
        best = max if self.unit.endswith('/s') else min
        name = best(self.peers, key=lambda p: statistics.median(self.peers[p]))
        value = statistics.median(self.peers[name])
        return f'{name}: {number(value)}', f'{number(self.median / value)}' if value else ''

    def row(self):
        spread = f'{number(min(self.values))} - {number(max(self.values))}' if len(self.values) > 1 else ''
        return [self.part, self.name, f'{number(self.median)} {self.unit}'.strip(), spread, self.target(), self.met(),
                *self.ratio()]


def number(value):
    """Three significant digits, whole ones above a thousand."""
    if abs(value) >= 1000:
        return f'{value:,.0f}'
    return f'{value:.3g}' if value else '0'


class Figures:
    def __init__(self, top, runs):
        self.top, self.runs, self.all, self.notes = top, runs, {}, []

    def add(self, part, name, value, unit='', most=None, least=None, peers=None):
        """A value of one run. Values of the same name belong to one figure."""
        figure = self.all.setdefault((part, name), Figure(part, name, unit, most, least))
        figure.values.append(value)
        for peer, theirs in (peers or {}).items():
            figure.peers.setdefault(peer, []).append(theirs)

    def note(self, text):
        """Something that a reader of the figures must know."""
        if text not in self.notes:
            self.notes.append(text)

    def table(self):
        head = ['part', 'measure', 'ours', 'lowest - highest', 'target', 'met', 'peer', 'ratio']
        lines = [head, ['---'] * len(head)] + [figure.row() for figure in self.all.values()]
        text = '\n'.join('| ' + ' | '.join(line) + ' |' for line in lines)
        return '\n'.join([f'Medians of {self.runs} on {machine_line()}', '', text, ''] +
                         [f'- {note}' for note in self.notes])

    def save(self, folder):
        path = folder / (datetime.datetime.now(datetime.timezone.utc).strftime('%Y%m%dT%H%M%SZ') + '.json')
        path.write_text(json.dumps({
            'machine': machine(), 'commit': commit(self.top), 'runs': self.runs, 'notes': self.notes,
            'figures': [{'part': f.part, 'name': f.name, 'unit': f.unit, 'most': f.most, 'least': f.least,
                         'median': f.median, 'values': f.values, 'peers': f.peers} for f in self.all.values()],
        }, indent=1) + '\n')
        return path


def machine():
    model = ''
    with open('/proc/cpuinfo') as lines:
        for line in lines:
            if line.startswith('model name'):
                model = line.partition(':')[2].strip()
                break
    with open('/proc/meminfo') as lines:
        memory = int(lines.readline().split()[1])
    return {'cpu': model, 'cores': os.cpu_count(), 'memory_gib': round(memory / 1048576, 1),
            'kernel': platform.release(), 'load': os.getloadavg()[0]}


def machine_line():
    m = machine()
    return f"{m['cores']} cores of {m['cpu'] or platform.machine()}, {m['memory_gib']} GiB, Linux {m['kernel']}"


def commit(top):
    done = subprocess.run(['git', '-C', top, 'describe', '--always', '--dirty'], capture_output=True, text=True)
    return done.stdout.strip() or None
