"""A real model answers in the background through the whole stack.

What the model's server sent is on record, byte for byte; whatever a user is shown or finds
stored is compared with that.
"""

import secrets

import pytest

from client import Watcher
from stack import wait_for

SHORT = {'max_output_tokens': 60, 'temperature': 0}
LONG = {'max_output_tokens': 1500, 'temperature': 0}
STORY = 'Tell a very long story about a lighthouse keeper, with many chapters.'


@pytest.fixture
def marked():
    """marked(text) → the text with a mark that finds its exchange on the record."""
    return lambda text: f'{text} ({secrets.token_hex(4)})'


def message(user, chat_id, message_id):
    rows = user.get(f'/api/chats/{chat_id}/messages').json()['data']
    return next(row for row in rows if row['id'] == message_id)


def joined(user, request_id):
    """The answer as a replay of the event stream gives it."""
    watcher = Watcher(user.client, request_id)
    assert watcher.read(timeout=60)
    return watcher


def test_an_answer_that_nobody_watched_is_stored_as_the_server_sent_it(user, model, make_agent, ask, marked):
    question = marked('Write three sentences about the sea.')
    made = ask(make_agent(model.url, 'smollm2', instructions='You are a helpful assistant.', **SHORT), question)

    final = user.client.wait(made['request_id'])

    record = model.recorder.answer_to(question)
    assert record.text()
    assert final['status'] == 'completed'
    assert final['final_response'] == record.text()
    assert message(user, made['chat_id'], made['message_id'])['content'] == record.text()
    assert record.request['messages'][0] == {'role': 'system', 'content': 'You are a helpful assistant.'}
    watcher = joined(user, made['request_id'])
    assert watcher.text() == record.text()
    usage = watcher.terminal['response']['usage']
    assert usage['input_tokens'] == record.usage()['prompt_tokens']
    assert usage['output_tokens'] == record.usage()['completion_tokens']


def test_a_viewer_that_leaves_in_mid_answer_comes_back_to_all_of_it(user, model, make_agent, ask, marked):
    question = marked('Write a few sentences about mountains.')
    made = ask(make_agent(model.url, 'smollm2', max_output_tokens=120, temperature=0), question)
    watcher = Watcher(user.client, made['request_id'])
    while not watcher.text():
        watcher.read(most=1)
    seen = watcher.text()

    assert watcher.terminal is None
    user.client.wait(made['request_id'])
    watcher.read()

    record = model.recorder.answer_to(question)
    assert watcher.text() == record.text()
    assert watcher.text().startswith(seen)
    assert joined(user, made['request_id']).text() == record.text()


def test_two_chats_are_answered_at_the_same_time(user, model, make_agent, ask, marked):
    agent = make_agent(model.url, 'smollm2', max_output_tokens=200, temperature=0)
    questions = [marked('Tell a story about a fox.'), marked('Tell a story about a baker.')]
    made = [ask(agent, question) for question in questions]

    wait_for(lambda: model.busy() == 2, 30, 'both answers to be under way')
    finals = [user.client.wait(m['request_id']) for m in made]

    for question, final in zip(questions, finals):
        assert final['status'] == 'completed'
        assert final['final_response'] == model.recorder.answer_to(question).text()


def test_cancelling_in_mid_answer_frees_the_model(user, model, make_agent, ask, marked):
    question = marked(STORY)
    made = ask(make_agent(model.url, 'smollm2', **LONG), question)
    watcher = Watcher(user.client, made['request_id'])
    while len(watcher.text()) < 50:
        watcher.read(most=1)
    assert model.busy() == 1

    cancelled = user.post(f"/api/requests/{made['request_id']}/cancel")

    assert cancelled.status_code == 200, cancelled.text
    assert cancelled.json()['status'] == 'cancelled'
    wait_for(lambda: model.busy() == 0, 3, 'the model to be free')
    watcher.read()
    record = model.recorder.answer_to(question)
    partial = message(user, made['chat_id'], made['message_id'])['content']
    assert watcher.terminal['response']['status'] == 'cancelled'
    assert watcher.text() == partial
    assert len(partial) >= 50
    assert record.text().startswith(partial)
    assert '[DONE]' not in record.body.decode(errors='replace')


def test_the_model_is_sent_the_conversation_so_far(user, model, make_agent, ask, marked):
    agent = make_agent(model.url, 'smollm2', **SHORT)
    first, second = marked('My name is Ada. Say hello.'), marked('What is my name?')
    made = ask(agent, first)
    answer = user.client.wait(made['request_id'])['final_response']

    user.client.wait(ask(agent, second, chat_id=made['chat_id'])['request_id'])

    assert model.recorder.answer_to(second).request['messages'][-3:] == [
        {'role': 'user', 'content': first},
        {'role': 'assistant', 'content': answer},
        {'role': 'user', 'content': second},
    ]


def test_an_answer_cut_by_the_token_limit_says_so(user, model, make_agent, ask, marked):
    question = marked(STORY)
    made = ask(make_agent(model.url, 'smollm2', max_output_tokens=20, temperature=0), question)

    final = user.client.wait(made['request_id'])

    assert final['final_response'] == model.recorder.answer_to(question).text()
    terminal = joined(user, made['request_id']).terminal
    assert terminal['type'] == 'response.incomplete'
    assert terminal['response']['incomplete_details'] == {'reason': 'max_output_tokens'}


def test_trying_the_agent_reaches_the_model(user, model, make_agent):
    agent = make_agent(model.url, 'smollm2', **SHORT)

    tried = user.post(f'/api/agents/{agent}/test')

    assert tried.status_code == 200, tried.text
