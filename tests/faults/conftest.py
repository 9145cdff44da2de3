import pathlib
import re
import subprocess

import pytest

SQL = pathlib.Path(__file__).parent.parent / 'db'


def worker_beside(stack, **environment):
    """A worker with the program and settings of the supervised one, but for what is given."""
    first = pathlib.Path(f"/proc/{stack.pids('worker')[0]}")
    same = dict(line.split('=', 1) for line in (first / 'environ').read_text().split('\0') if '=' in line)
    command = (first / 'cmdline').read_text().split('\0')[:-1]
    return subprocess.Popen(command, executable=(first / 'exe').resolve(), env={**same, **environment},
                            cwd=(first / 'cwd').resolve(), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
def invariants(stack):
    """Call it at the end: each query of tests/db/invariants*.sql must return no rows."""

    def check():
        text = '\n'.join(path.read_text() for path in sorted(SQL.glob('invariants*.sql')))
        queries = re.findall(r'^-- name: (.+)\n(.*?)(?=^-- name: |\Z)', text, re.S | re.M)
        assert queries
        broken = {name: rows for name, sql in queries if (rows := stack.sql(sql))}
        assert not broken, broken

    return check


@pytest.fixture
def second_worker(stack):
    """A worker beside the supervised one, with the same program and settings; not restarted when it dies."""
    worker = worker_beside(stack)
    yield worker
    worker.terminate()
    worker.wait(60)


@pytest.fixture
def worker_memory(stack):
    """The most memory that a worker has had, in bytes, when it is called."""

    def read():
        status = pathlib.Path(f"/proc/{stack.pids('worker')[0]}/status").read_text()
        return int(re.search(r'VmHWM:\s+(\d+) kB', status)[1]) * 1024

    return read
