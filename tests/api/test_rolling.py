"""An upgrade without a stop: the schema goes ahead while programs work on it, then old and new ones work together.

The next release is this one with a migration more, which widens the busiest tables and adds one that the new
programs cannot do without. So it can be built anywhere, without the history.
"""

import collections
import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time

import pytest

import fastcgi
from client import Client, Watcher
from stack import TOP, bare_environment, build, wait_for
from things import final, got, made

NEXT = '9999'
MIGRATION = f"""-- revision: {NEXT}
-- down_revision: {{head}}
-- summary: the next release

-- migrate:up

set local role offstage_owner;
alter table users add next_note text not null default 'as before';
alter table sessions add next_note text;
alter table api_keys add next_note text;
alter table agents add next_note text;
alter table chats add next_note text not null default 'as before';
alter table messages add next_note text;
alter table requests add next_note text;
alter table response_events add next_note text;
alter table jobs add next_note text;
alter table jobs_done add next_note text;
alter table workers add next_note text;
alter table webhooks add next_note text;
alter table webhook_deliveries add next_note text;
insert into queues (id, name) values (9999, 'next');
create table next_things (id int primary key);
insert into next_things values (1);
grant select on next_things to offstage_app, offstage_stream, offstage_worker;

-- migrate:down

set local role offstage_owner;
drop table next_things;
"""
QUERY = f"""-- name: system_schema
select coalesce(max(revision collate "C"), '') as applied,
       coalesce(bool_or(revision = $1), false) and exists (select from next_things) as fits
  from schema_revision;
"""


class Release:
    """The programs of the next release, and the folder of its migrations."""

    def __init__(self, folder):
        self.programs, self.migrations = folder / 'build', folder / 'migrations'
        shutil.copytree(TOP / 'db' / 'migrations', self.migrations)
        head = max(path.name[:4] for path in self.migrations.iterdir())
        added = self.migrations / f'{NEXT}_next.sql'
        added.write_text(MIGRATION.format(head=head))
        query = folder / 'system.sql'
        query.write_text(QUERY)
        shutil.copytree(build(), self.programs, symlinks=True, ignore=shutil.ignore_patterns('tests'))
        lists = {name: self.variable(name) for name in ('sql', 'migrations')}
        # Of the queries the texts change and no names: nothing but the texts is compiled again.
        (self.programs / 'db' / 'queries.c').unlink()
        self.make('-o', 'db/queries.h', 'sql=' + lists['sql'].replace(f'{TOP}/db/system.sql', str(query)),
                  f'migrations={lists["migrations"]} {os.path.relpath(added, TOP)}',
                  'offstage-app', 'offstage-stream', 'offstage-worker')

    def make(self, *words, **kw):
        return subprocess.run(['make', '-s', '--no-print-directory', '-C', self.programs, *words], check=True, text=True,
                              stdin=kw.pop('stdin', subprocess.DEVNULL), stdout=subprocess.PIPE, **kw).stdout

    def variable(self, name):
        return subprocess.run(['make', '-s', '--no-print-directory', '-C', self.programs, '-f', '-', 'print'], check=True,
                              text=True, input=f'include Makefile\nprint: ; @echo $({name})\n',
                              stdout=subprocess.PIPE).stdout.strip()


@pytest.fixture(scope='module')
def release(tmp_path_factory):
    folder = tmp_path_factory.mktemp('next')
    for path in (folder, *folder.parents[:2]):
        path.chmod(0o755)
    return Release(folder)


class Load:
    """Questions one after the other, from some threads, until told to stop; each is to be answered.

    No thread runs more than some ahead of the answers, for a user may have only so many unfinished.
    """

    AHEAD = 20

    def __init__(self, user, agent, threads=3):
        self.user, self.agent, self.stopped, self.asked, self.failures = user, agent, False, [], []
        self.ways = []
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(threads)]

    def start(self, *ways):
        self.ways = ways
        for thread in self.threads:
            thread.start()

    def run(self, i):
        n, mine = i, collections.deque()
        while not self.stopped:
            status, body = self.ways[n % len(self.ways)]({'agent_id': self.agent['id'], 'message': f'question {n}'})
            if status == 202:
                self.asked.append(body['request_id'])
                mine.append(body['request_id'])
            else:
                self.failures.append((status, body))
            n += 1
            time.sleep(0.02)
            if len(mine) > self.AHEAD:
                final(self.user, mine.popleft(), 60)

    def after(self, more):
        wanted = len(self.asked) + more
        wait_for(lambda: self.failures or len(self.asked) >= wanted, 60, f'{more} more questions to be taken')

    def stop(self):
        self.stopped = True
        for thread in self.threads:
            thread.join()
        assert self.failures == []


