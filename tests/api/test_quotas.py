"""Limits of users and of keys: what is over them is refused, also when a hundred come at once."""

import concurrent.futures
import re

import pytest

import contract
from stack import wait_for
from things import final, got, made, nothing, pointers

MINUTE = {'user_requests_per_minute': 6}


def ask(app, caller, agent, **headers):
    return app.call('POST', '/api/invoke_endpoint', headers, caller.key,
                    {'agent_id': agent['id'], 'message': 'Hello'})


def all_at_once(fn, n=100):
    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        return list(pool.map(lambda _: fn(), range(n)))


def statuses(replies):
    return {status: sum(r.status == status for r in replies) for status in {r.status for r in replies}}


def members(header):
    """{'user-requests': {'q': 6, 'w': 60}} of a RateLimit or RateLimit-Policy header."""
    found = {}
    for item in header.split(', '):
        name, *pairs = item.split(';')
        assert re.fullmatch(r'"[a-z-]+"', name)
        found[name.strip('"')] = {k: int(v) for k, v in (pair.split('=') for pair in pairs)}
    return found


def shared(user, stack):
    """An agent whose every answer takes 35 tokens: its model says so."""
    return made(user.post('/api/agents', json={'name': 'Counted', 'kind': 'chat_completions', 'model': 'hello',
                                               'max_output_tokens': 100, 'endpoint_url': stack.upstream.url}))


# ---- without a limit --------------------------------------------------------------

def test_where_nothing_is_limited_nothing_is_said_or_counted(user, agent, stack):
    reply = user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'})
    assert made(reply) and 'RateLimit' not in reply.headers
    assert stack.sql("select 1 from quotas where user_id = :'id'", id=user.id) == []
    row, = stack.sql("select reserved_tokens from requests where user_id = :'id'", id=user.id)
    assert row['reserved_tokens'] is None


def test_as_it_comes_a_user_is_limited_far_above_what_people_do(start_app, user, agent):
    app = start_app(user_requests_per_minute=None, user_tokens_per_day=None)
    policy = members(ask(app, user, agent).headers['RateLimit-Policy'])
    assert policy['user-requests']['q'] >= 60 and policy['user-tokens']['q'] >= 10_000_000


# ---- requests a minute ------------------------------------------------------------

def test_of_a_hundred_at_once_no_more_are_taken_than_a_minute_has(start_app, user, agent):
    app = start_app(app_processes=8, **MINUTE)
    replies = all_at_once(lambda: ask(app, user, agent))
    taken = statuses(replies)
    # One more comes free each ten seconds.
    assert set(taken) == {202, 429} and 6 <= taken[202] <= 6 + 1, taken
    refused = next(r for r in replies if r.status == 429)
    assert 1 <= int(refused.headers['Retry-After']) <= 10
    contract.validate(refused.json, contract.SCHEMAS['Problem'])
    assert len(got(user.get('/api/requests?limit=100'))['data']) == taken[202]


def test_the_headers_say_what_is_left(start_app, user, agent):
    app = start_app(**MINUTE)
    for left in range(5, -1, -1):
        reply = ask(app, user, agent)
        assert reply.status == 202
        assert members(reply.headers['RateLimit-Policy']) == {'user-requests': {'q': 6, 'w': 60}}
        said = members(reply.headers['RateLimit'])['user-requests']
        assert said['r'] == left and 0 < said['t'] <= 60
    refused = ask(app, user, agent)
    assert refused.status == 429 and members(refused.headers['RateLimit'])['user-requests']['r'] == 0
    assert 'requests a minute' in refused.json['detail']


def test_time_fills_the_bucket_evenly(start_app, user, agent, stack):
    app = start_app(**MINUTE)
    assert statuses([ask(app, user, agent) for _ in range(8)]) == {202: 6, 429: 2}
    stack.sql("update quotas set until = until - interval '20 s' where user_id = :'id'", id=user.id)
    assert statuses([ask(app, user, agent) for _ in range(4)]) == {202: 2, 429: 2}
    stack.sql("update quotas set until = now() - interval '1 year' where user_id = :'id'", id=user.id)
    assert statuses([ask(app, user, agent) for _ in range(8)]) == {202: 6, 429: 2}


def test_a_repeated_request_counts_once(start_app, user, agent):
    app, once = start_app(**MINUTE), nothing()
    assert statuses([ask(app, user, agent, **{'Idempotency-Key': once}) for _ in range(20)]) == {202: 20}
    assert statuses([ask(app, user, agent) for _ in range(7)]) == {202: 5, 429: 2}


def test_what_is_refused_otherwise_costs_nothing(start_app, user, agent):
    app = start_app(**MINUTE)
    for _ in range(10):
        assert app.call('POST', '/api/invoke_endpoint', key=user.key, body={'agent_id': nothing(), 'message': 'x'}).status == 404
    assert statuses([ask(app, user, agent) for _ in range(7)]) == {202: 6, 429: 1}


def test_users_and_their_keys_are_limited_apart(start_app, user, other, stack):
    app = start_app(user_requests_per_minute=1000)
    agent = made(other.post('/api/agents', json={'name': 'Shared', 'kind': 'extractive', 'visibility': 'workspace'}))
    key = made(user.post('/api/keys', json={'name': 'x', 'scope': 'write', 'requests_per_minute': 3}))
    limited = type(user)(stack.url, key['key'])
    assert statuses(all_at_once(lambda: ask(app, limited, agent), 20)) == {202: 3, 429: 17}
    reply = ask(app, limited, agent)
    assert set(members(reply.headers['RateLimit-Policy'])) == {'user-requests', 'key-requests'}
    assert statuses([ask(app, user, agent) for _ in range(5)] + [ask(app, other, agent)]) == {202: 6}


