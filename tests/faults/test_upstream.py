"""Whatever a model server does, its request reaches a clear final state."""

import uuid

import pytest

from client import Client, Watcher
from fakes.upstream import script_text
from faults.load import ask, make_agent

PLAIN = script_text(1, 20)

COMPLETES = {
    'plain': ('script', PLAIN),
    'first 429 with Retry-After': ('status;code=429;retry_after=1', PLAIN),
    'first 500': ('status;code=500', PLAIN),
    'first 503 twice': ('status;code=503;times=2', PLAIN),
    'cut once after some words': ('drop;after=5;times=1', PLAIN),
    'error once in mid-stream': ('error;after=5;times=1', PLAIN),
    'error once, as a string': ('error;after=5;times=1;shape=string', PLAIN),
    'cut once before the first word': ('drop;after=0;times=1', PLAIN),
    'split and invalid UTF-8': ('splitutf8', 'é世🙂' * 20 + '�'),
    'one byte at a time': ('drip', PLAIN),
    'never a finish_reason': ('nofinish', PLAIN),
    'finish_reason with the last word': ('lastword', PLAIN),
    'content as parts': ('parts', PLAIN),
    'no stream but one JSON reply': ('json', PLAIN),
    'more after the end': ('trailing', PLAIN),
    'comments between': ('comments', PLAIN),
    'reasoning first': ('reasoning', PLAIN),
    'reasoning by its older name': ('reasoning;field=reasoning_content', PLAIN),
    'a server that refuses stream_options': ('nousage', PLAIN),
    'a refusal': ('refusal', 'I cannot help with that.'),
}

FAILS = {
    'cut always': ('drop;after=5', 'cut'),
    'an end without an end': ('eof;after=5', 'end'),
    'error always': ('error;after=5', 'crashed'),
    'key refused': ('refuse;code=401', 'key'),
    'no such model': ('refuse;code=404', '404'),
    'bad request': ('refuse;code=400', '400'),
    'garbage': ('garbage', ''),
    'a page of HTML': ('html', 'HTML'),
    'a line of 10 MB': ('longline', ''),
    '500 always': ('status;code=500;times=1000', '500'),
}


def run(stack, model):
    client = Client(stack.url, stack.user().key)
    request = ask(client, make_agent(client, stack, model), f'go: {model} {uuid.uuid4()}')['request_id']
    final = client.wait(request, timeout=90)
    watcher = Watcher(client, request)
    assert watcher.read()
    return final, watcher


@pytest.mark.parametrize('model, text', COMPLETES.values(), ids=COMPLETES.keys())
def test_completes(stack, model, text):
    final, watcher = run(stack, model)
    assert final['status'] == 'completed', final
    assert final['final_response'] == text
    assert watcher.text() == text
    assert watcher.terminal['type'] == 'response.completed'


@pytest.mark.parametrize('model, words', FAILS.values(), ids=FAILS.keys())
def test_fails_with_words_a_user_understands(stack, model, words):
    final, watcher = run(stack, model)
    assert final['status'] == 'failed', final
    assert words.lower() in final['error']['message'].lower(), final['error']
    assert watcher.terminal['type'] == 'response.failed'
    assert watcher.text() == (final['partial_content'] or '')


def test_what_was_shown_before_a_fault_stays_in_view_as_incomplete(stack):
    final, watcher = run(stack, 'drop;after=5;times=1;rate=20')
    done = [e['item'] for e in watcher.events if e['type'] == 'response.output_item.done']
    assert [item['status'] for item in done] == ['incomplete', 'completed']
    assert PLAIN.startswith(done[0]['content'][0]['text'])
    assert final['attempt'] == 2


def test_a_fault_before_the_first_word_is_not_seen(stack):
    final, watcher = run(stack, 'status;code=500')
    done = [e for e in watcher.events if e['type'] == 'response.output_item.done']
    assert len(done) == 1 and final['attempt'] == 2


def test_an_answer_cut_by_its_length_is_complete_and_says_so(stack):
    final, watcher = run(stack, 'length')
    assert final['status'] == 'completed' and final['finish_reason'] == 'length'
    assert watcher.terminal['type'] == 'response.incomplete'
    assert watcher.terminal['response']['incomplete_details'] == {'reason': 'max_output_tokens'}


def test_function_calls_are_kept_in_the_log(stack):
    for model in ('tools', 'tools;same=1'):
        _, watcher = run(stack, model)
        calls = [e['item'] for e in watcher.events if e['type'] == 'response.output_item.done'
                 and e['item']['type'] == 'function_call']
        assert [c['arguments'] for c in calls] == ['{"city":"Oslo"}', '{"city":"Rome"}'], model
        assert [c['call_id'] for c in calls] == ['call_0', 'call_1']


def test_tokens_are_counted_by_the_server(stack):
    final, _ = run(stack, 'script')
    assert final['usage']['input_tokens'] == 11 and final['usage']['output_tokens'] == 20
