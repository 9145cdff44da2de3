"""What leaves: chats after their time, and everything of a user whose account has ended."""

import subprocess

from stack import wait_for
from things import final, got, made, nothing


def tables(stack):
    """Every table that says whose its rows are."""
    return [row['table_name'] for row in stack.sql("""
        select c.table_name from information_schema.columns c
          join pg_class t on t.oid = format('public.%I', c.table_name)::regclass
         where c.table_schema = 'public' and c.column_name = 'user_id' and t.relkind in ('r', 'p') and not t.relispartition
         order by 1""")]


def held(stack, user):
    """Where rows say that they are the user's."""
    counts = ' union all '.join(f"select '{t}' as t, count(*) as n from {t} where user_id = :'id'" for t in tables(stack))
    return {row['t'] for row in stack.sql(counts, id=user.id) if row['n'] != '0'}


def live(stack):
    """Someone who has used most of what there is."""
    user = stack.user()
    agent = made(user.post('/api/agents', json={'name': 'A', 'kind': 'extractive'}))
    made(user.post(f'/api/agents/{agent["id"]}/sources', json={'type': 'text', 'title': 'T', 'content': 'The curtain.'}))
    made(user.post('/api/keys', json={'name': 'x'}))
    for text in ('one', 'two'):
        asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': text}))
        final(user, asked['request_id'])
    got(user.post(f'/api/messages/{asked["message_id"]}/feedback', json={'rating': 'up'}))
    wait_for(lambda: got(user.get('/api/search?q=two'))['data'], 30, 'the index')
    return user, agent


def test_a_user_who_is_deleted_leaves_nothing_behind(stack, other):
    user, _ = live(stack)
    before = held(stack, user)
    assert {'chats', 'messages', 'requests', 'response_events', 'message_words', 'message_feedback', 'agents', 'sources',
            'traces', 'feed_events', 'api_keys', 'jobs_done'} <= before
    made(other.post('/api/chats', json={}))
    assert stack.admin.delete(f'/api/users/{user.id}').status_code == 204
    assert user.get('/api/auth/me').status_code == 401
    wait_for(lambda: stack.sql("select count(*) as n from users where id = :'id'", id=user.id)[0]['n'] == '0', 60, 'the user to go')
    assert held(stack, user) == set()
    assert len(got(other.get('/api/chats'))['data']) == 1


