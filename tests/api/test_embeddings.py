"""Passages found by meaning, where an agent names a server that embeds texts."""

import pytest

from fakes.embeddings import Embedder
from stack import wait_for
from things import final, got, made, pointers

TEXTS = {'Garage': 'Every automobile is kept below the house in winter.',
         'Kitchen': 'A pastry is baked for an hour until it is brown.',
         'Ward': 'The medic comes round at seven in the morning.'}


@pytest.fixture
def embedder():
    with Embedder() as embedder:
        yield embedder


def make_agent(user, embedder, **members):
    return made(user.post('/api/agents', json={'name': 'Reader', 'kind': 'extractive', 'embeddings_url': embedder.url,
                                               'embeddings_model': 'small', **members}))


def add(user, agent, texts=TEXTS):
    for title, content in texts.items():
        source = made(user.post(f'/api/agents/{agent["id"]}/sources',
                                json={'type': 'text', 'title': title, 'content': content}))
        wait_for(lambda: got(user.get(f'/api/sources/{source["id"]}'))['status'] == 'ready', 30, 'the source')


def vectors(stack, agent):
    return int(stack.sql("select count(*) as n from chunk_vectors where agent_id = :'a' and vector <> ''",
                         a=agent['id'])[0]['n'])


def search(user, agent, question):
    return got(user.get(f'/api/agents/{agent["id"]}/search', params={'q': question}))['data']


def by_meaning(user, agent, question):
    """What is found when the question is embedded in time; on a busy machine it may take too long, as elsewhere."""
    def look():
        found = search(user, agent, question)
        return any(passage['similarity'] for passage in found) and found

    return wait_for(look, 60, 'the question to be embedded in time')


def test_passages_are_found_by_meaning(stack, user, embedder):
    agent = make_agent(user, embedder)
    add(user, agent)
    wait_for(lambda: vectors(stack, agent) == 3, 30, 'the vectors')
    found = by_meaning(user, agent, 'where do I leave the car?')
    assert found[0]['title'] == 'Garage' and found[0]['similarity'] > 0.9
    assert any(text.startswith('Garage\n') for texts in embedder.asked for text in texts)


def test_words_and_meaning_are_weighed_together(stack, user, embedder):
    agent = make_agent(user, embedder)
    add(user, agent, {**TEXTS, 'Tyres': 'The xylophone is kept in winter.'})
    wait_for(lambda: vectors(stack, agent) == 4, 30, 'the vectors')
    assert {p['title'] for p in by_meaning(user, agent, 'xylophone vehicle')[:2]} == {'Garage', 'Tyres'}


def test_an_answer_is_made_of_what_was_found_by_meaning(stack, user, embedder):
    agent = make_agent(user, embedder)
    add(user, agent)
    wait_for(lambda: vectors(stack, agent) == 3, 30, 'the vectors')
    embedder.asked.clear()
    request = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'],
                                                           'message': 'Is a vehicle kept in winter?'}))
    reply = final(user, request['request_id'])
    assert 'automobile' in reply['final_response'] and reply['sources'][0]['title'] == 'Garage'
    assert embedder.asked == [['Is a vehicle kept in winter?']]


@pytest.mark.parametrize('fault', ['refuses', 'is gone', 'says nothing'])
def test_without_its_server_words_alone_are_looked_for(stack, user, embedder, fault):
    agent = make_agent(user, embedder)
    add(user, agent)
    wait_for(lambda: vectors(stack, agent) == 3, 30, 'the vectors')
    if fault == 'refuses':
        embedder.status = 503
    elif fault == 'is gone':
        embedder.stop()
    else:
        embedder.silent.set()
    found = search(user, agent, 'pastry')
    assert [p['title'] for p in found] == ['Kitchen'] and found[0]['similarity'] == 0
    request = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'How is pastry baked?'}))
    assert 'for an hour' in final(user, request['request_id'])['final_response']


