"""Sources: what an agent knows."""

import pytest

from stack import wait_for
from things import got, made, nothing, pages, pointers

TEXT = {'type': 'text', 'title': 'Handbook', 'content': 'Offstage runs agents offstage.'}


def add(user, agent, **members):
    return made(user.post(f'/api/agents/{agent["id"]}/sources', json={**TEXT, **members}))


def indexed(user, source):
    def look():
        now = got(user.get(f'/api/sources/{source["id"]}'))
        return now if now['status'] in ('ready', 'failed') else None

    return wait_for(look, 30, 'the source to be indexed')


def test_a_text_is_taken_and_indexed_by_a_job(user, agent):
    reply = user.post(f'/api/agents/{agent["id"]}/sources', json=TEXT)
    source = made(reply)
    assert reply.status_code == 202 and reply.headers['Location'] == f'/api/sources/{source["id"]}'
    assert source['agent_id'] == agent['id'] and source['title'] == 'Handbook'
    assert got(user.get(f'/api/jobs/{source["job_id"]}'))['subject_id'] == source['id']
    ready = indexed(user, source)
    assert ready['status'] == 'ready' and ready['chunk_count'] == 1 and ready['error'] is None


def test_the_list_of_pages_previews_them_without_marks(user, agent):
    source = indexed(user, add(user, agent, content='# Home\n\n| Part | Does |\n| --- | --- |\n| app | **answers** |\n'))
    assert got(user.get(f'/api/sources/{source["id"]}/pages'))['data'][0]['preview'] == 'Home Part Does app answers'


def test_nine_megabytes_are_a_source_and_over_ten_are_not(user, agent):
    source = add(user, agent, content='word ' * 1800000)
    assert indexed(user, source)['chunk_count'] > 1000
    reply = user.post(f'/api/agents/{agent["id"]}/sources', json={**TEXT, 'content': 'x' * (10 << 20)})
    assert reply.status_code == 413


def test_a_source_needs_a_known_type_a_title_and_content(user, agent):
    path = f'/api/agents/{agent["id"]}/sources'
    assert pointers(user.post(path, json={})) == {'/type', '/title', '/content'}
    assert pointers(user.post(path, json={'url': 'https://example.com/'})) == {'/type'}
    assert 'multipart/form-data' in user.post(path, json={'type': 'file'}).json()['detail']
    assert pointers(user.post(path, json={**TEXT, 'type': 'video', 'title': 'x' * 301, 'content': ''})) == \
        {'/type', '/title', '/content'}


def test_sources_are_their_agent_s_owner_s(user, other, agent):
    source = add(user, agent)
    assert other.get(f'/api/sources/{source["id"]}').status_code == 404
    assert other.delete(f'/api/sources/{source["id"]}').status_code == 404
    assert other.get(f'/api/agents/{agent["id"]}/sources').status_code == 404
    assert other.post(f'/api/agents/{agent["id"]}/sources', json=TEXT).status_code == 404
    assert user.get(f'/api/agents/{nothing()}/sources').status_code == 404


def test_sources_are_listed_page_by_page(user, agent):
    ids = [add(user, agent, title=str(i))['id'] for i in range(5)]
    assert [[s['id'] for s in page] for page in pages(user, f'/api/agents/{agent["id"]}/sources', 2)] == \
        [ids[:2:-1], ids[2:0:-1], ids[:1]]


def test_an_agent_without_sources_has_an_empty_list(user, agent):
    assert got(user.get(f'/api/agents/{agent["id"]}/sources')) == {'data': [], 'next_cursor': None}


@pytest.mark.parametrize('when', ['ready', 'queued'])
def test_a_deleted_source_is_gone_with_its_passages(user, agent, stack, when):
    source = add(user, agent)
    if when == 'ready':
        indexed(user, source)
    assert user.delete(f'/api/sources/{source["id"]}').status_code == 204
    assert user.get(f'/api/sources/{source["id"]}').status_code == 404
    job = wait_for(lambda: ended(user, source['job_id']), 30, 'the job to end')
    assert job['state'] in (('completed',) if when == 'ready' else ('completed', 'cancelled', 'discarded'))
    assert stack.sql("select count(*) as n from chunks where source_id = :'id'", id=source['id'])[0]['n'] == '0'


def ended(user, job_id):
    job = got(user.get(f'/api/jobs/{job_id}'))
    return job if job['state'] in ('completed', 'cancelled', 'discarded') else None


def test_deleting_an_agent_deletes_its_sources(user, agent):
    source = add(user, agent)
    assert user.delete(f'/api/agents/{agent["id"]}').status_code == 204
    assert user.get(f'/api/sources/{source["id"]}').status_code == 404


def test_a_deleted_agent_leaves_nothing_in_the_index(user, agent, stack):
    indexed(user, add(user, agent))
    postings = 'select count(*) as n from chunk_postings p where not exists (select from chunk_segments s where s.id = p.segment_id)'
    of_agent = ("select (select count(*) from pages where agent_id = :'id') + (select count(*) from chunks where agent_id = :'id')"
                "       + (select count(*) from chunk_segments where agent_id = :'id') as n")
    assert int(stack.sql(of_agent, id=agent['id'])[0]['n']) >= 3
    assert user.delete(f'/api/agents/{agent["id"]}').status_code == 204
    assert stack.sql(of_agent, id=agent['id'])[0]['n'] == stack.sql(postings)[0]['n'] == '0'
