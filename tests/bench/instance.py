"""An instance of its own for a benchmark, made by ./dev: on disk, every commit synced."""

import hashlib
import json
import os
import pathlib
import secrets
import shutil
import subprocess
import tempfile
import time
import uuid

from client import Client
from processes import Usage, rss_kib, tree

SERVICES = ('nginx', 'app', 'stream', 'worker', 'postgres')

# The limits that keep one address or user from taking everything would be met at once: all
# load comes from here.
SETTINGS = {
    'OFFSTAGE_ALLOW_PRIVATE': '127.0.0.1',
    'OFFSTAGE_REQUEST_RATE': '0',
    'OFFSTAGE_STREAMS_PER_ADDRESS': '0',
    'OFFSTAGE_USER_RUNNING': '100000',
    'OFFSTAGE_USER_QUEUED': '1000000',
    'OFFSTAGE_USER_REQUESTS_PER_MINUTE': '0',
    'OFFSTAGE_USER_TOKENS_PER_DAY': '0',
    'OFFSTAGE_LOG_LEVEL': 'warn',
}
# A worker that serves only this queue leaves responses queued.
NO_RESPONSES = {'worker_queues': 'none'}


class User:
    def __init__(self, id, key):
        self.id, self.key = id, key


class Instance:
    """with Instance(bench, **settings) as it: … Settings are OFFSTAGE_ names in lower case."""

    def __init__(self, bench, **settings):
        self.bench = bench
        self.var = pathlib.Path(tempfile.mkdtemp(prefix='i', dir=bench.folder))
        self.var.chmod(0o755)
        given = {'OFFSTAGE_' + name.upper(): str(value) for name, value in settings.items()}
        own = {name: value for name, value in os.environ.items() if not name.startswith('OFFSTAGE_')}
        self.environment = {**own, **SETTINGS, **given}

    def dev(self, *words):
        return subprocess.run([self.bench.dev, '--var', self.var, '--build', self.bench.build, *words], check=True,
                              text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=self.environment,
                              timeout=300).stdout

    def __enter__(self):
        try:
            self.dev('up', '--no-demo')
            self.url = self.dev('url').strip()
            self.run = pathlib.Path(os.path.realpath(self.var / 'run'))
            account = dict(line.split('=', 1) for line in (self.var / 'admin').read_text().split())
            self.admin = Client(self.url, account['OFFSTAGE_API_KEY'])
            for setting in ('fsync', 'synchronous_commit'):
                assert self.sql(f'show {setting}') == 'on', setting
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run([self.bench.dev, '--var', self.var, 'down'], stdout=subprocess.DEVNULL, env=self.environment)
        shutil.rmtree(self.var, ignore_errors=True)

    # ---- contents --------------------------------------------------------------------

    @property
    def conninfo(self):
        return f'host={self.run} dbname=offstage user=postgres'

    def sql(self, text, timeout_s=300):
        done = subprocess.run(['psql', '-X', '-q', '-At', '-v', 'ON_ERROR_STOP=1', '-d', self.conninfo], input=text,
                              text=True, capture_output=True, timeout=timeout_s)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout.strip()

    def users(self, count):
        """New users with keys. Made in the database: hashing passwords takes its time."""
        users = [User(str(uuid.uuid4()), 'off_' + secrets.token_urlsafe(32)) for _ in range(count)]
        self.sql('insert into users (id, email, name) values ' +
                 ','.join(f"('{u.id}', '{u.id}@example.com', 'Bench')" for u in users) +
                 '; insert into api_keys (id, user_id, name, key_hash, hint, scope) values ' +
                 ','.join(f"('{uuid.uuid4()}', '{u.id}', 'bench', '\\x{hashlib.sha256(u.key.encode()).hexdigest()}', "
                          f"'{u.key[-4:]}', 'admin')" for u in users) + ';')
        return users

    def agent(self, **members):
        """An agent that everybody may ask; its id."""
        reply = self.admin.post('/api/agents', {'name': 'bench', 'visibility': 'workspace', **members})
        assert reply.status == 201, reply
        return reply.json['id']

    def chats(self, user, count, messages=0):
        """New chats of a user's, with so many messages each; their ids."""
        agent = self.agent(kind='extractive')
        self.sql(f"""
            insert into chats (id, user_id, agent_id, title, title_by, preview, active_at)
            select gen_random_uuid(), '{user.id}', '{agent}', 'A chat about number ' || n, 'user',
                   'The beginning of the last message of chat ' || n, now() - n * interval '1 minute'
              from generate_series(1, {count}) n;
            insert into messages (id, user_id, chat_id, parent_id, role, content, created_at)
            select gen_random_uuid(), c.user_id, c.id, c.id, case n % 2 when 0 then 'assistant' else 'user' end,
                   repeat('Words that are said of a stage and its curtain. ', 4),
                   now() - interval '1 day' + n * interval '1 s'
              from chats c, generate_series(1, {messages}) n where c.user_id = '{user.id}';
            vacuum analyze;""")
        return self.sql(f"select id from chats where user_id = '{user.id}'").split()

    def invoke(self, connection, user, agent, text='Go on.'):
        """Ask over an open connection; the request's id."""
        connection.request('POST', '/api/invoke_endpoint', json.dumps({'agent_id': agent, 'message': text}),
                           {'Authorization': 'Bearer ' + user.key, 'Content-Type': 'application/json'})
        reply = connection.getresponse()
        body = reply.read()
        assert reply.status == 202, (reply.status, body[:300])
        return json.loads(body)['request_id']

    # ---- processes -------------------------------------------------------------------

    def pids(self, service):
        return tree(int((self.run / f'{service}.pid').read_text().split()[0]))

    def groups(self, **more):
        """name → pids of every service, and of other programs given by their first process."""
        return {**{name: self.pids(name) for name in SERVICES}, **{name: tree(pid) for name, pid in more.items()}}

    def usage(self, **more):
        return Usage(lambda: self.groups(**more), time.monotonic)

    def rss_kib(self, service):
        """Of the program itself: the largest of its processes (a master that forks is small)."""
        return max(rss_kib(pid) for pid in self.pids(service))
