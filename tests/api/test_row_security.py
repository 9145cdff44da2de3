"""The second line: each query without its owner's condition, one condition at a time. The database still refuses.

A query is run as the role that uses it for an intruder, with the owner's ids as its parameters. As a control it
runs where policies do not count: what reaches nothing there proves nothing, and fails.
"""

import itertools
import json
import pathlib
import re
import subprocess
import uuid

import pytest

import stack as stack_module
from row_examples import EXAMPLES, NOT_ALONE, WORLD
from stack import wait_for
from things import final, got, made

FOLDER = pathlib.Path(stack_module.TOP) / 'db'
# The spellings of "this row is the caller's".
OWNED = re.compile(r'(?:\b\w+\.)?user_id = (?:\(select app_user\(\)\)|app_user\(\))(?! as )')
# The files whose queries are only the worker's, and such queries of other files.
OF_THE_WORKER = {'chat_title', 'chunk', 'crawl_run', 'import', 'embedding_missing', 'embedding_add', 'embedding_question',
                 'embedding_answer'}


def queries():
    for path in sorted(FOLDER.glob('*.sql')):
        name, lines = None, []
        for line in [*path.read_text().splitlines(), '-- name: end']:
            if line.startswith('-- name: '):
                if name:
                    yield path.stem, name, '\n'.join(lines).strip().rstrip(';')
                name, lines = line.removeprefix('-- name: ').strip(), []
            elif not line.lstrip().startswith('--'):
                lines.append(line)


def mutants():
    """(the role that runs it, which of a query's conditions is gone, the rest)."""
    for file, name, text in queries():
        role = 'offstage_worker' if {file, name} & OF_THE_WORKER else 'offstage_app'
        found = list(OWNED.finditer(text))
        for n, one in enumerate(found):
            if f'{name}-{n}' not in NOT_ALONE:
                yield pytest.param(role, f'{name}-{n}', text[:one.start()] + 'true' + text[one.end():], id=f'{name}-{n}')
        if len(found) > 1:
            yield pytest.param(role, f'{name}-all', OWNED.sub('true', text), id=f'{name}-all')


@pytest.fixture(scope='module')
def world(stack):
    owner, intruder = stack.user(), stack.user()
    agent = made(owner.post('/api/agents', json={'name': 'Theirs', 'kind': 'extractive'}))
    source = made(owner.post(f'/api/agents/{agent["id"]}/sources', json={'type': 'text', 'title': 'T', 'content': 'The curtain.'}))
    asked = made(owner.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hello', 'session_id': 's'},
                            headers={'Idempotency-Key': 'k'}))
    final(owner, asked['request_id'])
    slow = made(owner.post('/api/agents', json={'name': 'Slow', 'kind': 'chat_completions', 'model': 'hang',
                                                'endpoint_url': stack.upstream.url}))
    running = made(owner.post('/api/invoke_endpoint', json={'agent_id': slow['id'], 'message': 'Hello'}))
    hook = made(owner.post('/api/webhooks', json={'url': 'http://127.0.0.1:9/'}))
    wait_for(lambda: got(owner.get(f'/api/sources/{source["id"]}'))['status'] == 'ready', 30, 'the source')
    wait_for(lambda: got(owner.get(running['status_url']))['status'] == 'streaming', 30, 'the slow answer to begin')
    owner.agent, owner.intruder = agent, intruder
    answer, = stack.sql("select message_id from requests where id = :'id'", id=asked['request_id'])
    names = {'owner': owner.id, 'agent': agent['id'], 'source': source['id'], 'chat': asked['chat_id'], 'answer': answer['message_id'],
             'request': asked['request_id'], 'hook': hook['id'], 'running': running['request_id'], 'running_status': 'streaming',
             **{name: str(uuid.uuid4()) for name in ('site', 'crawl', 'url', 'copy', 'page', 'copied', 'import', 'test', 'binned', 'session',
                                                           'delivery', 'delivered', 'bare', 'asked', 'answered', 'hidden')}}
    # Notes of their use are some minutes old, so that queries that renew them find them.
    stack.sql("""
        update api_keys set last_used_at = now() - interval '1 hour' where user_id = :'owner';
        insert into sessions (id, user_id, token_hash, expires_at, idle_s, last_seen_at)
        values (:'session', :'owner', sha256(gen_random_uuid()::text::bytea), now() + interval '1 day', 36000,
                now() - interval '1 hour');""" + WORLD, **names)
    chunk, = stack.sql("select id, page_id from chunks where user_id = :'id' and position <> 99", id=owner.id)
    segments, = stack.sql("select array_agg(id)::text as ids from chunk_segments where user_id = :'id'", id=owner.id)
    owner.names = {**names, 'chunk': chunk['id'], 'text_page': chunk['page_id'], 'segments': segments['ids']}
    owner.ids = [r['id'] for table in TABLES if table not in KEYS
                 for r in stack.sql(f"select id from {table} where user_id = :'id'", id=owner.id)]
    owner.ids = sorted({i for i in [*owner.ids, owner.id] if i})
    assert {source['id'], asked['chat_id'], running['request_id'], hook['id']} <= set(owner.ids)
    return owner


# Tables of rows with an owner, and what orders the rows of those that have no id.
TABLES = ['agents', 'agent_tests', 'sources', 'pages', 'crawls', 'chats', 'messages', 'requests', 'api_keys', 'sessions', 'jobs',
          'jobs_done', 'webhooks', 'webhook_deliveries', 'traces', 'imports', 'feeds', 'idempotency_keys', 'crawl_urls', 'message_feedback', 'chunks',
          'chunk_segments', 'chunk_deletions', 'chunk_vectors', 'question_vectors', 'response_events']
