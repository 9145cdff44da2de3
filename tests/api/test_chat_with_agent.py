"""POST /api/agents/{id}/chat: an answer that is waited for, and visitors of public agents without a login."""

import pytest

from client import Client
from stack import wait_for
from test_retrieval import learn
from things import got, nothing, pointers

ZEBRA = ('Zebra', 'A zebra has black and white stripes. It lives in Africa.')


@pytest.fixture
def public(user, agent):
    learn(user, agent, ZEBRA)
    return got(user.patch(f'/api/agents/{agent["id"]}', json={'visibility': 'public'}))


def ask(caller, agent, message='What stripes does a zebra have?', **members):
    """As a client does it: while too many wait at once, the answer is asked for again."""
    path = f'/api/agents/{agent["id"]}/chat'
    reply = caller.post(path, json={'message': message, **members})

    def look():
        nonlocal reply
        if reply.status_code == 202:
            again = {'request_id': reply.json()['request_id']}
            reply = caller.post(path, json=again | ({'session_id': s} if (s := reply.json()['session_id']) else {}))
        return reply if reply.status_code != 202 else None

    return got(wait_for(look, 30, 'the answer'))


def test_the_answer_comes_with_its_sources(user, agent):
    source, = learn(user, agent, ZEBRA)
    answer = ask(user, agent)
    assert answer['status'] == 'completed' and 'black and white stripes' in answer['response']
    assert answer['sources'][0]['source_id'] == source['id'] and answer['error'] is None
    assert got(user.get(f'/api/chats/{answer["conversation_id"]}'))['agent_id'] == agent['id']
    assert got(user.get(f'/api/requests/{answer["request_id"]}'))['final_response'] == answer['response']


def test_a_session_goes_on_with_its_conversation(user, agent):
    learn(user, agent, ZEBRA)
    first, second = (ask(user, agent, session_id='mine') for _ in range(2))
    assert first['conversation_id'] == second['conversation_id'] and first['session_id'] == 'mine'
    assert ask(user, agent, session_id='other')['conversation_id'] != first['conversation_id']
    assert ask(user, agent)['conversation_id'] != first['conversation_id']


def test_visitors_ask_public_agents_without_a_login(anonymous, public):
    answer = ask(anonymous, public)
    assert 'black and white stripes' in answer['response'] and answer['session_id']
    again = ask(anonymous, public, 'Where does it live?', session_id=answer['session_id'])
    assert again['conversation_id'] == answer['conversation_id'] and 'Africa' in again['response']


@pytest.mark.parametrize('visibility', ['private', 'workspace'])
def test_visitors_ask_no_other_agents(anonymous, user, agent, visibility):
    got(user.patch(f'/api/agents/{agent["id"]}', json={'visibility': visibility}))
    assert anonymous.post(f'/api/agents/{agent["id"]}/chat', json={'message': 'Hello'}).status_code == 404
    assert anonymous.post(f'/api/agents/{nothing()}/chat', json={'message': 'Hello'}).status_code == 404


def test_a_wrong_credential_is_no_visitor(anonymous, public):
    reply = anonymous.post(f'/api/agents/{public["id"]}/chat', json={'message': 'Hello'},
                           headers={'Authorization': 'Bearer off_' + 'x' * 43})
    assert reply.status_code == 401


def test_the_owner_sees_conversations_of_visitors_apart_from_chats(anonymous, user, other, public):
    visited = [ask(anonymous, public)['conversation_id'] for _ in range(2)]
    own = ask(user, public)['conversation_id']
    path = f'/api/agents/{public["id"]}/conversations'
    assert [c['id'] for c in got(user.get(path))['data']] == visited[::-1]
    assert [c['id'] for c in got(user.get('/api/chats'))['data']] == [own]
    messages = got(user.get(f'/api/chats/{visited[0]}/messages'))['data']
    assert {m['role'] for m in messages} == {'user', 'assistant'}
    assert other.get(path).status_code == 404 and anonymous.get(path).status_code == 401
    assert other.get(f'/api/chats/{visited[0]}').status_code == 404


