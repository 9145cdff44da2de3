"""A gateway by itself: offstage-stream over a private PostgreSQL, and a scribe in place of the worker.

So a test decides when which event is written, and what the gateway is up against.
"""

import glob
import hashlib
import http.client
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import uuid

import websocket

from client import Client, Watcher
from stack import TOP, build, wait_for

# "Service restart", registered after this library's list was made.
websocket._abnf.VALID_CLOSE_STATUS += (1012,)

CREATED, QUEUED, IN_PROGRESS, COMPLETED = 0, 1, 2, 3
MESSAGE_ADDED, PART_ADDED, DELTA, TEXT_DONE, PART_DONE, MESSAGE_DONE = 20, 21, 22, 24, 25, 26


def new_id():
    """A UUIDv7: the log is partitioned by its time."""
    number = int(time.time() * 1000) << 80 | 7 << 76 | 2 << 62 | secrets.randbits(62) | secrets.randbits(12) << 64
    return str(uuid.UUID(int=number))


def quote(value):
    return 'null' if value is None else "'" + str(value).replace("'", "''") + "'"


class Cluster:
    """PostgreSQL on a local socket, migrated; `dsn` leads to it as superuser."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='offstage-live-'))
        self.bin = pathlib.Path(sorted(glob.glob('/usr/lib/postgresql/*/bin'))[-1])
        self.prefix = []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            shutil.chown(self.folder, 'postgres', 'postgres')
            self.folder.chmod(0o755)
            self.prefix = ['runuser', '-u', 'postgres', '--']
        self.dsn = f'host={self.folder} user=postgres dbname=postgres'
        self.command('initdb', '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync')
        self.start()
        migrate = {**os.environ, 'OFFSTAGE_DATABASE_URL': self.dsn}
        subprocess.run([TOP / 'db' / 'migrate', 'upgrade', 'head'], check=True, env=migrate,
                       stdout=subprocess.DEVNULL)

    def command(self, name, *words):
        subprocess.run([*self.prefix, self.bin / name, '-D', self.folder / 'data', *words], check=True, cwd='/',
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120)

    def start(self):
        self.command('pg_ctl', '-w', '-l', str(self.folder / 'log'), '-o',
                     f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off", 'start')

    def crash(self):
        self.command('pg_ctl', '-m', 'immediate', 'stop')

    def close(self):
        self.crash()
        shutil.rmtree(self.folder)


class Scribe:
    """Writes what the app and the worker would, through one connection that stays."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.connect()

    def connect(self):
        self.psql = subprocess.Popen(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', self.cluster.dsn], text=True,
                                     stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def close(self):
        self.psql.communicate()

    def sql(self, text):
        """Run statements; the lines of their rows."""
        lines = []
        self.psql.stdin.write(f'{text};\n\\echo =over=\n')
        self.psql.stdin.flush()
        while (line := self.psql.stdout.readline()) != '=over=\n':
            assert line and 'ERROR' not in line, line or 'psql ended'
            lines.append(line.rstrip('\n'))
        return lines

    def user(self):
        return User(self)


class User:
    def __init__(self, scribe):
        self.scribe = scribe
        self.id, self.chat, self.session, self.key_id = new_id(), new_id(), new_id(), new_id()
        self.key, self.token = 'off_' + secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        self.cookie = 'session=' + self.token
        scribe.sql(f"""
            insert into users (id, email, name) values ('{self.id}', '{self.id}@example.com', 'Test');
            insert into api_keys (id, user_id, name, key_hash, hint, scope)
            values ('{self.key_id}', '{self.id}', 'test', decode('{sha256(self.key)}', 'hex'), 'x', 'read');
            insert into sessions (id, user_id, token_hash, expires_at, idle_s)
            values ('{self.session}', '{self.id}', decode('{sha256(self.token)}', 'hex'),
                    now() + interval '1 day', 86400);
            insert into chats (id, user_id, title) values ('{self.chat}', '{self.id}', 'Test')""")

    def request(self):
        return Request(self)

    def note(self, type, data='{}', tell=True):
        """An entry in the feed, told of if the feed is watched; its number."""
        tell = f"pg_notify('feed', '{self.id}')" if tell else '1'
        return int(self.scribe.sql(f"""
            begin;
            select {tell} from feed_add('{self.id}', {quote(type)}, {quote(data)}) as watched where watched;
            select seq from feeds where user_id = '{self.id}';
            commit""")[-1])

    def is_watched(self):
        """Whether an entry in the feed would be told of."""
        return self.scribe.sql(f"begin; select feed_add('{self.id}', 'chat', '{{}}'); rollback") == ['t']

    def revoke(self, tell=True):
        tell = "; select pg_notify('session', '')" if tell else ''
        self.scribe.sql(f"delete from sessions where id = '{self.session}';"
                        f"delete from api_keys where id = '{self.key_id}'{tell}")


class Request:
    """A response, written event by event. `text` is what was said so far, `last` the last number."""

    def __init__(self, user):
        self.user, self.scribe, self.id, self.message = user, user.scribe, new_id(), new_id()
        self.last, self.text = 1, ''
        events = ','.join(f"('{self.id}', {type}, '{user.id}', 0, {type}, {quote(members('queued'))})"
                          for type in (CREATED, QUEUED))
        self.scribe.sql(f"""
            insert into messages (id, user_id, chat_id, role, status, content, request_id)
            values ('{self.message}', '{user.id}', '{user.chat}', 'assistant', 'in_progress', '', '{self.id}');
            insert into requests (id, user_id, chat_id, message_id, job_id, max_attempts, last_seq)
            values ('{self.id}', '{user.id}', '{user.chat}', '{self.message}', '{new_id()}', 4, 1);
            insert into response_events (request_id, seq, user_id, attempt, type, data) values {events}""")

    @property
    def path(self):
        return f'/api/requests/{self.id}/stream'

    def rows(self, events):
        values = []
        for type, text, data in events:
            self.last += 1
            self.text += text or '' if type == DELTA else ''
            values.append(f"('{self.id}', {self.last}, '{self.user.id}', 1, {type}, {quote(text)}, {quote(data)})")
        return ('insert into response_events (request_id, seq, user_id, attempt, type, text, data) values ' +
                ','.join(values))

    def add(self, *events, tell=True):
        tell = f"; select pg_notify('event', '{self.id}')" if tell else ''
        self.scribe.sql(f'begin; {self.rows(events)}{tell}; commit')

    def begin(self, tell=True):
        self.scribe.sql(f"update requests set status = 'streaming' where id = '{self.id}'")
        self.add((IN_PROGRESS, None, members('in_progress')), (MESSAGE_ADDED, None, None), (PART_ADDED, None, None),
                 tell=tell)
        return self

    def say(self, *texts, tell=True):
        self.add(*((DELTA, text, None) for text in texts), tell=tell)
        return self

    def end(self, tell=True):
        rows = self.rows([(type, None, None) for type in (TEXT_DONE, PART_DONE, MESSAGE_DONE, COMPLETED)])
        output = json.dumps([{'type': 'message', 'content': [{'type': 'output_text', 'text': self.text}]}])
        tell = f"select pg_notify('event', '{self.id}');" if tell else ''
        self.scribe.sql(f"""begin; {rows};
            update messages set content = {quote(self.text)}, status = 'completed' where id = '{self.message}';
            update requests set status = 'completed', completed_at = now(), last_seq = {self.last},
                   output = {quote(output)} where id = '{self.id}'; {tell} commit""")
        return self

    def stored(self):
        """The text of the message, as the database has it."""
        return json.loads(self.scribe.sql(f"select to_json(content) from messages where id = '{self.message}'")[0])


class LocalClient(Client):
    """HTTP over the gateway's own socket."""

    def __init__(self, path, **kw):
        super().__init__('http://localhost', **kw)
        self.path = str(path)

    def connect(self):
        connection = http.client.HTTPConnection('localhost', timeout=self.timeout)
        connection.sock = self.dial()
        return connection

    def dial(self):
        local = socket.socket(socket.AF_UNIX)
        local.settimeout(self.timeout)
        local.connect(self.path)
        return local

    def websocket(self, path, headers=None):
        sent = [f'{name}: {value}' for name, value in {**self.headers(), **(headers or {})}.items()]
        return Socket(websocket.create_connection('ws://localhost' + path, socket=self.dial(), header=sent,
                                                  suppress_origin=True))


class Socket:
    """A WebSocket: iterate over its JSON texts; .code is that of its end, .pings how many came."""

    def __init__(self, ws):
        self.ws, self.code, self.pings = ws, None, 0

    def __iter__(self):
        while True:
            opcode, data = self.ws.recv_data(control_frame=True)
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                self.code = int.from_bytes(data[:2], 'big')
                return
            if opcode == websocket.ABNF.OPCODE_PING:
                self.pings += 1
            if opcode == websocket.ABNF.OPCODE_TEXT:
                yield json.loads(data)

    def close(self):
        self.ws.shutdown()


class Gateway:
    """offstage-stream; `settings` are OFFSTAGE_ names without the prefix, in lower case."""

    def __init__(self, cluster, **settings):
        self.cluster, self.settings = cluster, settings
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix='offstage-gate-'))
        self.socket = self.folder / 'stream.sock'
        self.start()

    def start(self):
        """Start it; one that still runs gives its place up to it."""
        before = self.socket.stat().st_ino if self.socket.exists() else None
        given = {'OFFSTAGE_' + name.upper(): str(value) for name, value in self.settings.items()}
        environment = {**os.environ, 'OFFSTAGE_DATABASE_URL': self.cluster.dsn,
                       'OFFSTAGE_STREAM_SOCKET': str(self.socket), **given}
        with open(self.folder / 'log', 'a') as log:
            self.process = subprocess.Popen([pathlib.Path(build()) / 'offstage-stream'], env=environment,
                                            stdin=subprocess.DEVNULL, stderr=log)
        wait_for(lambda: self.process.poll() is not None or
                 self.socket.exists() and self.socket.stat().st_ino != before, 30, 'the gateway to listen')
        assert self.process.poll() is None, self.log()

    def log(self):
        return (self.folder / 'log').read_text()

    def client(self, user=None, cookie=False, **kw):
        if user and cookie:
            return LocalClient(self.socket, cookie=user.cookie, **kw)
        return LocalClient(self.socket, key=user.key if user else None, **kw)

    def watch(self, request):
        return Watcher(self.client(request.user), request.id)

    def metric(self, name):
        text = self.client().get('/metrics').body.decode()
        return sum(float(line.split()[-1]) for line in text.splitlines()
                   if line.startswith('offstage_stream_' + name) and line[16 + len(name)] in ' {')

    def wait_open(self, count):
        wait_for(lambda: self.metric('open') == count, 30, f'{count} streams to be open')

    def stop(self, sig=signal.SIGTERM, timeout=30):
        self.process.send_signal(sig)
        return self.process.wait(timeout)

    def close(self):
        status = self.stop() if self.process.poll() is None else self.process.returncode
        log = self.log()
        shutil.rmtree(self.folder)
        assert status in (0, -signal.SIGKILL), log[-4000:]
        assert 'ERROR: ' not in log and 'runtime error' not in log, log[-4000:]


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def members(status):
    """The members of a response object that the log of one holds."""
    return json.dumps({'created_at': 1, 'status': status, 'model': None, 'output': [], 'usage': None, 'error': None,
                       'incomplete_details': None})[1:-1]


def in_background(function, *arguments):
    """Run it beside; the returned call waits for its value."""
    result = []
    thread = threading.Thread(target=lambda: result.append(function(*arguments)), daemon=True)
    thread.start()

    def join():
        thread.join(60)
        assert result, 'it did not end'
        return result[0]
    return join
