"""Chats as files: export, and import of what was exported here or by ChatGPT."""

import re

import pytest

from stack import wait_for
from things import final, got, made, nothing, pointers


def imported(user, body):
    """The job that has read it, and the chats that the user has then, newest activity first."""
    accepted = made(user.post('/api/chats/import', json=body))
    job = wait_for(lambda: (j := got(user.get(accepted['status_url'])))['state'] in ('completed', 'discarded') and j, 30,
                   'the import')
    return job, got(user.get('/api/chats'))['data']


def chat_named(user, title):
    return next(c['id'] for c in got(user.get('/api/chats'))['data'] if c['title'] == title)


def talk(user, agent):
    chat = made(user.post('/api/chats', json={'agent_id': agent['id'], 'title': 'A "talk"'}))['id']
    for text in ('one', 'two'):
        asked = made(user.post('/api/invoke_endpoint', json={'chat_id': chat, 'message': text}))
        final(user, asked['request_id'])
    question = got(user.get(f'/api/requests/{asked["request_id"]}'))['user_message_id']
    final(user, made(user.post(f'/api/messages/{question}/edit', json={'content': 'three'}))['request_id'])
    got(user.post(f'/api/messages/{asked["message_id"]}/feedback', json={'rating': 'down', 'comment': 'Why?'}))
    return chat


def shape(file):
    """A file without ids; who follows whom by place."""
    chats = []
    for chat in file['chats']:
        places = {m['id']: i for i, m in enumerate(chat['messages'])}
        chats.append({**chat, 'messages': [{**m, 'id': places[m['id']], 'parent_id': places.get(m['parent_id'])}
                                           for m in chat['messages']]})
    return chats


def test_an_export_can_be_imported_and_is_the_same_again(user, other, agent):
    file = got(user.get(f'/api/chats/{talk(user, agent)}/export'))
    job, chats = imported(other, file)
    assert job['state'] == 'completed' and len(chats) == 1 and chats[0]['title'] == 'A "talk"'
    again = got(other.get(f'/api/chats/{chats[0]["id"]}/export'))
    for one in (file, again):
        one['chats'][0].pop('created_at')
    assert shape(again) == shape(file)
    assert len(file['chats'][0]['messages']) == 6 and sum(m['shown'] for m in file['chats'][0]['messages']) == 4


def test_markdown_holds_what_is_shown(user, agent):
    chat = talk(user, agent)
    reply = user.get(f'/api/chats/{chat}/export?format=markdown')
    assert reply.headers['Content-Type'] == 'text/markdown; charset=utf-8'
    assert reply.headers['Content-Disposition'] == f'attachment; filename="chat-{chat[:8]}.md"'
    assert reply.text.startswith('# A "talk"\n\n## User, ') and '\n\nthree\n' in reply.text and '\n\ntwo\n' not in reply.text
    assert pointers(user.get(f'/api/chats/{chat}/export?format=pdf')) == {'format'}


def test_a_chatgpt_export_can_be_imported(user):
    def node(id, parent, role, text, time):
        return {'id': id, 'parent': parent, 'children': [],
                'message': {'author': {'role': role}, 'create_time': time, 'content': {'content_type': 'text', 'parts': [text]}}}

    nodes = [{'id': 'root', 'parent': None, 'children': [], 'message': None},
             node('a', 'root', 'user', 'Hi', 1700000000.5), node('b', 'a', 'assistant', 'Old', 1700000001),
             node('c', 'a', 'assistant', 'New', 1700000002), node('d', 'c', 'user', 'Thanks', 1700000003)]
    conversation = {'title': 'From there', 'create_time': 1700000000, 'current_node': 'd', 'mapping': {n['id']: n for n in nodes}}
    job, chats = imported(user, {'chats': [conversation, {'title': 'Empty', 'mapping': {}}, {'what': 'ever'}]})
    assert job['state'] == 'completed'
    assert [c['title'] for c in chats] == ['From there'] and chats[0]['active_at'].startswith('2023-11-14T22:13:23')
    messages = got(user.get(f'/api/chats/{chats[0]["id"]}/messages'))['data']
    assert [m['content'] for m in messages] == ['Hi', 'New', 'Thanks'] and len(messages[1]['siblings']) == 2
    assert messages[0]['created_at'] == '2023-11-14T22:13:20.500000Z'


def test_the_file_of_a_chatgpt_export_is_taken_as_it_is(user):
    """It is a list, without an object around it."""
    conversation = {'title': 'Whole', 'current_node': 'a', 'mapping': {'a': {
        'parent': None, 'message': {'author': {'role': 'user'}, 'create_time': 1700000000, 'content': {'parts': ['Hi']}}}}}
    job, chats = imported(user, [conversation])
    assert job['state'] == 'completed' and [c['title'] for c in chats] == ['Whole']
    for body in ([], [1], [conversation, 'x']):
        assert pointers(user.post('/api/chats/import', json=body)) == {'/chats'}