def test_what_is_missing_is_embedded_when_the_server_is_back(stack, user, embedder):
    embedder.status = 503
    agent = make_agent(user, embedder)
    add(user, agent, {'Garage': TEXTS['Garage']})
    wait_for(lambda: embedder.asked, 30, 'a try')
    assert search(user, agent, 'automobile')[0]['title'] == 'Garage' and vectors(stack, agent) == 0
    embedder.status = 200
    wait_for(lambda: vectors(stack, agent) == 1, 60, 'the vector')


def test_a_text_that_is_refused_keeps_none_of_the_others_from_being_embedded(stack, user, embedder):
    embedder.longest = 1000
    agent = make_agent(user, embedder)
    add(user, agent, {**TEXTS, 'Long': 'A very long text about nothing. ' * 50})
    wait_for(lambda: vectors(stack, agent) == 3, 30, 'the vectors')
    assert by_meaning(user, agent, 'doctor')[0]['title'] == 'Ward'


def test_another_model_embeds_all_anew_and_none_forgets_all(stack, user, embedder):
    agent = make_agent(user, embedder)
    add(user, agent)
    wait_for(lambda: vectors(stack, agent) == 3, 30, 'the vectors')
    before = len(embedder.asked)
    path = f'/api/agents/{agent["id"]}'
    got(user.patch(path, json={'embeddings_model': 'large'}))
    wait_for(lambda: len(embedder.asked) > before and vectors(stack, agent) == 3, 30, 'the vectors')
    changed = got(user.patch(path, json={'embeddings_url': None}))
    assert changed['embeddings_url'] is None and vectors(stack, agent) == 0
    assert search(user, agent, 'car') == []


def test_an_agent_that_had_sources_is_embedded_once_it_has_a_server(stack, user, agent, embedder):
    add(user, agent)
    got(user.patch(f'/api/agents/{agent["id"]}', json={'embeddings_url': embedder.url, 'embeddings_model': 'small'}))
    wait_for(lambda: vectors(stack, agent) == 3, 30, 'the vectors')
    assert by_meaning(user, agent, 'ocean dessert')[0]['title'] == 'Kitchen'


def test_vectors_go_with_their_source(stack, user, embedder):
    agent = make_agent(user, embedder)
    add(user, agent, {'Garage': TEXTS['Garage']})
    wait_for(lambda: vectors(stack, agent) == 1, 30, 'the vector')
    source = got(user.get(f'/api/agents/{agent["id"]}/sources'))['data'][0]
    assert user.delete(f'/api/sources/{source["id"]}').status_code == 204
    assert vectors(stack, agent) == 0 and search(user, agent, 'car') == []


def test_the_key_is_sent_and_never_shown(stack, user, other, embedder):
    agent = make_agent(user, embedder, embeddings_credential='very-secret', visibility='workspace')
    assert agent['has_embeddings_credential'] is True and 'very-secret' not in str(agent)
    add(user, agent, {'Garage': TEXTS['Garage']})
    wait_for(lambda: vectors(stack, agent) == 1, 30, 'the vector')
    assert set(embedder.keys) == {'Bearer very-secret'}
    # Whoever may use it searches by meaning too, and sees nothing of where.
    assert by_meaning(other, agent, 'vehicle')[0]['title'] == 'Garage'
    seen = got(other.get(f'/api/agents/{agent["id"]}'))
    assert (seen['embeddings_url'], seen['embeddings_model'], seen['has_embeddings_credential']) == (None, None, False)


def test_settings_of_embeddings_are_checked(user):
    def refused(**members):
        reply = user.post('/api/agents', json={'name': 'Reader', 'kind': 'extractive', **members})
        return reply.status_code == 422 and pointers(reply)

    assert refused(embeddings_url='http://127.0.0.1:9/v1') == {'/embeddings_model'}
    assert refused(embeddings_url='http://10.0.0.1/v1', embeddings_model='m') == {'/embeddings_url'}
    assert refused(embeddings_url='ftp://example.com', embeddings_model='m') == {'/embeddings_url'}