# ---- unfinished responses ---------------------------------------------------------

def test_of_a_hundred_at_once_no_more_are_unfinished_than_a_user_may_have(start_app, user, slow_agent):
    app = start_app(app_processes=8, user_queued=10)
    assert statuses(all_at_once(lambda: ask(app, user, slow_agent))) == {202: 10, 429: 90}
    first = got(user.get('/api/requests'))['data'][0]
    got(user.post(f'/api/requests/{first["id"]}/cancel'))
    assert statuses([ask(app, user, slow_agent) for _ in range(2)]) == {202: 1, 429: 1}


def test_nor_than_a_key_may_have(start_app, user, slow_agent, stack):
    app = start_app(app_processes=8)
    key = made(user.post('/api/keys', json={'name': 'x', 'unfinished_max': 4}))
    limited = type(user)(stack.url, key['key'])
    assert statuses(all_at_once(lambda: ask(app, limited, slow_agent), 40)) == {202: 4, 429: 36}
    assert ask(app, user, slow_agent).status == 202


# ---- tokens a day -----------------------------------------------------------------

def spent(stack, user):
    row, = stack.sql("select tokens from quotas where holder_id = :'id'", id=user.id)
    return int(row['tokens'])


def test_of_a_hundred_at_once_no_more_tokens_are_set_aside_than_a_day_has(start_app, user, slow_agent, stack):
    user.patch(f'/api/agents/{slow_agent["id"]}', json={'max_output_tokens': 100})
    app = start_app(app_processes=8, user_tokens_per_day=1000)
    taken = statuses(all_at_once(lambda: ask(app, user, slow_agent)))
    row, = stack.sql("select sum(reserved_tokens) as n from requests where user_id = :'id'", id=user.id)
    assert set(taken) == {202, 429} and int(row['n']) <= 1000 < int(row['n']) + 102, (taken, row)


def test_what_was_really_used_is_charged_and_the_rest_given_back(start_app, user, stack):
    agent = shared(user, stack)
    app = start_app(user_tokens_per_day=1000)
    for n in (1, 2):
        request = final(user, ask(app, user, agent).json['request_id'])
        assert request['status'] == 'completed'
        total = request['usage']['total_tokens']
        assert spent(stack, user) == n * total
    left = members(ask(app, user, agent).headers['RateLimit'])['user-tokens']['r']
    assert left == 1000 - 2 * total - int(stack.sql(
        "select max(reserved_tokens) as n from requests where user_id = :'id'", id=user.id)[0]['n'])


def test_what_a_key_uses_counts_for_its_user_too(start_app, user, stack):
    agent = shared(user, stack)
    app = start_app(user_tokens_per_day=100000)
    key = made(user.post('/api/keys', json={'name': 'x', 'tokens_per_day': 300}))
    limited = type(user)(stack.url, key['key'])
    final(user, ask(app, limited, agent).json['request_id'])
    rows = {r['holder_id']: r['tokens'] for r in stack.sql("select * from quotas where user_id = :'id'", id=user.id)}
    assert rows[user.id] == rows[key['id']] != '0'
    stack.sql("update quotas set tokens = 250 where holder_id = :'id'", id=key['id'])
    reply = ask(app, limited, agent)
    assert reply.status == 429 and 'tokens a day' in reply.json['detail']
    assert ask(app, user, agent).status == 202


def test_a_new_day_starts_at_nothing(start_app, user, stack):
    agent = shared(user, stack)
    app = start_app(user_tokens_per_day=1000)
    final(user, ask(app, user, agent).json['request_id'])
    stack.sql("update quotas set tokens = 1000 where holder_id = :'id'", id=user.id)
    refused = ask(app, user, agent)
    assert refused.status == 429 and 1 <= int(refused.headers['Retry-After']) <= 86400
    stack.sql("update quotas set day = day - 1 where holder_id = :'id'", id=user.id)
    assert ask(app, user, agent).status == 202


def test_a_deleted_chat_leaves_nothing_set_aside(start_app, user, slow_agent, stack):
    user.patch(f'/api/agents/{slow_agent["id"]}', json={'max_output_tokens': 900})
    app = start_app(user_tokens_per_day=1000)
    first = ask(app, user, slow_agent)
    assert first.status == 202 and ask(app, user, slow_agent).status == 429
    assert user.delete(f'/api/chats/{first.json["chat_id"]}').status_code == 204
    wait_for(lambda: stack.sql("select 1 from requests where user_id = :'id' and completed_at is null", id=user.id) == [], 30,
             'the cancelled request to end')
    assert ask(app, user, slow_agent).status == 202


def test_an_agent_that_needs_no_model_takes_no_tokens(start_app, user, agent):
    app = start_app(user_tokens_per_day=1)
    assert statuses([ask(app, user, agent) for _ in range(3)]) == {202: 3}


# ---- what a limit may be ----------------------------------------------------------

@pytest.mark.parametrize('limit', ['requests_per_minute', 'unfinished_max', 'tokens_per_day'])
@pytest.mark.parametrize('value', [0, -1, 1.5, '10', True, 10 ** 13])
def test_a_limit_is_a_whole_number_from_1(user, limit, value):
    assert pointers(user.post('/api/keys', json={'name': 'x', limit: value})) == {'/' + limit}
