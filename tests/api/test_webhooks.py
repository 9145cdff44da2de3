"""Webhooks: told once per end of a request, signed, again until they are taken."""

import base64
import hashlib
import hmac
import http.server
import json
import threading
import time
from datetime import datetime

import pytest

from stack import wait_for
from things import final, got, made, nothing, pages, pointers


class Receiver:
    """A server that takes webhooks and answers with the statuses that it is told, the last for ever."""

    def __init__(self):
        self.came, self.statuses, self.headers = [], [204], {}
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                outer.came.append((dict((k.lower(), v) for k, v in self.headers.items()), body))
                statuses = outer.statuses
                self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header('Content-Length', '0')
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self.server.server_port}/hook'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def wait(self, count, timeout=30):
        wait_for(lambda: len(self.came) >= count, timeout, f'{count} deliveries')
        return self.came


@pytest.fixture
def receiver():
    server = Receiver()
    yield server
    server.server.shutdown()
    server.server.server_close()


@pytest.fixture
def hook(user, receiver):
    return made(user.post('/api/webhooks', json={'url': receiver.url}))


def ask(user, agent, **headers):
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'Hello'}, headers=headers))
    return final(user, asked['request_id'])


def deliveries(user, hook, query=''):
    return got(user.get(f'/api/webhooks/{hook["id"]}/deliveries{query}'))['data']


def is_signed(secret, headers, body):
    """As the Standard Webhooks specification says it."""
    key = base64.b64decode(secret.removeprefix('whsec_'))
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = 'v1,' + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()
    return wanted in headers['webhook-signature'].split()


def test_the_end_of_a_request_is_told_and_signed(user, agent, hook, receiver):
    request = ask(user, agent)
    (headers, body), = receiver.wait(1)
    assert is_signed(hook['secret'], headers, body)
    assert abs(int(headers['webhook-timestamp']) - time.time()) < 60
    assert headers['content-type'] == 'application/json'
    told = json.loads(body)
    assert told['type'] == 'response.completed' and told['data']['id'] == request['id']
    assert {k: told['data'][k] for k in ('chat_id', 'agent_id', 'message_id', 'status', 'error', 'completed_at')} == \
           {k: request[k] for k in ('chat_id', 'agent_id', 'message_id', 'status', 'error', 'completed_at')}
    done, = wait_for(lambda: deliveries(user, hook, '?state=delivered'), 10, 'the delivery to be recorded')
    assert done['id'] == headers['webhook-id'] and done['subject_id'] == request['id'] and done['attempt'] == 1
    assert done['response_status'] == 204 and done['error'] is None and done['next_attempt_at'] is None


def test_what_was_not_taken_is_sent_again_under_the_same_id(user, agent, hook, receiver, stack):
    receiver.statuses = [500, 429, 302, 200]
    ask(user, agent)
    for attempt in range(2, 5):
        wait_for(lambda: deliveries(user, hook)[0]['attempt'] == attempt - 1, 30, 'the attempt to be recorded')
        waiting, = deliveries(user, hook)
        assert waiting['state'] == 'pending' and waiting['next_attempt_at'] and waiting['error']
        got(user.post(f'/api/jobs/{waiting["job_id"]}/retry'))
        receiver.wait(attempt)
    assert len({headers['webhook-id'] for headers, _ in receiver.came}) == 1
    assert len({body for _, body in receiver.came}) == 1
    assert all(is_signed(hook['secret'], *one) for one in receiver.came)
    wait_for(lambda: deliveries(user, hook, '?state=delivered'), 10, 'the delivery to be recorded')


def test_failures_wait_as_long_as_the_receiver_asks(user, agent, hook, receiver):
    receiver.statuses, receiver.headers = [503], {'Retry-After': '3000'}
    ask(user, agent)
    waiting, = wait_for(lambda: [d for d in deliveries(user, hook) if d['attempt'] == 1], 30, 'the attempt')
    assert got(user.get(f'/api/jobs/{waiting["job_id"]}'))['state'] == 'retryable'
    seconds = seconds_between(waiting['tried_at'], waiting['next_attempt_at'])
    assert 3000 <= seconds <= 3010
    got(user.post(f'/api/jobs/{waiting["job_id"]}/cancel'))
    assert deliveries(user, hook)[0]['state'] == 'cancelled'


def seconds_between(a, b):
    return (datetime.fromisoformat(b.replace('Z', '+00:00')) - datetime.fromisoformat(a.replace('Z', '+00:00'))).total_seconds()


def test_a_receiver_that_is_gone_is_sent_nothing_more(user, agent, hook, receiver):
    receiver.statuses = [410]
    ask(user, agent)
    failed, = wait_for(lambda: deliveries(user, hook, '?state=failed'), 30, 'the delivery to fail')
    assert '410' in failed['error']
    assert got(user.get('/api/webhooks'))['data'][0]['active'] is False
    ask(user, agent)
    assert [d['id'] for d in deliveries(user, hook)] == [failed['id']]


def test_what_failed_can_be_sent_again(user, agent, hook, receiver, stack):
    receiver.statuses = [500]
    ask(user, agent)
    waiting, = wait_for(lambda: [d for d in deliveries(user, hook) if d['attempt'] == 1], 30, 'the attempt')
    stack.sql("update jobs set attempt = max_attempts - 1 where id = :'id'", id=waiting['job_id'])
    stack.sql("update jobs set waits = 0, pos = nextval('job_pos') where id = :'id'", id=waiting['job_id'])
    wait_for(lambda: deliveries(user, hook, '?state=failed'), 30, 'the attempts to be used up')
    receiver.statuses = [200]
    got(user.post(f'/api/jobs/{waiting["job_id"]}/retry'))
    wait_for(lambda: deliveries(user, hook, '?state=delivered'), 30, 'the delivery')