def test_an_imported_chat_goes_on(user, agent):
    chat = {'title': 'Before', 'messages': [{'role': 'user', 'content': 'x', 'created_at': '2099-01-01T00:00:00.000000Z'}]}
    _, chats = imported(user, {'chats': [chat]})
    asked = made(user.post('/api/invoke_endpoint', json={'chat_id': chats[0]['id'], 'agent_id': agent['id'], 'message': 'y'}))
    final(user, asked['request_id'])
    messages = got(user.get(f'/api/chats/{chats[0]["id"]}/messages'))['data']
    assert [m['content'] for m in messages[:2]] == ['x', 'y'] and messages[1]['parent_id'] == messages[0]['id']


def test_many_chats_are_imported_in_their_order_and_found(user):
    chats = [{'title': f'Chat {i}', 'messages': [{'role': 'user', 'content': f'elephant {i}'}] * 30} for i in range(300)]
    job, _ = imported(user, {'chats': chats})
    assert job['state'] == 'completed'
    wait_for(lambda: got(user.get('/api/search?q=elephant+299'))['data'], 30, 'them to be found')
    assert got(user.get('/api/chats?q=299'))['data'][0]['title'] == 'Chat 299'


def test_what_is_stored_is_kept_when_the_rest_is_not_to_be_read_again(user, stack):
    """An attempt that follows another goes on behind the chats that are stored."""
    id, job = nothing(), nothing()
    stack.sql("""
        insert into imports (id, user_id, content, done)
        values (:'id', :'user', '[{"title":"first","messages":[{"role":"user","content":"x"}]},
                                  {"title":"second","messages":[{"role":"user","content":"x"}]}]', 1);
        insert into jobs (id, kind, queue, priority, max_attempts, user_id, subject_id)
        values (:'job', 'import_chats', 0, 3, 5, :'user', :'id');
        select job_wake(0::smallint);""", id=id, job=job, user=user.id)
    wait_for(lambda: got(user.get(f'/api/jobs/{job}'))['state'] == 'completed', 30, 'the import')
    assert [c['title'] for c in got(user.get('/api/chats'))['data']] == ['second']
    assert stack.sql("select count(*) as n from imports where id = :'id'", id=id)[0]['n'] == '0'


def test_a_file_that_comes_again_makes_no_chat_twice(user):
    chats = [{'title': f'Chat {i}', 'messages': [{'role': 'user', 'content': f'Hi {i}'}]} for i in range(3)]
    job, _ = imported(user, {'chats': chats})
    assert job['message'] == 'Imported 3 chats'
    got(user.patch(f'/api/chats/{chat_named(user, "Chat 0")}', json={'title': 'Mine'}))
    user.delete(f'/api/chats/{chat_named(user, "Chat 1")}')
    chats[2]['messages'].append({'role': 'assistant', 'content': 'Hello'})
    job, there = imported(user, {'chats': [*chats, {'what': 'ever'}]})
    assert job['state'] == 'completed' and job['message'] == 'Imported 2 chats, 1 was there already, 1 could not be read'
    assert sorted(c['title'] for c in there) == ['Chat 1', 'Chat 2', 'Chat 2', 'Mine']
    job, again = imported(user, {'chats': chats})
    assert job['state'] == 'completed' and job['message'] == 'Imported 0 chats, 3 were there already'
    assert sorted(c['title'] for c in again) == sorted(c['title'] for c in there)


def test_ones_own_export_makes_no_chat_twice_unless_it_was_changed(user, agent, other):
    file = got(user.get(f'/api/chats/{talk(user, agent)}/export'))
    job, chats = imported(user, file)
    assert job['message'] == 'Imported 0 chats, 1 was there already' and len(chats) == 1
    got(user.patch(f'/api/chats/{chats[0]["id"]}', json={'title': 'Renamed'}))
    assert imported(user, file)[0]['message'] == 'Imported 0 chats, 1 was there already'
    assert imported(other, file)[0]['message'] == 'Imported 1 chat'
    file['chats'][0]['messages'][0]['content'] = 'One'
    job, chats = imported(user, file)
    assert job['message'] == 'Imported 1 chat' and len(chats) == 2


def test_a_file_of_which_nothing_can_be_read_fails(user, stack):
    job, chats = imported(user, {'chats': [{'what': 'ever'}]})
    assert job['state'] == 'discarded' and job['error'] == 'none of the chats could be read' and chats == []
    assert stack.sql("select count(*) as n from imports where user_id = :'id'", id=user.id)[0]['n'] == '0'


