"""Visitors watch the answer to a question of theirs, by its address alone, and see what is said to them."""

import hashlib

import pytest

from gateway import new_id

ELSEWHERE = {'Origin': 'https://elsewhere.example', 'Sec-Fetch-Site': 'cross-site'}
REASONING, CALL = [(30, None, None), (32, 'secret thought', None)], [(10, None, '{"type":"function_call","name":"secret"}')]


class Visit:
    """A request that a visitor of a public agent has made."""

    def __init__(self, user, session='visitor:one'):
        self.user, self.session, self.agent = user, session, new_id()
        user.scribe.sql(f"""
            insert into agents (id, user_id, name, kind, visibility)
            values ('{self.agent}', '{user.id}', 'Public', 'extractive', 'public');
            update chats set session_id = '{session}', agent_id = '{self.agent}' where id = '{user.chat}'""")
        self.request = user.request()
        user.scribe.sql(f"update requests set agent_id = '{self.agent}' where id = '{self.request.id}'")

    @property
    def token(self):
        return hashlib.sha256(f'{self.request.id} {self.session}'.encode()).hexdigest()

    @property
    def path(self):
        return self.address(self.token)

    def address(self, token, request=None):
        return f'/api/requests/{request or self.request.id}/visitor-stream?token={token}'

    def close_agent(self):
        self.user.scribe.sql(f"update agents set visibility = 'workspace' where id = '{self.agent}'; select pg_notify('session', '')")


@pytest.fixture
def visit(writer):
    return Visit(writer)


def test_the_address_alone_lets_a_page_of_any_origin_watch(gateway, visit):
    visit.request.begin().say('Hello ', 'world').end()
    client = gateway.client()
    assert [e.name for e in client.stream(visit.path, headers=ELSEWHERE)][-1] == 'response.completed'
    assert list(client.websocket(visit.path, ELSEWHERE))[-1]['type'] == 'response.completed'


def test_a_watcher_that_comes_back_goes_on_after_what_it_has(gateway, visit):
    visit.request.begin().say('one ')
    client = gateway.client()
    with client.stream(visit.path) as first:
        seen = []
        for event in first:
            seen.append(event)
            if event.name == 'response.output_text.delta':
                break
    visit.request.say('two ', 'three').end()
    rest = list(client.stream(visit.path, after=seen[-1].id))
    said = [e.json['delta'] for e in seen + rest if e.name == 'response.output_text.delta']
    assert said == ['one ', 'two ', 'three']
    numbers = [int(e.id) for e in seen + rest]
    assert numbers == sorted(set(numbers))
    assert client.get(f'{visit.path}&after={rest[-1].id}').status == 204


def test_news_reach_visitors_beside_those_who_see_all(gateway, visit):
    client = gateway.client()
    with client.stream(visit.path) as visitor, gateway.client(visit.user).stream(visit.request.path) as owner:
        visit.request.begin()
        visit.request.add(*REASONING)
        visit.request.add(*CALL)
        visit.request.say('words').end()
        seen, whole = [e.name for e in visitor], [e.name for e in owner]
    assert 'response.reasoning_text.delta' in whole and 'response.output_text.delta' in seen
    assert 'response.reasoning_text.delta' not in seen and len(seen) == len(whole) - len(REASONING + CALL)
    assert seen[-1] == whole[-1] == 'response.completed'


def test_a_visitor_sees_neither_reasoning_nor_calls(gateway, visit):
    visit.request.begin()
    visit.request.add(*REASONING)
    visit.request.add(*CALL)
    visit.request.say('words').end()
    visit.user.scribe.sql(f"""
        update response_events set item = 1 where request_id = '{visit.request.id}' and type in (10, 30, 32);
        update requests set output = '[{{"type": "function_call_output", "output": "secret"}}]'::jsonb || output
         where id = '{visit.request.id}'""")
    reply = gateway.client().get(visit.path).body.decode()
    whole = gateway.client(visit.user).get(visit.request.path).body.decode()
    assert 'secret thought' in whole and 'function_call_output' in whole
    assert 'secret' not in reply and 'event: response.reasoning' not in reply and 'function_call' not in reply
    assert 'words' in reply and 'response.completed' in reply


def test_the_replay_of_an_answer_whose_log_is_gone_says_no_more_either(gateway, visit):
    visit.request.begin().say('words').end()
    visit.user.scribe.sql(f"""
        delete from response_events where request_id = '{visit.request.id}';
        update requests set output = '[{{"type": "reasoning", "summary": "secret"}}]'::jsonb || output
         where id = '{visit.request.id}'""")
    reply = gateway.client().get(visit.path).body.decode()
    assert 'words' in reply and 'secret' not in reply


def test_a_token_is_for_one_request_of_one_session(gateway, scribe, visit):
    other = Visit(scribe.user(), 'visitor:two')
    client = gateway.client()
    for path in (visit.address(other.token), visit.address('0' * 64), visit.address('x'), visit.address('visitor:one'),
                 visit.address(visit.token, new_id())):
        assert client.get(path).status == 404
    for path in (visit.address(''), f'/api/requests/{visit.request.id}/visitor-stream'):
        assert client.get(path).status == 401


def test_no_other_credential_counts_there_and_the_token_counts_nowhere_else(gateway, visit):
    for client in (gateway.client(visit.user), gateway.client(visit.user, cookie=True)):
        assert client.get(f'/api/requests/{visit.request.id}/visitor-stream').status == 401
        assert client.get(visit.address('0' * 64)).status == 404
    for path in (f'/api/requests/{visit.request.id}/stream', '/api/events'):
        assert gateway.client().get(f'{path}?token={visit.token}').status == 401


@pytest.mark.parametrize('change', [
    "update agents set visibility = 'private' where id = '{agent}'",
    "update chats set session_id = 'one' where id = '{chat}'",
    "update chats set deleted_at = now() where id = '{chat}'",
    "update requests set agent_id = null where id = '{request}'",
])
def test_what_is_no_visitors_answer_any_more_is_absent(gateway, visit, change):
    assert gateway.client().stream(visit.path).status == 200
    visit.user.scribe.sql(change.format(agent=visit.agent, chat=visit.user.chat, request=visit.request.id))
    token = hashlib.sha256(f'{visit.request.id} one'.encode()).hexdigest()
    assert gateway.client().get(visit.path).status == 404
    assert gateway.client().get(visit.address(token)).status == 404


def test_an_agent_that_is_not_public_any_more_ends_its_visitors_streams(gateway, visit):
    with gateway.client().stream(visit.path) as stream, gateway.client(visit.user).stream(visit.request.path) as owners:
        assert stream.status == owners.status == 200
        visit.close_agent()
        assert [e.name for e in stream] == ['response.created', 'response.queued']
        visit.request.begin().say('x').end()
        assert [e.name for e in owners][-1] == 'response.completed'


def test_a_request_that_is_deleted_ends_its_visitors_streams(gateway, visit):
    with gateway.client().stream(visit.path) as stream:
        assert stream.status == 200
        visit.user.scribe.sql(f"delete from requests where id = '{visit.request.id}'")
        assert [e.name for e in stream] == ['response.created', 'response.queued']