def test_a_user_who_is_deleted_while_being_answered_leaves_nothing_behind(stack):
    user = stack.user()
    agent = made(user.post('/api/agents', json={'name': 'Slow', 'kind': 'chat_completions', 'model': 'hang',
                                                'endpoint_url': stack.upstream.url}))
    asked = [made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'})) for _ in range(3)]
    wait_for(lambda: got(user.get(asked[0]['status_url']))['status'] == 'streaming', 30, 'the start')
    assert stack.admin.delete(f'/api/users/{user.id}').status_code == 204
    wait_for(lambda: stack.sql("select count(*) as n from users where id = :'id'", id=user.id)[0]['n'] == '0', 60, 'the user to go')
    assert held(stack, user) == set()


def copy(stack, table, user, key):
    """More rows like one that the user has; `key` is what makes them others."""
    stack.sql(f"insert into {table} select (jsonb_populate_record(null::{table}, to_jsonb(x) || jsonb_build_object({key}))).* "
              f"from (select * from {table} where user_id = :'id' limit 1) x, generate_series(1, 40) i", id=user.id)


def test_an_account_leaves_in_small_steps(stack):
    """Each transaction changes few rows, however many the account has, and so holds no lock for long."""
    user, _ = live(stack)
    other = stack.user()
    made(user.post('/api/chats', json={}, headers={'Idempotency-Key': 'k'}))
    stack.sql("update audit_entries set user_id = :'id' where subject_id = :'id'", id=user.id)
    for table in ('jobs_done', 'audit_entries', 'messages', 'traces'):
        copy(stack, table, user, "'id', gen_random_uuid()")
    for table in ('response_events', 'feed_events'):
        copy(stack, table, user, "'seq', 1000 + i")
    copy(stack, 'idempotency_keys', user, "'key', i::text")
    stack.sql("update agents set visibility = 'workspace' where user_id = :'id'", id=user.id)
    stack.sql("""
        insert into chats (id, user_id, agent_id, title)
        select gen_random_uuid(), :'other', (select id from agents where user_id = :'id'), 'x' from generate_series(1, 40)""",
              id=user.id, other=other.id)
    stack.sql("""update users set disabled = true, email = 'gone-' || id || '@invalid', role = 'user' where id = :'id';
                 delete from sessions where user_id = :'id'; delete from api_keys where user_id = :'id'""", id=user.id)
    steps = []

    def step():
        done, = stack.sql("""
            select n, (select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_xact_user_tables where x.n is not null) as rows
              from (select user_erase(:'id', 20) as n offset 0) x""", id=user.id)
        steps.append(int(done['rows']))
        return done['n'] == '0'

    wait_for(step, 120, 'the account to go')
    # A row, and what hangs on it: of a message its words and what was thought of it.
    assert max(steps) <= 3 * 20 and sum(steps) >= 9 * 40
    assert held(stack, user) == set()
    assert len(got(other.get('/api/chats?limit=100'))['data']) == 40


def test_only_an_admin_deletes_users_and_none_themselves(stack, user, other):
    assert user.delete(f'/api/users/{other.id}').status_code == 403
    assert stack.admin.delete(f'/api/users/{stack.admin.id}').status_code == 409
    assert stack.admin.delete(f'/api/users/{nothing()}').status_code == 404


def swept(stack, user, bin_days=30, keep_days=0):
    """Run the worker's statement until it has nothing left; the most of the user's messages that one took."""
    most, left = 0, messages(stack, user)
    while stack.sql(f'set role offstage_worker; select chats_sweep(5, {bin_days}, {keep_days}) as n')[0]['n'] != '0':
        before, left = left, messages(stack, user)
        most = max(most, before - left)
    return most


def messages(stack, user):
    return int(stack.sql("select count(*) as n from messages where user_id = :'id'", id=user.id)[0]['n'])


def age(stack, chat, column, days):
    stack.sql(f"update chats set {column} = now() - :days * interval '1 day' where id = :'id'", id=chat, days=days)


def exists(stack, table, column, id):
    return stack.sql(f"select count(*) as n from {table} where {column} = :'id'", id=id)[0]['n'] != '0'


def test_the_bin_is_emptied_after_its_days_in_small_batches(stack):
    user, agent = live(stack)
    old, young = [c['id'] for c in got(user.get('/api/chats'))['data']]
    request = got(user.get(f'/api/requests?chat_id={old}'))['data'][0]['id']
    for _ in range(12):
        made(user.post(f'/api/chats/{old}/messages', json={'role': 'user', 'content': 'x'}))
    for chat, days in ((old, 31), (young, 29)):
        assert user.delete(f'/api/chats/{chat}').status_code == 204
        age(stack, chat, 'deleted_at', days)
    assert 0 < swept(stack, user) <= 5
    assert not exists(stack, 'chats', 'id', old) and exists(stack, 'chats', 'id', young)
    for table, column in (('requests', 'id'), ('response_events', 'request_id'), ('traces', 'id')):
        assert not exists(stack, table, column, request), table


def test_untouched_chats_go_when_the_operator_says_so(stack, user, chat):
    age(stack, chat['id'], 'active_at', 36400)
    swept(stack, user)
    assert exists(stack, 'chats', 'id', chat['id'])
    swept(stack, user, keep_days=36000)
    assert not exists(stack, 'chats', 'id', chat['id'])


def test_traces_go_with_their_week_and_hold_up_nobody_who_reads(stack):
    user, agent = live(stack)
    young = got(user.get('/api/traces'))['data'][0]['id']
    old = stack.sql("""
        set role offstage_owner;
        create table traces_20250106 partition of traces
            for values from (uuid_at('2025-01-06 00:00Z')) to (uuid_at('2025-01-13 00:00Z'));
        reset role;
        create temporary table copied as select * from traces where id = :'id';
        update copied set id = (left(uuid_at('2025-01-08 00:00Z')::text, 14) || substr(id::text, 15))::uuid;
        insert into traces select * from copied returning id""", id=young)[0]['id']
    sweep = "set role offstage_worker; select partition_sweep('traces', 30) as dropped"
    reader = subprocess.Popen(['psql', '-X', '-q', '-At', '-d', f'host={stack.run} dbname=offstage user=postgres'],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try: # as a backup does, for hours
        reader.stdin.write('begin; lock table traces in access share mode; select 1;\n')
        reader.stdin.flush()
        assert reader.stdout.readline() == '1\n'
        assert stack.sql(sweep) == [{'dropped': '0'}] and exists(stack, 'traces', 'id', old)
    finally:
        reader.communicate('rollback;\n')
    wait_for(lambda: stack.sql(sweep) and not exists(stack, 'traces', 'id', old), 30, 'the old week to leave')
    assert exists(stack, 'traces', 'id', young)


def test_deleting_a_chat_for_ever_takes_what_was_logged_of_it(stack):
    user, _ = live(stack)
    chat = got(user.get('/api/chats'))['data'][0]['id']
    request = got(user.get(f'/api/requests?chat_id={chat}'))['data'][0]['id']
    assert exists(stack, 'response_events', 'request_id', request) and exists(stack, 'traces', 'id', request)
    assert user.delete(f'/api/chats/{chat}?forever=true').status_code == 204
    assert not exists(stack, 'response_events', 'request_id', request) and not exists(stack, 'traces', 'id', request)