def test_each_kind_of_end_has_its_event(user, slow_agent, stack, receiver, hook):
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': slow_agent['id'], 'message': 'x'}))
    got(user.post(f'/api/requests/{asked["request_id"]}/cancel'))
    receiver.wait(1)
    broken = made(user.post('/api/agents', json={'name': 'x', 'kind': 'chat_completions', 'model': 'refuse;code=400',
                                                 'endpoint_url': stack.upstream.url}))
    request = ask(user, broken)
    receiver.wait(2)
    told = [json.loads(body) for _, body in receiver.came]
    assert [(t['type'], t['data']['status']) for t in told] == [('response.cancelled', 'cancelled'),
                                                                ('response.failed', 'failed')]
    assert told[1]['data']['error'] == request['error']


def test_only_what_was_asked_for_is_told(user, agent, receiver):
    made(user.post('/api/webhooks', json={'url': receiver.url, 'events': ['response.failed']}))
    hook = made(user.post('/api/webhooks', json={'url': receiver.url, 'events': ['response.completed'],
                                                 'description': 'ends'}))
    ask(user, agent)
    receiver.wait(1)
    assert [len(deliveries(user, h)) for h in got(user.get('/api/webhooks'))['data']] == [1, 0]
    assert hook['events'] == ['response.completed'] and hook['description'] == 'ends'


def test_others_hear_nothing(other, user, agent, receiver):
    hook = made(other.post('/api/webhooks', json={'url': receiver.url}))
    ask(user, agent)
    assert deliveries(other, hook) == [] and receiver.came == []


def test_a_webhook_is_shown_without_its_secret_and_deleted_with_its_log(user, agent, hook, receiver, stack):
    assert hook['secret'].startswith('whsec_') and len(base64.b64decode(hook['secret'][6:])) == 32
    listed, = got(user.get('/api/webhooks'))['data']
    assert listed == {k: v for k, v in hook.items() if k != 'secret'}
    kept, = stack.sql("select secret from webhooks where id = :'id'", id=hook['id'])
    assert hook['secret'] not in kept['secret'] and hook['secret'][6:] not in kept['secret']
    ask(user, agent)
    receiver.wait(1)
    assert user.delete(f'/api/webhooks/{hook["id"]}').status_code == 204
    assert user.get(f'/api/webhooks/{hook["id"]}/deliveries').status_code == 404
    assert stack.sql("select count(*) as n from webhook_deliveries where user_id = :'id'", id=user.id)[0]['n'] == '0'


def test_bad_webhooks_are_refused_with_their_fields(user):
    for body, fields in [({}, {'/url'}), ({'url': 'ftp://example.com'}, {'/url'}), ({'url': 'http://10.1.2.3/'}, {'/url'}),
                         ({'url': 'http://localhost:5432'}, {'/url'}), ({'url': 'http://169.254.169.254/x'}, {'/url'}),
                         ({'url': 'https://u:p@example.com/'}, {'/url'}), ({'url': 'https://[::1]/'}, {'/url'}),
                         ({'url': 'https://example.com', 'events': ['x']}, {'/events'}),
                         ({'url': 'https://example.com', 'events': []}, {'/events'}),
                         ({'url': 'https://example.com', 'event': 'x'}, {'/event'})]:
        assert pointers(user.post('/api/webhooks', json=body)) == fields, body
    assert got(user.get('/api/webhooks'))['data'] == []
    told = user.post('/api/webhooks', json={'url': 'http://10.1.2.3/', 'events': ['x']}).json()['errors']
    assert 'OFFSTAGE_ALLOW_PRIVATE' in told[0]['detail'] and 'response.completed, response.incomplete' in told[1]['detail']


def test_a_private_address_is_not_called_however_it_came_to_be_there(user, agent, receiver, stack):
    hook = made(user.post('/api/webhooks', json={'url': 'https://example.com/'}))
    stack.sql("update webhooks set url = :'url' where id = :'id'", id=hook['id'],
              url=receiver.url.replace('127.0.0.1', '127.0.0.2'))
    ask(user, agent)
    failed, = wait_for(lambda: deliveries(user, hook, '?state=failed'), 30, 'the delivery to fail')
    assert failed['response_status'] is None and failed['attempt'] == 1 and receiver.came == []


def test_the_number_of_webhooks_is_limited(user):
    for i in range(20):
        made(user.post('/api/webhooks', json={'url': f'https://example.com/{i}'}))
    assert user.post('/api/webhooks', json={'url': 'https://example.com/'}).status_code == 409
    assert [w['url'] for page in pages(user, '/api/webhooks', 7) for w in page] == \
           [f'https://example.com/{i}' for i in reversed(range(20))]


def test_a_delivery_s_job_knows_the_request_it_is_about(user, agent, hook, receiver, stack):
    name = 'hook-' + nothing()
    ask(user, agent, **{'X-Request-Id': name})
    receiver.wait(1)
    wait_for(lambda: any('"kind":"webhook"' in line and name in line for line in stack.log('worker').splitlines()),
             10, 'the line in the log')
