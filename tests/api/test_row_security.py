"""The second line: each query without its owner's condition, one condition at a time. The database still refuses.

A query is run as the app's role for an intruder, with the owner's ids as its parameters. As a control it
runs where policies do not count: what reaches nothing there either proves nothing, and is skipped by name.
"""

import itertools
import json
import pathlib
import re
import subprocess

import pytest

import stack as stack_module
from things import final, made

FOLDER = pathlib.Path(stack_module.TOP) / 'db'
# The spellings of "this row is the caller's".
OWNED = re.compile(r'(?:\b\w+\.)?user_id = (?:\(select app_user\(\)\)|app_user\(\))')
WORDS = [None, 'completed', '00000000-0000-4000-8000-000000000000']


def queries():
    for path in sorted(FOLDER.glob('*.sql')):
        name, lines = None, []
        for line in [*path.read_text().splitlines(), '-- name: end']:
            if line.startswith('-- name: '):
                if name:
                    yield name, '\n'.join(lines).strip().rstrip(';')
                name, lines = line.removeprefix('-- name: ').strip(), []
            elif not line.lstrip().startswith('--'):
                lines.append(line)


def mutants():
    """(query, which of its conditions is gone, the rest)."""
    for name, text in queries():
        for n, found in enumerate(OWNED.finditer(text)):
            yield pytest.param(name, text[:found.start()] + 'true' + text[found.end():], id=f'{name}-{n}')


@pytest.fixture(scope='module')
def world(stack):
    owner, intruder = stack.user(), stack.user()
    agent = made(owner.post('/api/agents', json={'name': 'Theirs', 'kind': 'extractive'}))
    source = made(owner.post(f'/api/agents/{agent["id"]}/sources', json={'type': 'text', 'title': 'T', 'content': 'C'}))
    asked = made(owner.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hello', 'session_id': 's'},
                            headers={'Idempotency-Key': 'k'}))
    final(owner, asked['request_id'])
    slow = made(owner.post('/api/agents', json={'name': 'Slow', 'kind': 'chat_completions', 'model': 'hang',
                                                'endpoint_url': stack.upstream.url}))
    running = made(owner.post('/api/invoke_endpoint', json={'agent_id': slow['id'], 'message': 'Hello'}))
    hook = owner.post('/api/webhooks', json={'url': 'http://127.0.0.1:9/'})
    owner.agent, owner.intruder = agent, intruder
    # Notes of their use are some minutes old, so that queries that renew them find them.
    stack.sql("""
        update api_keys set last_used_at = now() - interval '1 hour' where user_id = :'id';
        insert into sessions (id, user_id, token_hash, expires_at, idle_s, last_seen_at)
        values (gen_random_uuid(), :'id', sha256(gen_random_uuid()::text::bytea), now() + interval '1 day', 36000,
                now() - interval '1 hour')""", id=owner.id)
    owner.ids = [r['id'] for table in TABLES if table != 'users'
                 for r in stack.sql(f"select {IDS.get(table, 'id')} as id from {table} where user_id = :'id'", id=owner.id)]
    owner.ids = sorted({i for i in [*owner.ids, owner.id] if i})
    assert {source['id'], asked['chat_id'], running['request_id'], hook.json()['id']} <= set(owner.ids)
    return owner


# Tables of rows with an owner, and what names a row where it is not id.
TABLES = ['agents', 'agent_tests', 'sources', 'chats', 'messages', 'requests', 'api_keys', 'sessions', 'jobs', 'jobs_done',
          'webhooks', 'traces']
IDS = {}


def types_of(stack, text):
    rows = stack.sql(f"prepare q as {text};\nselect array_to_json(parameter_types::text[]) as t from pg_prepared_statements "
                     "where name = 'q'")
    return json.loads(rows[0]['t'])


