"""API keys: shown once, limited by scope and time, revoked at once."""

import pytest

from stack import Caller, wait_for
from things import got, made, nothing, pages, pointers


def test_a_key_is_shown_once_and_works(stack, user):
    key = made(user.post('/api/keys', json={'name': 'report', 'scope': 'read'}))
    assert key['key'].startswith('off_') and key['key'].endswith(key['hint']) and key['last_used_at'] is None
    caller = Caller(stack.url, key['key'])
    assert got(caller.get('/api/auth/me'))['id'] == user.id
    # A use is noted once its answer is out.
    wait_for(lambda: stack.sql("select 1 from api_keys where id = :'id' and last_used_at is not null", id=key['id']),
             30, 'the use to be noted')
    listed, = [k for k in got(user.get('/api/keys'))['data'] if k['id'] == key['id']]
    assert listed['last_used_at'] and 'key' not in listed
    stored = str(stack.sql('select * from api_keys where user_id = :\'id\'', id=user.id))
    assert key['key'] not in stored and key['key'].removeprefix('off_') not in stored


def test_a_key_may_write_unless_told_otherwise(user):
    assert made(user.post('/api/keys', json={'name': 'x'}))['scope'] == 'write'


def test_a_revoked_key_is_out_at_once(stack, user):
    key = made(user.post('/api/keys', json={'name': 'x', 'scope': 'write'}))
    caller = Caller(stack.url, key['key'])
    got(caller.get('/api/chats'))
    assert user.delete(f'/api/keys/{key["id"]}').status_code == 204
    assert caller.get('/api/chats').status_code == 401
    assert user.delete(f'/api/keys/{key["id"]}').status_code == 404


def test_a_revoked_key_changes_nothing_though_each_process_remembers_it(stack, user, chat):
    """Who was known a moment ago is not looked up again: the transaction says whether it still holds."""
    key = made(user.post('/api/keys', json={'name': 'x', 'scope': 'write'}))
    caller = Caller(stack.url, key['key'])
    messages = f'/api/chats/{chat["id"]}/messages'
    for i in range(12):
        made(caller.post(messages, json={'role': 'user', 'content': str(i)}))
    assert user.delete(f'/api/keys/{key["id"]}').status_code == 204
    assert {caller.post(messages, json={'role': 'user', 'content': 'x'}).status_code for _ in range(12)} == {401}
    assert [m['content'] for m in got(user.get(messages))['data']] == [str(i) for i in range(12)]


def test_a_key_ends_at_its_time(stack, user):
    key = made(user.post('/api/keys', json={'name': 'x', 'expires_at': '2100-01-31T12:00:00.5+01:00'}))
    assert key['expires_at'] == '2100-01-31T11:00:00.500000Z'
    stack.sql("update api_keys set expires_at = now() where id = :'id'", id=key['id'])
    assert Caller(stack.url, key['key']).get('/api/chats').status_code == 401


@pytest.mark.parametrize('expires_at', ['2001-01-01T00:00:00Z', 'tomorrow', '2100-01-31', '2100-13-01T00:00:00Z',
                                        '2100-02-30T00:00:00Z', '2100-01-31T12:00:00', 'infinity', 4102444800])
def test_the_end_of_a_key_is_a_time_to_come(user, expires_at):
    assert user.post('/api/keys', json={'name': 'x', 'expires_at': expires_at}).status_code == 422


def test_a_key_needs_a_name_and_a_known_scope(user):
    assert pointers(user.post('/api/keys', json={'scope': 'root'})) == {'/name', '/scope'}
    assert pointers(user.post('/api/keys', json={'name': ''})) == {'/name'}


def test_a_key_of_less_scope_makes_no_key(user, make_key):
    for scope in ('read', 'write'):
        assert make_key(user, scope).post('/api/keys', json={'name': 'x', 'scope': 'admin'}).status_code == 403


def test_keys_are_listed_page_by_page(user):
    made_ids = [made(user.post('/api/keys', json={'name': str(i)}))['id'] for i in range(5)]
    listed = [k['id'] for page in pages(user, '/api/keys', 2) for k in page]
    assert listed[:5] == made_ids[::-1] and len(listed) == 6


def test_a_replayed_key_is_shown_to_its_maker_only(user, make_key, stack):
    """The stored answer is sealed with what only the credential that made it knows."""
    once = {'Idempotency-Key': nothing()}
    first = user.post('/api/keys', json={'name': 'x'}, headers=once)
    again = user.post('/api/keys', json={'name': 'x'}, headers=once)
    assert made(first) == made(again) and again.headers['Idempotent-Replayed'] == 'true'
    assert make_key(user, 'admin').post('/api/keys', json={'name': 'x'}, headers=once).status_code == 409
    stored = stack.sql("select body from idempotency_keys where user_id = :'id'", id=user.id)
    assert len(stored) == 1 and first.json()['key'] not in stored[0]['body'] and 'off_' not in stored[0]['body']
