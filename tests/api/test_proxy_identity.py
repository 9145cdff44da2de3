"""Callers whom a reverse proxy names by X-Forwarded-Email: only where the operator says so, and only by that proxy."""

import secrets

import pytest

from stack import Stack
from things import got, made

PROXY, SOMEBODY = '10.1.2.3', '192.0.2.9'


@pytest.fixture
def trusting(start_app):
    return start_app(identity_proxies='10.1.0.0/16, 2001:db8::7')


def call(app, email, method='GET', path='/api/auth/me', peer=PROXY, body=None, **headers):
    more = {} if peer is None else {'OFFSTAGE_PEER': peer}
    return app.call(method, path, {'X-Forwarded-Email': email, **headers}, body=body, **more)


def test_the_proxy_s_word_is_who_calls(trusting, user):
    assert call(trusting, user.email).json['id'] == user.id
    assert call(trusting, user.email.upper(), peer='2001:db8::7').json['id'] == user.id


@pytest.mark.parametrize('peer', [SOMEBODY, '10.2.0.1', '2001:db8::8', '127.0.0.1', None, 'unix:', '10.1.2.3.evil', ''])
def test_nobody_else_is_believed(trusting, user, peer):
    assert call(trusting, user.email, peer=peer).status == 401


def test_the_client_s_own_address_does_not_count(trusting, user):
    """REMOTE_ADDR is the client's once nginx has believed X-Forwarded-For; the header could come from anybody."""
    assert trusting.call('GET', '/api/auth/me', {'X-Forwarded-Email': user.email}, REMOTE_ADDR=PROXY,
                         OFFSTAGE_PEER=SOMEBODY).status == 401


def test_it_is_off_unless_a_proxy_is_listed(start_app, user):
    assert call(start_app(), user.email).status == 401


def test_who_is_new_gets_an_account_without_a_password(trusting, stack):
    email = f'{secrets.token_hex(8)}@example.org'
    first, second = call(trusting, email), call(trusting, email)
    assert first.status == 200 and first.json['id'] == second.json['id'] and first.json['role'] == 'user'
    row, = stack.sql("select password_hash from users where id = :'id'", id=first.json['id'])
    assert row['password_hash'] is None
    login = trusting.call('POST', '/api/auth/login', body={'email': email, 'password': 'x'})
    assert login.status == 401


def test_where_registration_is_closed_nobody_new_is_let_in(start_app, stack, user):
    app, email = start_app(identity_proxies=PROXY, registration='closed'), f'{secrets.token_hex(8)}@example.org'
    assert call(app, email).status == 403
    assert stack.sql("select 1 from users where email = :'e'", e=email) == []
    assert call(app, user.email).status == 200


def test_who_is_disabled_stays_out(trusting, stack, user):
    assert call(trusting, user.email).status == 200
    stack.sql("update users set disabled = true where id = :'id'", id=user.id)
    assert {call(trusting, user.email).status for _ in range(5)} == {401}


@pytest.mark.parametrize('email', ['nobody', 'a b@c.de', 'a@b.c, d@e.f', '@', 'x' * 300 + '@example.org', 'ü@example.org'])
def test_what_is_no_address_is_nobody(trusting, email):
    assert call(trusting, email.encode().decode('latin-1')).status == 401


def test_a_change_must_come_from_our_own_pages(trusting, user):
    """The proxy adds its word to whatever a browser sends, led by whatever site."""
    for headers in ({}, {'Origin': 'https://evil.example'}, {'Sec-Fetch-Site': 'cross-site'}):
        assert call(trusting, user.email, 'POST', '/api/chats', body={}, **headers).status == 403
    own = {'Origin': 'https://chat.example', 'Host': 'chat.example'}
    assert call(trusting, user.email, 'POST', '/api/chats', body={}, **own).status == 201


def test_a_key_goes_before_it_and_it_before_a_cookie(trusting, user, other, sign_in):
    assert call(trusting, user.email, Authorization='Bearer ' + other.key).json['id'] == other.id
    cookie = sign_in(other).headers['Cookie']
    assert call(trusting, user.email, Cookie=cookie).json['id'] == user.id


def test_it_reaches_app_and_gateway_through_nginx():
    stack = Stack.start(identity_proxies='127.0.0.1')
    try:
        user = stack.user()
        caller = stack.anonymous()
        caller.headers['X-Forwarded-Email'] = user.email
        assert got(caller.get('/api/auth/me'))['id'] == user.id
        # A forged hop changes nothing: who spoke to nginx is what counts.
        assert got(caller.get('/api/auth/me', headers={'X-Forwarded-For': '192.0.2.1', 'X-Offstage-Peer': '192.0.2.1'}))
        agent = made(user.post('/api/agents', json={'name': 'A', 'kind': 'extractive'}))
        asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hello'}))
        with stack.anonymous().client.stream(asked['stream_url'], headers={'X-Forwarded-Email': user.email}) as events:
            assert events.status == 200 and [e.name for e in events][-1].startswith('response.')
        assert got(caller.get(asked['status_url'] + '?wait=1'))['id'] == asked['request_id']
        with stack.anonymous().client.stream('/api/events', headers={'X-Forwarded-Email': user.email}) as events:
            assert events.status == 200
            got(stack.admin.patch(f'/api/users/{user.id}', json={'disabled': True}))
            assert [e.name for e in events if e.name == 'response.completed'] == [] # it ends
        assert caller.get('/api/auth/me').status_code == 401
    finally:
        stack.stop()


def test_the_gateway_believes_no_other(stack, user):
    with stack.anonymous().client.stream('/api/events', headers={'X-Forwarded-Email': user.email,
                                                                 'X-Offstage-Peer': '127.0.0.1'}) as events:
        assert events.status == 401
