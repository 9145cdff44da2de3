import pathlib
import re
import subprocess

import pytest

SQL = pathlib.Path(__file__).parent.parent / 'db'


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
    first = pathlib.Path(f"/proc/{stack.pids('worker')[0]}")
    environment = dict(line.split('=', 1) for line in (first / 'environ').read_text().split('\0') if '=' in line)
    command = (first / 'cmdline').read_text().split('\0')[:-1]
    worker = subprocess.Popen(command, executable=(first / 'exe').resolve(), env=environment,
                              cwd=(first / 'cwd').resolve(), stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
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