def test_a_visitor_gets_into_no_session_of_the_owner_or_of_others(anonymous, user, other, public):
    own = ask(user, public, session_id='guess')
    visitor = ask(anonymous, public, session_id='guess')
    assert visitor['conversation_id'] != own['conversation_id']
    assert ask(other, public, session_id='guess')['conversation_id'] not in (own['conversation_id'], visitor['conversation_id'])
    path = f'/api/agents/{public["id"]}/chat'
    for request, session in ((own, 'guess'), (visitor, 'wrong'), (visitor, 'guess')):
        reply = anonymous.post(path, json={'request_id': request['request_id'], 'session_id': session})
        assert reply.status_code == (200 if (request, session) == (visitor, 'guess') else 404)
    assert pointers(anonymous.post(path, json={'request_id': visitor['request_id']})) == {'/session_id'}


def test_a_session_may_ask_so_much_in_a_minute(anonymous, stack, public):
    path = f'/api/agents/{public["id"]}/chat'
    ask(anonymous, public, session_id='busy')
    stack.sql("""update login_tries set until = now() + interval '90 s'
                  where key = sha256(convert_to('visitor session ' || :'agent' || ' busy', 'UTF8')) returning 1""",
              agent=public['id'])
    reply = anonymous.post(path, json={'message': '?', 'session_id': 'busy'})
    assert reply.status_code == 429 and 1 <= int(reply.headers['Retry-After']) <= 60
    assert ask(anonymous, public, session_id='calm')['status'] == 'completed'


def test_who_asks_again_for_an_answer_asks_no_question(anonymous, stack, public):
    path = f'/api/agents/{public["id"]}/chat'
    answer = ask(anonymous, public, session_id='again')
    stack.sql("""update login_tries set until = now() + interval '90 s'
                  where key = sha256(convert_to('visitor session ' || :'agent' || ' again', 'UTF8')) returning 1""",
              agent=public['id'])
    again = anonymous.post(path, json={'request_id': answer['request_id'], 'session_id': 'again'})
    assert got(again)['response'] == answer['response']


def follow(stack, caller, agent, **members):
    """Ask, and follow the answer at the address that comes with it."""
    reply = caller.post(f'/api/agents/{agent["id"]}/chat', json={'message': 'What stripes does a zebra have?', 'stream': True, **members})
    if reply.status_code == 200:  # it was quicker than its address
        return reply.json(), None
    assert reply.status_code == 202, reply.text
    url = reply.json()['stream_url']
    with Client(stack.url).stream(url, headers={'Origin': 'https://elsewhere.example'}) as stream:
        assert stream.status == 200 and stream.headers['Access-Control-Allow-Origin'] == '*'
        return reply.json(), list(stream)


def test_a_visitor_follows_an_answer_from_a_page_of_any_origin(anonymous, stack, public):
    def streamed():
        answer, events = follow(stack, anonymous, public, session_id='live')
        return (answer, events) if events else None

    answer, events = wait_for(streamed, 30, 'an answer that is followed')
    assert answer['status'] == 'processing' and answer['response'] is None and answer['session_id'] == 'live'
    said = ''.join(e.json['delta'] for e in events if e.name == 'response.output_text.delta')
    assert 'black and white stripes' in said and events[-1].name == 'response.completed'
    last = got(anonymous.post(f'/api/agents/{public["id"]}/chat', json={'request_id': answer['request_id'], 'session_id': 'live'}))
    assert last['response'] == said and last['sources'] and last['stream_url'] is None
    assert anonymous.get(answer['stream_url'].replace('visitor-stream', 'stream')).status_code == 401


def test_whoever_is_signed_in_follows_it_as_any_request(user, stack, public):
    reply = user.post(f'/api/agents/{public["id"]}/chat', json={'message': 'Stripes?', 'stream': True})
    assert reply.status_code in (200, 202)
    assert reply.json()['stream_url'] in (None, f'/api/requests/{reply.json()["request_id"]}/stream')


def test_a_message_or_a_request_is_needed(user, agent):
    path = f'/api/agents/{agent["id"]}/chat'
    assert pointers(user.post(path, json={})) == {'/message'}
    assert [e['detail'] for e in user.post(path, json={'message': ''}).json()['errors']] == ['must have 1 to 200000 characters']
    assert pointers(user.post(path, json={'message': 'a', 'request_id': nothing()})) == {'/message'}
    assert user.post(path, json={'request_id': nothing()}).status_code == 404
