"""Idempotency-Key: one effect, however often and however parallel it is sent."""

import concurrent.futures

import pytest

import contract
from stack import wait_for
from things import got, made, nothing


def chats(stack, user):
    return int(stack.sql("select count(*) as n from chats where user_id = :'id'", id=user.id)[0]['n'])


def test_ten_at_once_make_one_request(user, agent, stack):
    headers, body = {'Idempotency-Key': nothing()}, {'agent_id': agent['id'], 'message': 'once'}

    def send(_):
        return user.client.call('POST', '/api/invoke_endpoint', body, headers)

    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        replies = list(pool.map(send, range(10)))
    assert [r.status for r in replies] == [202] * 10
    assert len({r.body for r in replies}) == 1
    assert sum('Idempotent-Replayed' in r.headers for r in replies) == 9
    count, = stack.sql("select (select count(*) from requests where user_id = :'id') as requests, "
                       "(select count(*) from messages where user_id = :'id') as messages, "
                       "(select count(*) from all_jobs where user_id = :'id') as jobs", id=user.id)
    assert count == {'requests': '1', 'messages': '2', 'jobs': '1'}


def test_a_repetition_answers_as_the_first_did(user, stack):
    headers = {'Idempotency-Key': '"quoted"'}
    first = user.post('/api/chats', json={'title': 'x'}, headers=headers)
    user.patch(f'/api/chats/{made(first)["id"]}', json={'title': 'changed'})
    again = user.post('/api/chats', json={'title': 'x'}, headers={'Idempotency-Key': 'quoted'})
    assert (again.status_code, again.content, again.headers['Location']) == \
        (first.status_code, first.content, first.headers['Location'])
    assert again.headers['Idempotent-Replayed'] == 'true' and 'Idempotent-Replayed' not in first.headers
    assert chats(stack, user) == 1


def test_another_body_or_path_under_the_same_key_is_refused(user, chat, stack):
    headers = {'Idempotency-Key': 'k'}
    made(user.post('/api/chats', json={'title': 'x'}, headers=headers))
    assert user.post('/api/chats', json={'title': 'y'}, headers=headers).status_code == 422
    reply = user.post(f'/api/chats/{chat["id"]}/messages', json={'title': 'x'}, headers=headers)
    assert reply.status_code == 422 and 'Idempotency-Key' in reply.json()['detail']
    assert chats(stack, user) == 2


def test_keys_are_each_user_s_own(user, other):
    headers = {'Idempotency-Key': 'k'}
    mine, theirs = (made(u.post('/api/chats', json={'title': 'x'}, headers=headers)) for u in (user, other))
    assert mine['id'] != theirs['id']


def test_a_call_that_failed_can_be_repeated(user, agent):
    headers = {'Idempotency-Key': 'k'}
    body = {'agent_id': agent['id'], 'title': 'x'}
    assert user.post('/api/chats', json={**body, 'agent_id': nothing()}, headers=headers).status_code == 404
    made(user.post('/api/chats', json=body, headers=headers))


def test_a_key_is_forgotten_after_a_day(user, stack):
    headers = {'Idempotency-Key': 'k'}
    first = made(user.post('/api/chats', json={'title': 'x'}, headers=headers))
    stack.sql("update idempotency_keys set created_at = now() - interval '25 hours' where user_id = :'id'", id=user.id)
    assert made(user.post('/api/chats', json={'title': 'y'}, headers=headers))['id'] != first['id']


@pytest.mark.parametrize('key', ['', '""', 'x' * 256, 'é', 'a\tb'])
def test_a_key_is_visible_ascii_of_at_most_255(user, key):
    reply = user.post('/api/chats', json={}, headers={'Idempotency-Key': key.encode('latin-1', 'ignore')})
    assert reply.status_code == (201 if key in ('', '""') else 400)


def crawled_source(user, agent):
    """A website whose crawl is over: nothing listens there, and it was cancelled."""
    source = made(user.post(f'/api/agents/{agent["id"]}/sources', json={'type': 'url', 'url': 'http://127.0.0.1:9/'}))['id']
    assert user.post(f'/api/sources/{source}/cancel').status_code == 200
    wait_for(lambda: got(user.get(f'/api/crawl/{source}'))['status'] == 'cancelled', 30, 'the crawl to be cancelled')
    return source


@pytest.mark.parametrize('route', [r for r in contract.routes() if r['creates']], ids=lambda r: r['operation_id'])
def test_every_post_that_creates_takes_a_key(user, agent, chat, route, stack):
    message = made(user.post(f'/api/chats/{chat["id"]}/messages', json={'role': 'user', 'content': 'x'}))
    user.patch(f'/api/chats/{chat["id"]}', json={'agent_id': agent['id']})
    ids = {'agents': agent['id'], 'chats': chat['id'], 'messages': message['id']}
    if '/sources/{id}' in route['path']:
        ids['sources'] = crawled_source(user, agent)
    path = route['path'].replace('{id}', ids.get(route['path'].split('/')[2], ''))
    body = contract.example(route['input'])
    if 'agent_id' in body:
        body = {**body, 'agent_id': agent['id']}
    if 'email' in body:
        body = {**body, 'email': f'{nothing()}@example.com'}
    caller, once = stack.admin if route['auth'] == 'admin' else user, {'Idempotency-Key': nothing()}
    first, again = (caller.post(path, json=body, headers=once) for _ in range(2))
    assert made(first) == made(again) and again.headers['Idempotent-Replayed'] == 'true'


def test_other_calls_ignore_the_key(user, chat):
    for _ in range(2):
        reply = user.patch(f'/api/chats/{chat["id"]}', json={'title': 'x'}, headers={'Idempotency-Key': 'k'})
        assert got(reply) and 'Idempotent-Replayed' not in reply.headers