KEYS = {'chunk_vectors', 'feeds', 'idempotency_keys', 'crawl_urls', 'message_feedback', 'chunk_segments', 'chunk_deletions', 'response_events'}


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


def attempts(name, kinds, owner):
    """Parameters to try: the example's, or each of the owner's ids for each uuid, beside null, and each word for each text."""
    example = EXAMPLES.get(name) or EXAMPLES.get(name.rpartition('-')[0])
    if example:
        yield example[0].format(**owner.names)
        return
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
            yield ', '.join(value(kind, words[i], owner) for i, kind in enumerate(kinds))


def script(kind_of_caller, name, text, kinds, owner):
    """Run it with each list of parameters in turn, in one transaction that is undone; say what was reached.

    Reached: a row was returned in which something of the owner's is named, or one of the owner's rows has changed.
    """
    state = ' || '.join(f"(select coalesce(md5(string_agg(x::text, '' order by x::text)), '') from {t} x where user_id = '{owner.id}')"
                        for t in TABLES)
    lines = [f"prepare q as {text};",
             f"create function pg_temp.state() returns text language sql security definer as $f$ select {state} $f$;",
             "begin isolation level repeatable read;", *kind_of_caller,
             f"select set_config('app.user_id', '{owner.intruder.id}', true);",
             "select pg_temp.state() as before \\gset", "\\set ON_ERROR_STOP off"]
    for arguments in attempts(name, kinds, owner):
        lines += ["savepoint s;", f"execute q({arguments});" if kinds else "execute q;",
                  "\\if :ERROR", "rollback to s;", "\\endif", "release s;"]
    return '\n'.join([*lines, "\\set ON_ERROR_STOP on", "select pg_temp.state() <> :'before' as changed \\gset",
                      "\\if :changed", "\\echo REACHED change", "\\endif", "rollback;"])


def reached(stack, kind_of_caller, name, text, kinds, owner):
    """Whether the query, run so, showed or changed something of the owner's."""
    done = subprocess.run(['psql', '-X', '-q', '-At', '-w', '-v', 'ON_ERROR_STOP=1',
                           '-d', f'host={stack.run} dbname=offstage user=postgres'],
                          input=script(kind_of_caller, name, text, kinds, owner), text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    out = done.stdout.replace(owner.intruder.id, '')
    sign = (EXAMPLES.get(name) or EXAMPLES.get(name.rpartition('-')[0]) or [])[1:]
    return ('REACHED' in out or any(id in out for id in owner.ids) or SECRET_TEXT in out
            or any(re.search(one, out, re.MULTILINE) for one in sign)), done.stderr


SECRET_TEXT = 'Hello'
WITHOUT_POLICIES = ["set local row_security = on;"] # a superuser, whom no policy holds


@pytest.mark.plain # SQL only: no program of the build takes part
@pytest.mark.parametrize('role, name, text', mutants())
def test_a_query_without_its_owner_s_condition_reaches_nothing(role, name, text, stack, world):
    kinds = types_of(stack, text)
    did, _ = reached(stack, [f'set local role {role};'], name, text, kinds, world)
    assert not did
    did, complaints = reached(stack, WITHOUT_POLICIES, name, text, kinds, world)
    assert did, f'nothing is reached without policies either: give it an example; {complaints[-500:]}'


def test_every_example_is_of_a_query():
    names = {name for _, name, text in queries() for name in [name, *(f'{name}-{n}' for n, _ in enumerate(OWNED.finditer(text)))]}
    assert set(EXAMPLES) | NOT_ALONE <= names


@pytest.mark.plain
def test_a_message_added_by_one_call_goes_into_none_but_the_caller_s_chats(stack, world):
    chat, new = world.names['chat'], str(uuid.uuid4())
    before = stack.sql("select active_at, preview from chats where id = :'id'", id=chat)
    added = [stack.sql("""
        begin;
        set local role offstage_app;
        select set_config('app.user_id', :'caller', true) as caller \\gset
        select at is not null as added from message_add(:'new', :'chat', 'user', 'Mine', 'Mine');
        commit;""", new=new, chat=chat, caller=caller)[0]['added'] for caller in (world.intruder.id, world.id)]
    assert added == ['f', 't']
    assert [row['n'] for row in stack.sql("select count(*) as n from messages where id = :'id'", id=new)] == ['1']
    assert stack.sql("select active_at, preview from chats where id = :'id'", id=chat) != before


@pytest.mark.plain
@pytest.mark.parametrize('is_new, error', [('false', 'OF404'), ('true', '23505')])
def test_a_request_made_by_one_call_goes_into_none_but_the_caller_s_chats(is_new, error, stack, world):
    chat, agent = world.names['chat'], world.agent['id']
    new, job, asked, answer = (str(uuid.uuid4()) for _ in range(4))
    done = subprocess.run(
        ['psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', f'host={stack.run} dbname=offstage user=postgres'],
        input=f"""\\set VERBOSITY sqlstate
            begin;
            set local role offstage_app;
            select set_config('app.user_id', '{world.intruder.id}', true);
            select request_add('{new}', '{chat}', {is_new}, '{agent}', 'Mine', 'Mine', '{{{asked},{answer}}}', '{{NULL,{asked}}}',
                               '{{user,assistant}}', '{{completed,in_progress}}', '{{Mine,""}}', '{asked}', '{answer}', null,
                               null, null, null, 1, '{{0,1}}', '{{}}', '{job}', 'respond', 'respond', 1, '{{}}');
            commit;""", text=True, capture_output=True, timeout=60)
    assert done.returncode != 0 and error in done.stderr, done.stderr
    assert stack.sql("select id from messages where id = :'id'", id=asked) == []