@contextlib.contextmanager
def program(release, name, stack, folder, **settings):
    """A program of the next release on the database of a stack; its log."""
    log = folder / f'{name}.log'
    environment = {**bare_environment(),
                   'OFFSTAGE_DATABASE_URL': f'host={stack.run} dbname=offstage user=postgres',
                   'OFFSTAGE_SECRET_KEY_FILE': str(stack.var / 'secret.key'), 'OFFSTAGE_ALLOW_PRIVATE': '127.0.0.1',
                   **{'OFFSTAGE_' + key.upper(): str(value) for key, value in settings.items()}}
    with open(log, 'w') as errors:
        process = subprocess.Popen([release.programs / name], env=environment, stdin=subprocess.DEVNULL, stderr=errors)
    try:
        yield log
    finally:
        process.terminate()
        assert process.wait(60) == 0, log.read_text()


class UnixSocket(Client):
    """A client that speaks to the gateway at its socket."""

    def __init__(self, path, key):
        super().__init__('http://offstage', key)
        self.path = path

    def connect(self):
        connection = super().connect()
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(self.timeout)
        connection.sock.connect(str(self.path))
        return connection


def migrate(release, stack):
    done = subprocess.run([TOP / 'db' / 'migrate', '--directory', release.migrations, 'upgrade', 'head'], text=True,
                          env={**os.environ, 'OFFSTAGE_DATABASE_URL': f'host={stack.run} dbname=offstage user=postgres'},
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout


def jobs_done(text):
    return sum('"event":"job_done"' in line and '"kind":"respond"' in line for line in text.splitlines())


def test_old_and_new_programs_work_together_on_the_new_schema(start_stack, release, tmp_path):
    stack = start_stack(app_processes=4)
    user = stack.user()
    agent = made(user.post('/api/agents', json={'name': 'x', 'kind': 'chat_completions', 'model': 'script;tokens=20;rate=100',
                                                'endpoint_url': stack.upstream.url}))

    def through_the_old_app(body):
        reply = user.client.post('/api/invoke_endpoint', body)
        return reply.status, reply.json

    # The schema goes ahead under the old programs.
    before = {name: stack.pids(name) for name in ('app', 'stream', 'worker')}
    load = Load(user, agent)
    load.start(through_the_old_app)
    load.after(20)
    migrate(release, stack)
    load.after(40)
    ready = got(stack.anonymous().get('/readyz'))
    assert ready['ready'] and ready['schema']['applied'] == NEXT != ready['schema']['wanted']

    # New ones join them: what one takes another answers and a third shows.
    with program(release, 'offstage-worker', stack, tmp_path) as worker, \
            program(release, 'offstage-stream', stack, tmp_path, stream_socket=tmp_path / 'stream.sock') as gateway, \
            contextlib.ExitStack() as leaving:
        app = fastcgi.App(stack, programs=release.programs)
        leaving.callback(app.stop)

        def through_the_new_app(body):
            reply = app.call('POST', '/api/invoke_endpoint', key=user.key, body=body)
            return reply.status, reply.json

        wait_for(lambda: '"worker_registered"' in worker.read_text(), 30, 'the new worker')
        wait_for(lambda: '"gateway_started"' in gateway.read_text(), 30, 'the new gateway')
        assert app.call('GET', '/readyz').json['schema'] == {'ok': True, 'wanted': NEXT, 'applied': NEXT}
        taken = jobs_done(stack.log('worker'))
        load.ways = (through_the_old_app, through_the_new_app)
        load.after(60)
        wait_for(lambda: jobs_done(worker.read_text()) >= 10 and jobs_done(stack.log('worker')) >= taken + 10, 60,
                 'both workers to take part')
        for client in (user.client, UnixSocket(tmp_path / 'stream.sock', user.key)):
            for way in (through_the_old_app, through_the_new_app):
                _, asked = way({'agent_id': agent['id'], 'message': 'watch'})
                watcher = Watcher(client, asked['request_id'])
                assert watcher.read() and watcher.terminal['type'] == 'response.completed'
        load.stop()
        assert app.stop() == 0
    ends = {final(user, id)['status'] for id in load.asked}
    assert ends == {'completed'} and len(load.asked) >= 120
    assert {name: stack.pids(name) for name in before} == before
    for name in ('app', 'stream', 'worker'):
        assert '"level":"error"' not in stack.log(name)


def test_new_programs_wait_for_their_schema(start_stack, release, tmp_path):
    """Started too early they say which query does not fit, and the old ones go on."""
    stack = start_stack(app_processes=4)
    log = tmp_path / 'log'
    with open(log, 'w') as errors:
        process = subprocess.Popen([release.programs / 'offstage-app'], stdin=subprocess.DEVNULL, stderr=errors, env={
            'OFFSTAGE_APP_SOCKET': str(tmp_path / 'app.sock'), 'OFFSTAGE_APP_PROCESSES': '1',
            'OFFSTAGE_DATABASE_URL': f'host={stack.run} dbname=offstage user=postgres'})
    wait_for(lambda: 'system_schema' in log.read_text() and 'next_things' in log.read_text(), 30, 'the complaint')
    process.terminate()
    process.wait(30)
    assert got(stack.anonymous().get('/readyz'))['ready']
