"""What the tests of the HTTP interface share. Every reply to them is held against openapi.json."""

import hashlib
import secrets
import subprocess
import uuid

import pytest

import contract
import fastcgi
import stack as stack_module
from things import made


@pytest.fixture(autouse=True)
def checked_replies(monkeypatch):
    send = stack_module.Caller.request

    def request(self, *args, **kw):
        reply = send(self, *args, **kw)
        contract.check(reply)
        return reply

    monkeypatch.setattr(stack_module.Caller, 'request', request)


@pytest.fixture
def anonymous(stack):
    return stack.anonymous()


@pytest.fixture
def other(stack):
    """Another user than `user`."""
    return stack.user()


@pytest.fixture
def sign_in(stack):
    """Make a session in the database: sign_in(user, **columns) is a caller with its cookie."""

    def make(user, **columns):
        token, id = secrets.token_urlsafe(32), str(uuid.uuid4())
        values = {'expires_at': "now() + interval '1 day'", 'idle_s': '3600', 'last_seen_at': 'now()', **columns}
        stack.sql(f"""
            insert into sessions (id, user_id, token_hash, {', '.join(values)})
            values (:'id', :'user', decode(:'hash', 'hex'), {', '.join(values.values())})""",
                  id=id, user=user.id, hash=hashlib.sha256(token.encode()).hexdigest())
        caller = stack.anonymous()
        caller.headers['Cookie'] = 'session=' + token
        caller.session_id = id
        return caller

    return make


@pytest.fixture
def make_key(stack):
    """Make a key in the database: make_key(user, scope, **columns) is a caller with it."""

    def make(user, scope, **columns):
        key, id = 'off_' + secrets.token_urlsafe(32), str(uuid.uuid4())
        extra = ''.join(f', {name}' for name in columns), ''.join(f', {value}' for value in columns.values())
        stack.sql(f"""
            insert into api_keys (id, user_id, name, key_hash, hint, scope{extra[0]})
            values (:'id', :'user', 'test', decode(:'hash', 'hex'), 'xxxx', :'scope'{extra[1]})""",
                  id=id, user=user.id, scope=scope, hash=hashlib.sha256(key.encode()).hexdigest())
        caller = stack_module.Caller(stack.url, key, user.email, user.id)
        caller.key_id = id
        return caller

    return make


@pytest.fixture
def agent(user):
    """An agent of `user` that needs no model."""
    return made(user.post('/api/agents', json={'name': 'Helper', 'kind': 'extractive'}))


@pytest.fixture
def slow_agent(user, stack):
    """An agent of `user` whose model never answers: its requests stay unfinished."""
    return made(user.post('/api/agents', json={'name': 'Slow', 'kind': 'chat_completions', 'model': 'hang',
                                               'endpoint_url': stack.upstream.url}))


@pytest.fixture
def chat(user):
    return made(user.post('/api/chats', json={'title': 'A chat'}))


@pytest.fixture
def start_app(stack):
    """Start offstage-app by itself: start_app(public_url='https://x.example')."""
    started = []

    def start(**settings):
        started.append(fastcgi.App(stack, **settings))
        return started[-1]

    yield start
    for app in started:
        app.stop()


@pytest.fixture
def empty_database(stack):
    """A database beside the stack's own, with the schema and nobody in it."""
    name = 'empty_' + secrets.token_hex(4)
    stack.sql(f'create database {name}')
    subprocess.run([stack_module.build() + '/offstage-migrate', '-d', f'host={stack.run} dbname={name} user=postgres',
                    '--directory', stack_module.TOP / 'db' / 'migrations', 'upgrade'],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    yield name
    stack.sql(f'drop database {name} with (force)')