@pytest.mark.parametrize('body, wrong', [
    ({}, {'/chats'}), ({'chats': None}, {'/chats'}), ({'chats': []}, {'/chats'}), ({'chats': [1]}, {'/chats'}),
    ({'chats': {}}, {'/chats'}), ({'chats': [{}], 'format': 'x', 'version': 2, 'more': 1}, {'/format', '/version', '/more'}),
])
def test_what_is_no_list_of_chats_is_refused(user, body, wrong):
    assert pointers(user.post('/api/chats/import', json=body)) == wrong


def files(user, query=''):
    """All the files of an export, and the replies they came in."""
    where, replies = f'/api/chats/export?{query}', []
    while where:
        reply = user.get(where)
        assert reply.status_code == 200, reply.text
        replies.append(reply)
        link = re.fullmatch(r'<(/api/chats/export\?[^>]+)>; rel="next"', reply.headers.get('Link', ''))
        where = link and link[1]
    return replies


def test_all_chats_are_exported_file_by_file_and_come_in_again(user, other, agent):
    talk(user, agent)
    kept = {f'Chat {i}': made(user.post('/api/chats', json={'title': f'Chat {i}'}))['id'] for i in range(6)}
    for chat in kept.values():
        made(user.post(f'/api/chats/{chat}/messages', json={'role': 'user', 'content': 'Hi'}))
    got(user.patch(f'/api/chats/{kept["Chat 3"]}', json={'archived': True}))
    user.delete(f'/api/chats/{kept["Chat 4"]}')
    replies = files(user, 'limit=2')
    assert [len(r.json()['chats']) for r in replies] == [2, 2, 2]
    chats = [chat for reply in replies for chat in reply.json()['chats']]
    assert [c['title'] for c in chats] == ['A "talk"'] + [f'Chat {i}' for i in (0, 1, 2, 3, 5)]
    assert [c['archived'] for c in chats] == [False] * 4 + [True, False] and chats[1]['id'] == kept['Chat 0']
    for reply in replies:
        assert imported(other, reply.json())[0]['state'] == 'completed'
    again = [chat for reply in files(other) for chat in reply.json()['chats']]
    for chat in chats + again:
        del chat['id'], chat['created_at']
    assert shape({'chats': again}) == shape({'chats': chats})


def test_a_chat_that_goes_on_while_all_are_exported_comes_again_and_none_is_missed(user):
    ids = [made(user.post('/api/chats', json={'title': f'Chat {i}'}))['id'] for i in range(4)]
    first = user.get('/api/chats/export?limit=2')
    for chat in (ids[0], ids[2]):
        made(user.post(f'/api/chats/{chat}/messages', json={'role': 'user', 'content': 'Hi'}))
    rest = user.get(first.headers['Link'].split('>')[0][1:]).json()['chats']
    rest += [] if len(rest) < 2 else user.get("/api/chats/export?limit=100").json()['chats'][2:]
    assert [c['id'] for c in first.json()['chats']] == ids[:2]
    assert {c['id'] for c in rest} == {ids[0], ids[2], ids[3]}


def test_all_chats_are_exported_as_markdown(user, agent):
    talk(user, agent)
    made(user.post('/api/chats', json={'title': 'Empty'}))
    whole = ''.join(reply.text for reply in files(user, 'format=markdown'))
    assert whole.startswith('# A "talk"\n\n## User, ') and whole.endswith('\n\n# Empty\n')
    assert user.get('/api/chats/export?format=markdown').headers['Content-Type'] == 'text/markdown; charset=utf-8'
    assert pointers(user.get('/api/chats/export?format=pdf&limit=0')) == {'format', 'limit'}


def test_a_file_of_many_chats_ends_where_it_is_long_enough(user):
    chats = [{'title': f'Chat {i}', 'messages': [{'role': 'user', 'content': 'x' * 190000}] * 24} for i in range(4)]
    assert imported(user, {'chats': chats})[0]['state'] == 'completed'
    assert [len(reply.json()['chats']) for reply in files(user, 'limit=100')] == [2, 2]


def test_a_chat_that_is_too_long_for_a_file_is_named_in_it(user, stack):
    chat = made(user.post('/api/chats', json={'title': 'Long'}))['id']
    made(user.post('/api/chats', json={'title': 'Short'}))
    stack.sql("""insert into messages (id, chat_id, user_id, role, content, status, parent_id)
                 select gen_random_uuid(), :'chat', :'user', 'user', 'x', 'completed', :'chat' from generate_series(1, 5001)""",
              chat=chat, user=user.id)
    told = {c['title']: c for c in user.get('/api/chats/export').json()['chats']}
    assert told['Long']['messages'] == [] and 'too long for a file' in told['Long']['error'] and 'error' not in told['Short']
    assert '# Long\n\n(the chat is too long' in user.get('/api/chats/export?format=markdown').text


def test_nobody_exports_what_is_another_s(other, chat):
    assert other.get(f'/api/chats/{chat["id"]}/export').status_code == 404
