"""Jobs: read by their user, mended by their user or an admin."""

import pytest

from stack import wait_for
from things import final, got, made, nothing, pages, pointers


@pytest.fixture
def job(user, slow_agent):
    """The job of a request that does not end by itself."""
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': slow_agent['id'], 'message': 'Hello'}))
    yield got(user.get(f'/api/requests/{asked["request_id"]}'))['job_id']
    user.post(f'/api/requests/{asked["request_id"]}/cancel')


def test_a_job_tells_how_it_stands(user, job):
    one = got(user.get(f'/api/jobs/{job}'))
    assert one['jobId'] == one['id'] == job and one['kind'] == one['queue'] == 'respond'
    assert one['state'] in ('available', 'running') and one['user_id'] == user.id and one['finished_at'] is None


def test_an_unknown_job_has_the_old_clients_words(user):
    assert user.get('/api/jobs/' + nothing()).json()['error'] == 'Job not found'


def test_jobs_are_their_user_s(user, other, job):
    assert other.get(f'/api/jobs/{job}').status_code == 404
    assert other.post(f'/api/jobs/{job}/cancel').status_code == 404
    assert other.post(f'/api/jobs/{job}/retry').status_code == 404
    assert job not in [j['id'] for j in got(other.get('/api/jobs?limit=100'))['data']]


def test_admins_see_everybody_s(stack, job):
    assert got(stack.admin.get(f'/api/jobs/{job}'))['id'] == job
    assert job in [j['id'] for page in pages(stack.admin, '/api/jobs', 100) for j in page]


def test_jobs_are_listed_page_by_page(user, agent):
    ids = []
    for i in range(5):
        asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': str(i)}))
        ids.append(final(user, asked['request_id'])['job_id'])
    assert [j['id'] for page in pages(user, '/api/jobs?kind=respond', 2) for j in page] == ids[::-1]
    assert [j['id'] for page in pages(user, '/api/jobs?state=completed&queue=respond', 3) for j in page] == ids[::-1]
    assert got(user.get('/api/jobs?kind=nothing'))['data'] == got(user.get('/api/jobs?state=discarded'))['data'] == []
    assert pointers(user.get('/api/jobs?state=done')) == {'state'}


def test_cancelling_a_job_ends_its_request(user, job):
    request = got(user.get(f'/api/jobs/{job}'))['subject_id']
    got(user.post(f'/api/jobs/{job}/cancel'))
    assert final(user, request)['status'] == 'cancelled'
    state = wait_for(lambda: got(user.get(f'/api/jobs/{job}'))['state'] == 'cancelled', 10, 'the job to end')
    assert state and user.post(f'/api/jobs/{job}/retry').status_code == 409


def test_an_admin_can_cancel_anybody_s(user, stack, job):
    request = got(user.get(f'/api/jobs/{job}'))['subject_id']
    got(stack.admin.post(f'/api/jobs/{job}/cancel'))
    assert final(user, request)['status'] == 'cancelled'


def test_a_job_that_runs_well_is_not_run_again(user, job):
    assert user.post(f'/api/jobs/{job}/retry').status_code == 409


def test_a_dead_letter_can_be_sent_again(user, agent, stack):
    source = made(user.post(f'/api/agents/{agent["id"]}/sources', json={'type': 'text', 'title': 'T', 'content': 'C'}))
    path = f'/api/jobs/{source["job_id"]}'
    wait_for(lambda: got(user.get(path))['state'] == 'completed', 30, 'the source to be indexed')
    assert user.post(path + '/retry').status_code == 409
