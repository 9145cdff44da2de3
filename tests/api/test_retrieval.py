"""GET /api/agents/{id}/search: what an agent finds in its sources."""

import pytest

from stack import wait_for
from things import got, made, nothing, pointers


def learn(user, agent, *texts):
    """Text sources, each (title, content), once they are found."""
    sources = [made(user.post(f'/api/agents/{agent["id"]}/sources', json={'type': 'text', 'title': title, 'content': content}))
               for title, content in texts]
    for source in sources:
        wait_for(lambda: got(user.get(f'/api/sources/{source["id"]}'))['status'] == 'ready', 30, 'the source to be indexed')
    return sources


def found(user, agent, question, **params):
    return got(user.get(f'/api/agents/{agent["id"]}/search', params={'q': question, **params}))['data']


def test_the_passage_that_fits_best_comes_first(user, agent):
    learn(user, agent, ('Cats', 'Cats sleep most of the day and hunt at night.'),
          ('Dogs', 'Dogs guard houses and bark at strangers.'), ('Birds', 'Birds sing in the morning.'))
    best, *others = found(user, agent, 'Which animals are barking?')
    assert best['title'] == 'Dogs' and best['content'].startswith('Dogs guard') and best['url'] is None
    assert all(best['score'] >= other['score'] for other in others)


def test_words_meet_in_their_other_forms_and_languages(user, agent):
    learn(user, agent, ('Katzen', 'Die Katzen schlafen auf dem Dach, und sie jagen in der Nacht nach den Mäusen.'),
          ('Dogs', 'The dogs are running through the woods and they are not at home.'))
    assert found(user, agent, 'Katze')[0]['title'] == 'Katzen'
    assert found(user, agent, 'mause')[0]['title'] == 'Katzen'
    assert found(user, agent, 'a dog runs')[0]['title'] == 'Dogs'


def test_a_page_in_another_language_weighs_no_more_for_being_the_only_one(user, agent):
    learn(user, agent, *((f'Town {i}', f'The libraries of town {i} have what you want to read, and lend it.') for i in range(9)),
          ('Lending', 'Libraries lend what the libraries of the town have bought, and that is all there is to it.'),
          ('Mots', 'Le mot anglais libraries est rare dans cette ville, et les gens ne le disent pas.'))
    passages = found(user, agent, 'what do libraries lend?')
    assert passages[0]['title'] == 'Lending' and passages[0]['coverage'] == 1


def test_a_passage_tells_its_heading_and_anchor(user, agent):
    learn(user, agent, ('Manual', '# Manual\n\n## Install {#install}\n\nCopy the zebra file.\n\n## Remove {#remove}\n\nDelete it.'))
    passage = found(user, agent, 'zebra')[0]
    assert passage['heading'] == 'Manual > Install' and passage['anchor'] == 'install'
    assert passage['content'] == 'Copy the zebra file.' and passage['coverage'] == 1


def test_what_was_deleted_is_not_found(user, agent):
    gone, kept = learn(user, agent, ('Gone', 'A zebra lives here.'), ('Kept', 'Another zebra lives there.'))
    assert len(found(user, agent, 'zebra')) == 2
    assert user.delete(f'/api/sources/{gone["id"]}').status_code == 204
    assert [p['source_id'] for p in found(user, agent, 'zebra')] == [kept['id']]


def test_what_is_found_stays_the_same_however_the_index_was_put_together(user, agent, stack):
    """Seventy pages: segments have been merged, and then made anew when most pages were deleted."""
    sources = learn(user, agent, *((f'Page {i}', f'Topic{i} is told about here, as zebra{i % 7}.') for i in range(70)))
    for i in (0, 33, 69):
        assert found(user, agent, f'topic{i}')[0]['title'] == f'Page {i}'
    assert len(found(user, agent, 'zebra3', limit=50)) == 10
    segments = "select count(*) as n from chunk_segments where agent_id = :'id'"
    assert int(stack.sql(segments, id=agent['id'])[0]['n']) < 20
    for source in sources[:66]:
        assert user.delete(f'/api/sources/{source["id"]}').status_code == 204
    learn(user, agent, ('Last', 'The last page tells about topic100.'))
    assert found(user, agent, 'topic100')[0]['title'] == 'Last'
    assert found(user, agent, 'topic68')[0]['title'] == 'Page 68'
    assert found(user, agent, 'topic5') == []
    docs = "select sum(docs) as n from chunk_segments where agent_id = :'id'"
    assert stack.sql(docs, id=agent['id'])[0]['n'] == '5'


def test_the_same_passage_is_not_found_twice(user, agent):
    learn(user, agent, ('Zebra', 'The zebra is striped.'), ('Zebra', 'The zebra is striped.'))
    assert len(found(user, agent, 'zebra')) == 1


@pytest.mark.parametrize('question', ['the', '???', 'qwertyuiop', '\U0001f600', '%', "'; drop table chunks; --"])
def test_a_question_that_nothing_fits_finds_nothing(user, agent, question):
    learn(user, agent, ('Zebra', 'The zebra is striped.'))
    assert found(user, agent, question) == []


def test_an_agent_without_sources_finds_nothing(user, agent):
    assert found(user, agent, 'anything') == []


def test_passages_are_for_those_who_may_use_the_agent(user, other, agent):
    learn(user, agent, ('Zebra', 'The zebra is striped.'))
    path = f'/api/agents/{agent["id"]}/search?q=zebra'
    assert other.get(path).status_code == 404
    assert user.get(f'/api/agents/{nothing()}/search?q=zebra').status_code == 404
    got(user.patch(f'/api/agents/{agent["id"]}', json={'visibility': 'workspace'}))
    assert len(got(other.get(path))['data']) == 1


def test_a_question_is_needed(user, agent):
    path = f'/api/agents/{agent["id"]}/search'
    assert pointers(user.get(path)) == pointers(user.get(path + '?q=')) == {'q'}
    assert pointers(user.get(path + '?q=a&limit=51')) == {'limit'}
