"""GET /api/requests/{id}?wait=N: held until something changes, then the app answers."""

import threading
import time

import pytest


class Held:
    """A call that is held; .seconds it took, and its reply."""

    def __init__(self, client, path):
        self.client, self.path, self.began = client, path, time.monotonic()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        self.reply = self.client.get(self.path)
        self.seconds = time.monotonic() - self.began

    def join(self):
        self.thread.join(60)
        assert not self.thread.is_alive()
        return self


def leads_to(reply):
    assert reply.status == 200 and reply.body == b''
    return reply.headers['X-Accel-Redirect']


@pytest.mark.parametrize('end', ['', '/status'])
def test_it_is_held_until_the_log_grows(gateway, writer, end):
    request = writer.request()
    opened = gateway.metric('opened_total')
    held = Held(gateway.client(writer), f'/api/requests/{request.id}{end}?wait=20')
    while gateway.metric('opened_total') == opened:
        assert held.thread.is_alive()
    request.begin()
    held.join()
    assert leads_to(held.reply) == f'/_app/api/requests/{request.id}{end}'
    assert held.seconds < 10


def test_without_a_change_it_is_held_as_long_as_asked(gateway, writer):
    held = Held(gateway.client(writer), f'/api/requests/{writer.request().id}?wait=2').join()
    assert leads_to(held.reply)
    assert 1.9 <= held.seconds < 20


@pytest.mark.parametrize('name', ['after', 'sequence_number'])
def test_a_change_since_the_number_that_is_named_is_answered_at_once(gateway, writer, name):
    request = writer.request().begin()
    held = Held(gateway.client(writer), f'/api/requests/{request.id}?wait=20&{name}={request.last - 1}').join()
    assert leads_to(held.reply) and held.seconds < 5
    held = Held(gateway.client(writer), f'/api/requests/{request.id}?wait=1&{name}={request.last}').join()
    assert leads_to(held.reply) and held.seconds >= 0.9


def test_a_number_ahead_of_the_log_is_waited_for(gateway, writer):
    request = writer.request().begin()
    held = Held(gateway.client(writer), f'/api/requests/{request.id}?wait=2&after={request.last + 5}')
    time.sleep(0.5)
    request.say('one', 'two')
    assert held.join().seconds >= 1.9


def test_what_is_final_is_answered_at_once(gateway, writer):
    request = writer.request().begin().end()
    held = Held(gateway.client(writer), f'/api/requests/{request.id}?wait=20').join()
    assert leads_to(held.reply) and held.seconds < 5


@pytest.mark.parametrize('wait', ['', '?wait=0'])
def test_without_a_wait_nothing_is_held(gateway, writer, wait):
    held = Held(gateway.client(writer), f'/api/requests/{writer.request().id}{wait}').join()
    assert leads_to(held.reply) and held.seconds < 5


@pytest.mark.parametrize('wait', ['x', '-1', '61', '1.5', ''])
def test_a_wait_that_is_none_is_refused(gateway, writer, wait):
    reply = gateway.client(writer).get(f'/api/requests/{writer.request().id}?wait={wait}')
    assert reply.status == 422 and reply.json['type'] == '/problems/invalid'
    assert reply.json['errors'] == [{'parameter': 'wait', 'detail': 'must be an integer from 0 to 60'}]
    assert reply.json['error'] == 'The parameter wait must be an integer from 0 to 60'


def test_what_is_not_the_callers_is_the_apps_to_refuse(gateway, writer, scribe):
    request = writer.request()
    path = f'/api/requests/{request.id}?wait=20'
    held = Held(gateway.client(scribe.user()), path).join()
    assert leads_to(held.reply) and held.seconds < 5
    unknown = gateway.client()
    unknown.key = 'off_unknown'
    assert leads_to(unknown.get(path))


def test_a_hundred_that_are_held_are_all_answered(gateway, writer):
    request = writer.request()
    opened = gateway.metric('opened_total')
    held = [Held(gateway.client(writer), f'/api/requests/{request.id}?wait=30') for _ in range(100)]
    while gateway.metric('opened_total') < opened + 100:
        time.sleep(0.01)
    request.begin()
    assert all(leads_to(h.join().reply) for h in held)


def test_a_caller_that_goes_while_it_is_held_is_let_go(gateway, writer):
    before = gateway.metric('open')
    connection = gateway.client(writer).connect()
    connection.request('GET', f'/api/requests/{writer.request().id}?wait=50',
                       headers=gateway.client(writer).headers())
    gateway.wait_open(before + 1)
    connection.close()
    gateway.wait_open(before)


def test_who_loses_the_credential_while_it_is_held_hears_it_from_the_app(gateway, writer):
    opened = gateway.metric('opened_total')
    held = Held(gateway.client(writer), f'/api/requests/{writer.request().id}?wait=30')
    while gateway.metric('opened_total') == opened:
        assert held.thread.is_alive()
    writer.revoke()
    assert leads_to(held.join().reply) and held.seconds < 10
