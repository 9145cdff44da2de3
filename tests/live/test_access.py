"""Who may open a stream, and for how long."""

import time

import pytest
import websocket

from gateway import LocalClient

PATHS = ['/api/events', '/api/requests/{}/stream']


def path_of(path, writer):
    return path.format(writer.request().id)


def refusal(client, path, headers=None):
    """The status with which a handshake is refused."""
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        client.websocket(path, headers)
    return refused.value.status_code


@pytest.mark.parametrize('path', PATHS)
def test_without_a_credential_it_is_401(gateway, writer, path):
    reply = gateway.client().get(path_of(path, writer))
    assert reply.status == 401
    assert reply.headers['WWW-Authenticate'] == 'Bearer'
    assert reply.json['error'] == 'Sign in, or send an API key'
    assert refusal(gateway.client(), path_of(path, writer)) == 401


@pytest.mark.parametrize('path', PATHS)
@pytest.mark.parametrize('headers', [{'Authorization': 'Bearer off_unknown'}, {'Authorization': 'Basic dTpw'},
                                     {'Authorization': 'Bearer '}, {'Cookie': 'session=unknown'},
                                     {'Cookie': 'session='}, {'Authorization': 'Bearer ' + 'x' * 5000}])
def test_with_a_credential_that_is_none_it_is_401(gateway, writer, path, headers):
    client = gateway.client()
    assert client.get(path_of(path, writer), headers=headers).status == 401
    assert refusal(client, path_of(path, writer), headers) == 401


@pytest.mark.parametrize('cookie', [False, True])
def test_a_session_or_a_key_opens_streams(gateway, writer, cookie):
    request = writer.request().begin().say('x').end()
    client = gateway.client(writer, cookie=cookie)
    assert list(client.stream(request.path))[-1].name == 'response.completed'
    assert list(client.websocket(request.path))[-1]['type'] == 'response.completed'


def test_two_session_cookies_are_none(gateway, writer):
    client = LocalClient(gateway.socket, cookie=f'session={writer.token}; session={writer.token}')
    assert client.get('/api/events').status == 401


def test_another_users_request_is_absent(gateway, writer, scribe):
    other = gateway.client(scribe.user())
    request = writer.request()
    reply = other.get(request.path)
    assert reply.status == 404
    assert reply.json['error'] == 'Request not found'
    assert refusal(other, request.path) == 404
    absent = other.get('/api/requests/01890000-0000-7000-8000-000000000000/stream')
    assert {**absent.json, 'instance': ''} == {**reply.json, 'instance': ''}


@pytest.mark.parametrize('path', ['/', '/api/requests/x/stream', '/api/requests/stream', '/api/events/', '/nothing'])
def test_what_is_not_there_is_404(gateway, writer, path):
    assert gateway.client(writer).get(path).status == 404
    assert refusal(gateway.client(writer), path) == 404


@pytest.mark.parametrize('method', ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'])
def test_other_methods_are_405(gateway, writer, method):
    reply = gateway.client(writer).call(method, '/api/events')
    assert reply.status == 405
    assert reply.headers['Allow'] == 'GET'


@pytest.mark.parametrize('origin', ['https://evil.example', 'http://localhost.evil.example', 'http://localhost:81',
                                    'null', 'localhost'])
@pytest.mark.parametrize('path', PATHS)
def test_a_page_of_another_origin_cannot_use_its_visitors_cookie(gateway, writer, path, origin):
    client, path = gateway.client(writer, cookie=True), path_of(path, writer)
    reply = client.get(path, headers={'Origin': origin})
    assert reply.status == 403
    assert refusal(client, path, {'Origin': origin}) == 403


def test_a_handshake_of_another_origin_is_refused_with_a_key_too(gateway, writer):
    assert refusal(gateway.client(writer), '/api/events', {'Origin': 'https://evil.example'}) == 403


def test_another_site_that_names_no_origin_is_refused(gateway, writer):
    client = gateway.client(writer, cookie=True)
    assert client.get('/api/events', headers={'Sec-Fetch-Site': 'cross-site'}).status == 403
    with client.stream('/api/events', headers={'Sec-Fetch-Site': 'same-origin'}) as stream:
        assert stream.status == 200


@pytest.mark.parametrize('origin', ['http://localhost', 'http://localhost:80', 'https://chat.example'])
def test_a_page_of_its_own_origin_opens_streams(start_gateway, writer, origin):
    gateway = start_gateway(public_url='https://chat.example/')
    client = LocalClient(gateway.socket, cookie='__Host-session=' + writer.token)
    with client.stream('/api/events', headers={'Origin': origin}) as stream:
        assert stream.status == 200
    client.websocket('/api/events', {'Origin': origin}).close()


def test_where_users_come_by_https_only_the_protected_cookie_counts(gateway, writer):
    client = gateway.client()
    https = {'X-Forwarded-Proto': 'https'}
    assert client.get('/api/events', headers={**https, 'Cookie': writer.cookie}).status == 401
    with client.stream('/api/events', headers={**https, 'Cookie': '__Host-' + writer.cookie}) as stream:
        assert stream.status == 200


@pytest.mark.parametrize('version, key', [('12', 'dGhlIHNhbXBsZSBub25jZQ=='), ('13', 'short'), ('13', None),
                                          ('13', 'dGhlIHNhbXBsZSBub25jZQ==x')])
def test_a_broken_handshake_is_400(gateway, writer, version, key):
    headers = {'Connection': 'Upgrade', 'Upgrade': 'websocket', 'Sec-WebSocket-Version': version}
    if key:
        headers['Sec-WebSocket-Key'] = key
    assert gateway.client(writer).get('/api/events', headers=headers).status == 400


@pytest.mark.parametrize('cookie', [False, True])
def test_a_revoked_credential_ends_its_streams_at_once(gateway, writer, scribe, cookie):
    other = scribe.user()
    client = gateway.client(writer, cookie=cookie)
    with client.stream('/api/events') as stream, client.stream(writer.request().path) as answer, \
            gateway.client(other).stream('/api/events') as others:
        assert (stream.status, answer.status, others.status) == (200, 200, 200)
        ws = client.websocket('/api/events')
        began = time.monotonic()
        writer.revoke()
        assert list(stream) == []
        assert [e.name for e in answer] == ['response.created', 'response.queued']
        assert list(ws) == [] and ws.code == 4401
        assert time.monotonic() - began < 15
        other.note('chat')
        assert next(iter(others)).name == 'chat'
    assert client.get('/api/events').status == 401


def test_a_revocation_that_nobody_tells_of_ends_streams_within_25_s(gateway, writer):
    with gateway.client(writer).stream('/api/events') as stream:
        assert stream.status == 200
        began = time.monotonic()
        writer.revoke(tell=False)
        assert list(stream) == []
        assert time.monotonic() - began < 25


def test_a_disabled_user_has_no_streams(gateway, writer):
    with gateway.client(writer).stream('/api/events') as stream:
        assert stream.status == 200
        writer.scribe.sql(f"update users set disabled = true where id = '{writer.id}';"
                          f"select pg_notify('session', '')")
        assert list(stream) == []
    assert gateway.client(writer).get('/api/events').status == 401
