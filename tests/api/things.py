"""Small helpers of the API tests."""

import uuid

from stack import wait_for

FINAL = ('completed', 'failed', 'cancelled')


def made(reply):
    """The object that a POST has made."""
    assert reply.status_code in (201, 202), reply.text
    return reply.json()


def got(reply):
    assert reply.status_code == 200, reply.text
    return reply.json()


def pointers(reply):
    """The fields that a 422 names."""
    assert reply.status_code == 422, reply.text
    return {error.get('pointer', error.get('parameter')) for error in reply.json()['errors']}


def nothing():
    """An id that nothing has."""
    return str(uuid.uuid4())


def final(user, request_id, timeout=30):
    """The request when it has ended."""
    def look():
        request = got(user.get(f'/api/requests/{request_id}'))
        return request if request['status'] in FINAL else None

    return wait_for(look, timeout, f'request {request_id} to end')


def pages(user, path, limit):
    """All rows of a list, page by page; each page as a list."""
    cursor, join = '', '&' if '?' in path else '?'
    while True:
        page = got(user.get(f'{path}{join}limit={limit}{cursor}'))
        yield page['data']
        if page['next_cursor'] is None:
            return
        cursor = '&cursor=' + page['next_cursor']
