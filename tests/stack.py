"""A private instance of the whole stack, started by ./dev as a user starts it.

Nothing is shared with other instances: own folder, database in memory, free port. Tests
make their own users and rows, so they need no order and no clean-up.
"""

import csv
import hashlib
import io
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import urllib.parse
import uuid

import requests

from client import Client

TOP = pathlib.Path(__file__).resolve().parent.parent
NULL = '\x1anull' # what psql prints for NULL, and no text is

# Loopback may be named by URLs that users set: the fake upstreams are there. The limits by
# address would be met by tests, which all come from one address, and those of a user by their load.
SETTINGS = {
    'OFFSTAGE_ALLOW_PRIVATE': '127.0.0.1',
    'OFFSTAGE_REQUEST_RATE': '0',
    'OFFSTAGE_STREAMS_PER_ADDRESS': '0',
    'OFFSTAGE_LOGIN_RATE': '0',
    'OFFSTAGE_USER_REQUESTS_PER_MINUTE': '0',
    'OFFSTAGE_USER_TOKENS_PER_DAY': '0',
    'OFFSTAGE_APP_PROCESSES': '8', # a quarter may wait for others, one for each process of pytest
}


class Caller(requests.Session):
    """requests, with paths instead of URLs, as one user: .key, .email, .id, and .client for streams."""

    def __init__(self, url, key=None, email=None, id=None):
        super().__init__()
        self.url, self.key, self.email, self.id = url, key, email, id
        if key:
            self.headers['Authorization'] = 'Bearer ' + key
        self.client = Client(url, key)

    def request(self, method, url, *args, **kw):
        kw.setdefault('timeout', 60)
        return super().request(method, urllib.parse.urljoin(self.url, url), *args, **kw)