def value(kind, word, owner):
    """A literal for a parameter: one of the owner's ids, a word, or a number that is large enough."""
    quote = lambda text: 'null' if text is None else "'" + text.replace("'", "''") + "'"
    if kind == 'uuid':
        return quote(word)
    if kind == 'uuid[]':
        return quote('{' + ','.join(owner.ids) + '}')
    if kind in ('integer', 'bigint', 'smallint'):
        return '100'
    if kind == 'boolean':
        return 'true'
    if kind.endswith('[]'):
        return "'{}'"
    return quote(word if kind in ('text', 'unknown') else None)


def attempts(kinds, owner):
    """Parameters to try: each of the owner's ids for each uuid, beside null and a new one; each word for each text."""
    ids = [*owner.ids, None]
    uuids = [i for i, kind in enumerate(kinds) if kind == 'uuid']
    texts = [i for i, kind in enumerate(kinds) if kind in ('text', 'unknown')]
    for id, where in itertools.product(ids if uuids else [None], uuids or [None]):
        for word in ['k', 's', 'completed', 'queued', None] if texts else [None]:
            words = [None] * len(kinds)
            for i in uuids:
                words[i] = id if i == where else None
            for i in texts:
                words[i] = word
            yield [value(kind, words[i], owner) for i, kind in enumerate(kinds)]


def script(kind_of_caller, text, kinds, owner):
    """Run it with each list of parameters, each in a transaction that is undone; say what was reached.

    Reached: a row was returned in which something of the owner's is named, or one of the owner's rows has changed.
    """
    state = ' || '.join(f"(select coalesce(md5(string_agg(x::text, '' order by x::text)), '') from {t} x where "
                        f"{'id' if t == 'users' else 'user_id'} = '{owner.id}')" for t in [*TABLES, 'feeds', 'idempotency_keys'])
    lines = [f"prepare q as {text};",
             "create temporary table reached (how text);", "grant all on reached to public;",
             f"create function pg_temp.state() returns text language sql security definer as $f$ select {state} $f$;"]
    for arguments in attempts(kinds, owner):
        call = f"execute q({', '.join(arguments)})" if kinds else 'execute q'
        lines += ["begin isolation level repeatable read;", *kind_of_caller,
                  f"select set_config('app.user_id', '{owner.intruder.id}', true);",
                  "select pg_temp.state() as before \\gset", "savepoint s;",
                  "\\set ON_ERROR_STOP off", f"{call};", "\\set ON_ERROR_STOP on",
                  "\\if :ERROR", "rollback to s;", "\\endif",
                  "select pg_temp.state() <> :'before' as changed \\gset",
                  "\\if :changed", "\\echo REACHED change", "\\endif", "rollback;"]
    return '\n'.join(lines)


def reached(stack, kind_of_caller, text, kinds, owner):
    """Whether the query, run so, showed or changed something of the owner's."""
    done = subprocess.run(['psql', '-X', '-q', '-At', '-w', '-v', 'ON_ERROR_STOP=1',
                           '-d', f'host={stack.run} dbname=offstage user=postgres'],
                          input=script(kind_of_caller, text, kinds, owner), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    out = done.stdout.replace(owner.intruder.id, '')
    return 'REACHED' in out or any(id in out for id in owner.ids) or SECRET_TEXT in out


SECRET_TEXT = 'Hello'
AS_APP = ["set local role offstage_app;"]
WITHOUT_POLICIES = ["set local row_security = on;"]  # a superuser, whom no policy holds


@pytest.mark.plain # SQL only: no program of the build takes part
@pytest.mark.parametrize('name, text', mutants())
def test_a_query_without_its_owner_s_condition_reaches_nothing(name, text, stack, world):
    kinds = types_of(stack, text)
    assert not reached(stack, AS_APP, text, kinds, world)
    if not reached(stack, WITHOUT_POLICIES, text, kinds, world):
        pytest.skip('other conditions or the parameters tried keep it from reaching anything without policies, too')
