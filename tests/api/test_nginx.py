"""The edge: what nginx refuses, how it says so, and what it adds to every answer."""

import concurrent.futures
import json
import re
import socket
import urllib.parse

import pytest

COMMON = {
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
}
API_POLICY = "sandbox; default-src 'none'; frame-ancestors 'none'"


def at_once(n, call):
    """The results of n calls, faster one after another than any rate that is set."""
    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        return [waiting.result() for waiting in [pool.submit(call) for _ in range(n)]]


def expected(reply):
    """The length that the headers announce; without one, the reply lasts until the connection ends."""
    length = re.search(rb'\r\ncontent-length: (\d+)\r\n', reply.lower())
    return int(length[1]) if length else 1 << 30


def raw(stack, data):
    """Send bytes as they are; status, headers (names in lower case) and body of the first reply."""
    url = urllib.parse.urlsplit(stack.url)
    with socket.create_connection((url.hostname, url.port), timeout=20) as connection:
        connection.sendall(data)
        reply = b''
        # Where the rest of a body is not wanted, nginx waits for it a little and then resets.
        while b'\r\n\r\n' not in reply or len(reply.partition(b'\r\n\r\n')[2]) < expected(reply):
            part = connection.recv(65536)
            if not part:
                break
            reply += part
    head, _, body = reply.partition(b'\r\n\r\n')
    lines = head.decode().split('\r\n')
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(': ')
        headers.setdefault(name.lower(), []).append(value)
    return int(lines[0].split()[1]), headers, body


def request(line, *headers, host='x'):
    return '\r\n'.join([line, *([f'Host: {host}'] if host else []), *headers, 'Connection: close', '', '']).encode()


@pytest.mark.parametrize('path, policy', [
    ('/healthz', API_POLICY),
    ('/api/openapi.json', API_POLICY),
    ('/api/chats', API_POLICY),
    ('/api/nothing', API_POLICY),
    ('/v1/nothing', API_POLICY),
    ('/api/events', API_POLICY),
    ('/api/requests/0/stream', API_POLICY),
    ('/api/requests/0?wait=1', API_POLICY),
    ('/', "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
          "font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; "
          "require-trusted-types-for 'script'; trusted-types 'none'"),
    ('/css/base.css', None),
])
def test_every_answer_has_the_security_headers_once(stack, path, policy):
    _, headers, _ = raw(stack, request(f'GET {path} HTTP/1.1'))
    for name, value in COMMON.items():
        assert headers.get(name.lower()) == [value], name
    assert len(headers['x-request-id']) == 1
    assert len(headers['content-security-policy']) == 1
    if policy:
        assert headers['content-security-policy'] == [policy]
    assert len(headers['cache-control']) == 1
    assert headers['server'] == ['nginx']
    assert 'strict-transport-security' not in headers # this is not HTTPS


def test_answers_of_the_api_are_not_stored(stack, user):
    assert user.get('/api/chats').headers['Cache-Control'] == 'no-store'


@pytest.mark.parametrize('data, status', [
    (b'GARBAGE\r\n\r\n', 400),
    (request('GET /api/chats HTTP/1.1', host=None), 400),
    (request('GET /api/chats HTTP/1.1', 'Host: y'), 400),
    (request('GET /../../etc/passwd HTTP/1.1'), 400),
    (request('GET /api/%00 HTTP/1.1'), 400),
    (request('POST /api/chats HTTP/1.1', 'Content-Length: 3', 'Transfer-Encoding: chunked'), 400),
    (request('POST /api/chats HTTP/1.1', 'Content-Length: 3', 'Content-Length: 4'), 400),
    (request('POST /api/chats HTTP/1.1', 'Content-Length: -1'), 400),
    (request('POST /api/chats HTTP/1.1', 'Content-Length: 99999999'), 413),
    (request('GET /api/' + 'a' * 33000 + ' HTTP/1.1'), 414),
    (request('GET /api/chats HTTP/1.1', 'X-Long: ' + 'a' * 33000), 431),
    (request('POST /index.html HTTP/1.1'), 405),
    (request('TRACE /api/events HTTP/1.1'), 405),
    (request('GET /_app/api/chats HTTP/1.1'), 404),
    (request('GET /_wait/api/requests/0?wait=1 HTTP/1.1'), 404),
    (request('GET /_problem HTTP/1.1'), 404),
    (request('GET /nothing.html HTTP/1.1'), 404),
])
def test_what_nginx_refuses_it_refuses_with_problem_json(stack, data, status):
    got, headers, body = raw(stack, data)
    problem = json.loads(body)
    assert got == problem['status'] == status
    assert headers['content-type'] == ['application/problem+json']
    assert problem['instance'] == headers['x-request-id'][0]
    assert problem['type'].startswith('/problems/') and problem['title'] and problem['detail']
    assert isinstance(problem['error'], str)