class Stack:
    """An instance that runs in the folder `var`."""

    def __init__(self, var):
        self.var = pathlib.Path(var)
        self.run = pathlib.Path(os.path.realpath(self.var / 'run'))
        account = dict(line.split('=', 1) for line in (self.var / 'admin').read_text().split())
        self.url = self.dev('url').strip()
        self.admin = Caller(self.url, account['OFFSTAGE_API_KEY'], account['OFFSTAGE_ADMIN'])
        self.admin.id = self.sql("select id from users where email = :'e'", e=self.admin.email)[0]['id']
        self.fake = None
        self.fake_lock = threading.Lock()

    @classmethod
    def start(cls, var=None, **settings):
        """A new instance; `settings` are OFFSTAGE_ names without the prefix, in lower case."""
        made = var is None
        var = pathlib.Path(var or tempfile.mkdtemp(prefix='offstage-'))
        var.chmod(0o755)
        given = {'OFFSTAGE_' + name.upper(): str(value) for name, value in settings.items()}
        environment = {**os.environ, **SETTINGS, **given, 'OFFSTAGE_VAR': str(var)}
        try:
            up = subprocess.run([TOP / 'dev', '--build', build(), 'up', '--ephemeral', '--no-demo'],
                                env=environment, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
            if up.returncode != 0:
                raise RuntimeError(f'the instance did not start:\n{up.stdout}')
            stack = cls(var)
        except BaseException:
            subprocess.run([TOP / 'dev', '--var', var, 'down'], stdout=subprocess.DEVNULL)
            raise
        stack.made = made
        return stack

    def release(self):
        """Give up what this process started beside an instance that goes on."""
        if self.fake:
            self.fake.stop()

    def stop(self):
        self.release()
        self.dev('down')
        if self.made:
            shutil.rmtree(self.var)

    def dev(self, *words):
        return subprocess.run([TOP / 'dev', '--var', self.var, *words], check=True, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=240).stdout

    # ---- people ----------------------------------------------------------------------

    def user(self, role='user', scope='admin'):
        """A new user with an API key. Made in the database: hashing passwords takes its time."""
        email, key, id = f'{secrets.token_hex(8)}@example.com', 'off_' + secrets.token_urlsafe(32), str(uuid.uuid4())
        self.sql("""
            insert into users (id, email, name, role) values (:'id', :'email', 'Test', :'role');
            insert into api_keys (id, user_id, name, key_hash, hint, scope)
            values (:'key_id', :'id', 'test', decode(:'hash', 'hex'), :'hint', :'scope')""",
                 id=id, email=email, role=role, key_id=str(uuid.uuid4()), scope=scope,
                 hash=hashlib.sha256(key.encode()).hexdigest(), hint=key[-4:])
        return Caller(self.url, key, email, id)

    def anonymous(self):
        return Caller(self.url)

    # ---- the database ----------------------------------------------------------------

    def sql(self, text, **values):
        """Run SQL as superuser; values are psql variables (:'name'). Rows as dicts of texts."""
        command = ['psql', '-X', '-q', '-w', '--csv', '-v', 'ON_ERROR_STOP=1', '-P', 'null=' + NULL,
                   '-d', f'host={self.run} dbname=offstage user=postgres']
        for name, value in values.items():
            command += ['-v', f'{name}={value}']
        done = subprocess.run(command, input=text, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=120)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        rows = csv.DictReader(io.StringIO(done.stdout))
        return [{k: None if v == NULL else v for k, v in row.items()} for row in rows]

    # ---- processes -------------------------------------------------------------------

    def pids(self, name):
        """The processes of a service, the first first; [] while it does not run."""
        try:
            first = int((self.run / f'{name}.pid').read_text().split()[0])
        except (FileNotFoundError, IndexError):
            return []
        return [first, *children(first)] if is_alive(first) else []

    def kill(self, name, sig=signal.SIGKILL, which=0):
        """Signal one process of a service and say which it was."""
        pid = self.pids(name)[which]
        os.kill(pid, sig)
        return pid

    def starts(self, name):
        """How often a service was started."""
        return int((self.run / f'{name}.starts').read_text())

    def wait_restart(self, name, pid, timeout=30):
        """Wait until a service runs with another first process than `pid`."""
        wait_for(lambda: self.pids(name)[:1] not in ([], [pid]), timeout, f'{name} to be started again')

    def wait_ready(self, timeout=30):
        wait_for(lambda: self.is_ready(), timeout, 'readiness')

    def is_ready(self):
        try:
            return requests.get(self.url + '/readyz', timeout=5).status_code == 200
        except requests.RequestException:
            return False

    def log(self, name):
        return (self.var / 'log' / f'{name}.log').read_text(errors='replace')

    @property
    def upstream(self):
        """The fake model server, started when first asked for."""
        from fakes.upstream import Upstream
        with self.fake_lock: # the first to ask may be many threads
            if self.fake is None:
                self.fake = Upstream()
        return self.fake


def bare_environment():
    """What a program started without ./dev gets of ours: where programs are, and the mark of this run."""
    return {name: os.environ[name] for name in ('PATH', 'OFFSTAGE_TEST_RUN') if name in os.environ}


def build():
    return os.environ.get('OFFSTAGE_BUILD', str(TOP / 'build'))


def is_alive(pid):
    """False for a zombie: where the first process does not reap, it stays for ever."""
    try:
        stat = pathlib.Path(f'/proc/{pid}/stat').read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(')')[2].split()[0] not in 'ZX'


def children(pid):
    """All live descendants, parents first."""
    try:
        direct = pathlib.Path(f'/proc/{pid}/task/{pid}/children').read_text().split()
    except (FileNotFoundError, ProcessLookupError):
        return []
    found = [int(p) for p in direct if is_alive(int(p))]
    return found + [p for child in found for p in children(child)]


def wait_for(ready, timeout, what):
    """Poll until ready() is true; its value."""
    deadline = time.monotonic() + timeout
    while True:
        value = ready()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f'waited {timeout} s for {what}')
        time.sleep(0.02)