def test_under_v1_the_error_is_an_object_as_openais_clients_read_it(stack):
    _, _, body = raw(stack, request('GET /v1/models HTTP/1.1', 'X-Long: ' + 'a' * 33000))
    assert set(json.loads(body)['error']) == {'message', 'type', 'param', 'code'}


@pytest.mark.parametrize('line, methods', [
    ('TRACE /api/chats', 'GET, HEAD, POST'), ('PUT /api/chats', 'GET, HEAD, POST'), ('TRACE /healthz', 'GET, HEAD'),
    ('TRACE /api/keys/0', 'DELETE'), ('DELETE /api/events', 'GET'), ('TRACE /api/events', 'GET'),
    ('POST /', 'GET, HEAD'), ('TRACE /index.html', 'GET, HEAD'),
])
def test_who_uses_a_wrong_method_is_told_the_right_ones(stack, line, methods):
    got, headers, body = raw(stack, request(line + ' HTTP/1.1'))
    assert got == json.loads(body)['status'] == 405
    assert headers['allow'] == [methods] and len(headers['content-security-policy']) == 1


def test_a_sane_request_id_is_kept_and_any_other_replaced(stack):
    kept = stack.anonymous().get('/api/chats', headers={'X-Request-Id': 'Abc-1.2_3'})
    assert kept.headers['X-Request-Id'] == kept.json()['instance'] == 'Abc-1.2_3'
    for bad in ('a b', 'a' * 65, '<script>', '"'):
        got = stack.anonymous().get('/api/chats', headers={'X-Request-Id': bad}).headers['X-Request-Id']
        assert re.fullmatch('[0-9a-f]{32}', got)


def test_a_chunked_body_arrives_whole(stack, user):
    def parts():
        yield b'{"title": "in '
        yield b'pieces"}'

    reply = user.post('/api/chats', data=parts(), headers={'Content-Type': 'application/json'})
    assert reply.status_code == 201 and reply.json()['title'] == 'in pieces'


def test_the_proxy_header_reaches_nobody_as_http_proxy(stack, user):
    assert user.get('/api/chats', headers={'Proxy': 'http://127.0.0.1:9'}).status_code == 200


def test_the_static_page_is_revalidated_by_its_etag(stack):
    page = stack.anonymous().get('/')
    assert page.status_code == 200 and page.headers['Content-Type'] == 'text/html; charset=utf-8'
    again = stack.anonymous().get('/', headers={'If-None-Match': page.headers['ETag']})
    assert again.status_code == 304


def test_while_the_app_is_away_clients_are_told_to_come_back(start_stack):
    stack = start_stack()
    for name in ('app', 'stream'):
        # Stopped, its successor cannot listen; what matters is that the socket refuses.
        (stack.run / f'{name}.sock').rename(stack.run / f'{name}.away')
    for path in ('/api/chats', '/api/events', '/v1/models', '/api/requests/0?wait=1'):
        reply = stack.admin.get(path)
        assert reply.status_code == 502, path
        assert reply.headers['Content-Type'] == 'application/problem+json'
        assert reply.headers['Retry-After'] == '1'
        assert reply.json()['status'] == 502
    for name in ('app', 'stream'):
        (stack.run / f'{name}.away').rename(stack.run / f'{name}.sock')
    assert stack.admin.get('/api/chats').status_code == 200


def test_one_address_that_asks_too_much_is_slowed_down(start_stack):
    stack = start_stack(request_rate=5, streams_per_address=2)
    replies = at_once(80, lambda: stack.anonymous().get('/healthz'))
    refused = [r for r in replies if r.status_code == 429]
    assert refused and refused[0].headers['Retry-After'] == '1' and refused[0].json()['status'] == 429


def test_one_address_that_tries_passwords_is_slowed_down_before_the_app_hears_of_it(start_stack):
    stack = start_stack(request_rate=40)
    body = {'email': 'nobody@example.com', 'password': 'wrong password'}
    replies = at_once(60, lambda: stack.anonymous().post('/api/auth/login', json=body))
    refused = [r for r in replies if 'nginx' in r.headers['Server-Timing']]
    assert refused and {r.status_code for r in refused} == {429} and refused[0].headers['Retry-After'] == '1'
    assert stack.anonymous().get('/healthz').status_code == 200


def test_one_address_holds_only_so_many_streams(start_stack):
    stack = start_stack(streams_per_address=2)
    client = stack.admin.client
    with client.stream('/api/events') as first, client.stream('/api/events') as second:
        assert first.status == second.status == 200
        with client.stream('/api/events') as third:
            assert third.status == 429
