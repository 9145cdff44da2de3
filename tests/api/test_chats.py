"""Chats: their list, their changes, their end."""

import pytest

from stack import wait_for
from things import final, got, made, nothing, pages, pointers


def ask(user, text='Hello', **members):
    return made(user.post('/api/invoke_endpoint', json={'message': text, **members}))


def feed(stack, user):
    rows = stack.sql("select data ->> 'id' as id, data ->> 'change' as change from feed_events "
                     "where user_id = :'id' and type = 'chat' order by seq", id=user.id)
    return [(row['id'], row['change']) for row in rows]


def test_a_chat_has_usual_values(user):
    chat = made(user.post('/api/chats', json={}))
    assert chat['user_id'] == user.id and chat['title'] == 'New chat' and chat['preview'] == ''
    assert chat['agent_id'] is chat['session_id'] is chat['active_request'] is None
    assert chat['unread'] is chat['pinned'] is chat['archived'] is False
    assert got(user.get(f'/api/chats/{chat["id"]}')) == chat


def test_the_first_message_makes_the_title_and_a_given_one_stays(user, agent):
    new = made(user.post('/api/chats', json={'agent_id': agent['id']}))
    named = made(user.post('/api/chats', json={'agent_id': agent['id'], 'title': 'Mine'}))
    for chat in (new, named):
        ask(user, 'What is the\n  time?', chat_id=chat['id'])
        ask(user, 'And now?', chat_id=chat['id'])
    assert got(user.get(f'/api/chats/{new["id"]}'))['title'] == 'What is the time?'
    assert got(user.get(f'/api/chats/{named["id"]}'))['title'] == 'Mine'


@pytest.mark.parametrize('said, title', [
    ('# A heading\n\nand more', 'A heading and more'), ('> - quoted\n> again', 'quoted again'),
    ('See **the** [manual](https://example.com/)', 'See the manual'), ('#hash', '#hash'), ('# ', '#')])
def test_a_title_has_no_marks_of_markdown(user, agent, said, title):
    chat = made(user.post('/api/chats', json={'agent_id': agent['id']}))
    ask(user, said, chat_id=chat['id'])
    assert got(user.get(f'/api/chats/{chat["id"]}'))['title'] == title


def test_a_chat_names_only_agents_that_its_user_may_use(user, other, agent):
    assert other.post('/api/chats', json={'agent_id': agent['id']}).status_code == 404
    chat = made(other.post('/api/chats', json={}))
    assert other.patch(f'/api/chats/{chat["id"]}', json={'agent_id': agent['id']}).status_code == 404
    assert other.patch(f'/api/chats/{chat["id"]}', json={'agent_id': nothing()}).status_code == 404


def test_a_session_has_one_chat_with_an_agent(user, agent):
    session = {'agent_id': agent['id'], 'session_id': 'visitor 1'}
    chat = made(user.post('/api/chats', json=session))
    assert user.post('/api/chats', json=session).status_code == 409
    assert ask(user, **session)['chat_id'] == chat['id']
    assert pointers(user.post('/api/chats', json={'session_id': 'x'})) == {'/agent_id'}


def test_a_chat_can_be_changed(user, chat, agent):
    path = f'/api/chats/{chat["id"]}'
    changed = got(user.patch(path, json={'title': 'Plans', 'pinned': True, 'archived': True, 'agent_id': agent['id']}))
    assert (changed['title'], changed['pinned'], changed['archived'], changed['agent_id']) == ('Plans', True, True, agent['id'])
    assert got(user.patch(path, json={'pinned': False})) == {**changed, 'pinned': False}
    assert pointers(user.patch(path, json={'title': '', 'pinned': 'yes'})) == {'/title', '/pinned'}
    assert got(user.patch(path, json={})) == {**changed, 'pinned': False}


def test_titles_are_counted_in_characters(user):
    assert made(user.post('/api/chats', json={'title': '🙂' * 200}))['title'] == '🙂' * 200
    assert pointers(user.post('/api/chats', json={'title': '🙂' * 201})) == {'/title'}


def test_the_newest_activity_comes_first(user, agent):
    chats = [made(user.post('/api/chats', json={'agent_id': agent['id'], 'title': str(i)})) for i in range(3)]
    ask(user, chat_id=chats[0]['id'])
    assert [c['title'] for c in got(user.get('/api/chats'))['data']] == ['0', '2', '1']


def test_the_list_can_be_of_one_agent(user, agent):
    made(user.post('/api/chats', json={}))
    ids = [made(user.post('/api/chats', json={'agent_id': agent['id']}))['id'] for _ in range(5)]
    listed = [c['id'] for page in pages(user, f'/api/chats?agent_id={agent["id"]}', 2) for c in page]
    assert listed == ids[::-1]
    assert got(user.get(f'/api/chats?agent_id={nothing()}'))['data'] == []


def test_others_chats_are_listed_for_admins_only(user, other, chat, stack):
    assert user.get(f'/api/chats?user_id={other.id}').status_code == 403
    assert got(user.get(f'/api/chats?user_id={user.id}'))['data'] == [chat]
    assert got(stack.admin.get(f'/api/chats?user_id={user.id}'))['data'] == [chat]
    assert chat['id'] not in [c['id'] for c in got(stack.admin.get('/api/chats?limit=100'))['data']]


def test_an_unfinished_request_shows_at_its_chat(user, slow_agent):
    first = ask(user, agent_id=slow_agent['id'])
    second = ask(user, chat_id=first['chat_id'])
    active = got(user.get(f'/api/chats/{first["chat_id"]}'))['active_request']
    assert active['id'] == first['request_id'] and active['status'] in ('queued', 'streaming')
    for one in (second, first):
        got(user.post(f'/api/requests/{one["request_id"]}/cancel'))
    assert got(user.get(f'/api/chats/{first["chat_id"]}'))['active_request'] is None


def test_an_answer_is_unread_until_it_is_read(user, agent):
    done = ask(user, agent_id=agent['id'])
    answer = final(user, done['request_id'])
    path = f'/api/chats/{done["chat_id"]}'
    chat = got(user.get(path))
    assert chat['unread'] is True and answer['final_response'].startswith(chat['preview'].rstrip('…'))
    assert user.post(path + '/read').status_code == 204
    assert got(user.get(path))['unread'] is False
    assert user.post(f'/api/chats/{nothing()}/read').status_code == 404


def test_deleting_a_chat_ends_what_runs_in_it(user, slow_agent, stack):
    running = ask(user, 'running', agent_id=slow_agent['id'])
    queued = ask(user, 'queued', chat_id=running['chat_id'])
    wait_for(lambda: got(user.get(f'/api/requests/{running["request_id"]}'))['status'] == 'streaming', 30, 'the start')
    jobs = [got(user.get(f'/api/requests/{r["request_id"]}'))['job_id'] for r in (running, queued)]
    assert user.delete(f'/api/chats/{running["chat_id"]}').status_code == 204
    assert user.get(f'/api/chats/{running["chat_id"]}').status_code == 404
    assert user.get(f'/api/requests/{running["request_id"]}').status_code == 404
    for job in jobs:
        wait_for(lambda: got(user.get(f'/api/jobs/{job}'))['state'] in ('cancelled', 'completed', 'discarded'), 10, 'its job to end')
    assert user.delete(f'/api/chats/{running["chat_id"]}?forever=true').status_code == 204
    assert stack.sql("select count(*) as n from messages where chat_id = :'id'", id=running['chat_id'])[0]['n'] == '0'


def test_changes_are_told_in_the_feed(user, stack):
    chat = made(user.post('/api/chats', json={}))['id']
    user.patch(f'/api/chats/{chat}', json={'title': 'x'})
    user.post(f'/api/chats/{chat}/read')
    user.delete(f'/api/chats/{chat}')
    user.post(f'/api/chats/{chat}/restore')
    user.delete(f'/api/chats/{chat}?forever=true')
    assert feed(stack, user) == [(chat, change) for change in
                                 ('created', 'updated', 'read', 'deleted', 'restored', 'deleted')]


def test_what_failed_is_not_told_in_the_feed(user, other, chat, stack):
    other.patch(f'/api/chats/{chat["id"]}', json={'title': 'x'})
    other.delete(f'/api/chats/{chat["id"]}')
    assert feed(stack, other) == []


# ---- shelves ------------------------------------------------------------------------

def titles(user, query=''):
    return [c['title'] for c in got(user.get('/api/chats' + query))['data']]


def test_each_shelf_is_a_list_of_its_own(user):
    chats = {title: made(user.post('/api/chats', json={'title': title}))['id'] for title in ('a', 'b', 'c', 'd')}
    got(user.patch(f'/api/chats/{chats["b"]}', json={'archived': True}))
    got(user.patch(f'/api/chats/{chats["d"]}', json={'archived': True}))
    assert user.delete(f'/api/chats/{chats["c"]}').status_code == 204
    assert user.delete(f'/api/chats/{chats["d"]}').status_code == 204
    assert titles(user) == ['a'] and titles(user, '?archived=true') == ['b'] and titles(user, '?deleted=true') == ['d', 'c']
    assert titles(user, '?archived=false&deleted=false') == ['a']
    assert pointers(user.get('/api/chats?archived=true&deleted=true')) == {'archived'}


def test_pinned_chats_can_be_listed_alone(user, agent):
    chats = [made(user.post('/api/chats', json={'title': str(i), 'agent_id': agent['id']})) for i in range(6)]
    for i in (1, 2, 4):
        got(user.patch(f'/api/chats/{chats[i]["id"]}', json={'pinned': True}))
    got(user.patch(f'/api/chats/{chats[2]["id"]}', json={'archived': True}))
    assert titles(user, '?pinned=true') == ['4', '1'] and titles(user, '?pinned=true&archived=true') == ['2']
    assert titles(user, f'?pinned=true&agent_id={agent["id"]}') == ['4', '1']
    assert titles(user, f'?pinned=true&agent_id={nothing()}') == []


def test_what_is_in_the_bin_is_out_of_reach_until_it_is_restored(user, agent):
    asked = ask(user, agent_id=agent['id'])
    final(user, asked['request_id'])
    path = f'/api/chats/{asked["chat_id"]}'
    before = got(user.get(path))
    assert user.delete(path).status_code == 204 and user.delete(path).status_code == 404
    binned, = got(user.get('/api/chats?deleted=true'))['data']
    assert binned['deleted_at'] and {**binned, 'deleted_at': None} == before
    for gone in (path, path + '/messages', f'/api/messages/{asked["message_id"]}', f'/api/requests/{asked["request_id"]}'):
        assert user.get(gone).status_code == 404, gone
    assert user.patch(path, json={'title': 'x'}).status_code == 404
    assert user.post(path + '/messages', json={'role': 'user', 'content': 'x'}).status_code == 404
    assert user.post('/api/invoke_endpoint', json={'chat_id': asked['chat_id'], 'message': 'x'}).status_code == 404
    assert user.post(f'/api/messages/{asked["message_id"]}/regenerate').status_code == 404
    assert got(user.get('/api/requests'))['data'] == []
    assert got(user.post(path + '/restore')) == before
    assert got(user.get(path)) == before and user.post(path + '/restore').status_code == 404


def test_a_session_goes_on_in_a_new_chat_while_its_chat_is_in_the_bin(user, agent):
    session = {'agent_id': agent['id'], 'session_id': 'visitor 2'}
    first = ask(user, **session)['chat_id']
    assert user.delete(f'/api/chats/{first}').status_code == 204
    second = ask(user, **session)['chat_id']
    assert second != first
    assert got(user.post(f'/api/chats/{first}/restore'))['session_id'] is None
    assert ask(user, **session)['chat_id'] == second


def test_a_chat_can_be_deleted_for_ever_from_anywhere(user, chat):
    path = f'/api/chats/{chat["id"]}?forever=true'
    assert user.delete(path).status_code == 204 and user.delete(path).status_code == 404
    other = made(user.post('/api/chats', json={}))['id']
    assert user.delete(f'/api/chats/{other}').status_code == 204
    assert user.delete(f'/api/chats/{other}?forever=true').status_code == 204
    assert titles(user, '?deleted=true') == []


# ---- titles that models write ---------------------------------------------------------

@pytest.fixture
def titling_agent(user, stack):
    return made(user.post('/api/agents', json={'name': 'T', 'kind': 'chat_completions', 'titles': 'model',
                                               'model': 'script;tokens=3;seed=11', 'endpoint_url': stack.upstream.url}))


def test_the_model_names_a_chat_after_its_first_answer_when_the_agent_says_so(user, titling_agent, stack):
    word = nothing()
    asked = ask(user, 'About ' + word, agent_id=titling_agent['id'])
    path = f'/api/chats/{asked["chat_id"]}'
    assert got(user.get(path))['title'].startswith('About ')
    answer = final(user, asked['request_id'])['final_response']
    title = answer.split('\n')[0].strip(' "*#`.\'')
    wait_for(lambda: got(user.get(path))['title'] == title, 30, 'the title')
    shown = [r for r in stack.upstream.log(word) if r['messages'][0]['role'] == 'system'][-1]
    assert 'title' in shown['messages'][0]['content'] and answer.strip() in shown['messages'][-1]['content']
    final(user, ask(user, 'More', chat_id=asked['chat_id'])['request_id'])
    assert len([r for r in stack.upstream.log(word) if r['messages'][0]['role'] == 'system']) == 1


def test_a_title_that_the_user_gave_is_not_replaced(user, titling_agent, stack):
    chat = made(user.post('/api/chats', json={'agent_id': titling_agent['id'], 'title': 'Mine'}))
    asked = ask(user, 'Hello', chat_id=chat['id'])
    final(user, asked['request_id'])
    assert stack.sql("select count(*) as n from all_jobs where subject_id = :'id' and kind = 'title_chat'",
                     id=chat['id'])[0]['n'] == '0'
    assert got(user.get(f'/api/chats/{chat["id"]}'))['title'] == 'Mine'


def test_an_agent_names_chats_after_their_first_message_unless_it_is_told(user, agent):
    assert agent['titles'] == 'message'
    path = f'/api/agents/{agent["id"]}'
    assert got(user.patch(path, json={'titles': 'model'}))['titles'] == 'model'
    assert got(user.patch(path, json={'name': 'x'}))['titles'] == 'model'
    assert pointers(user.patch(path, json={'titles': 'mine'})) == {'/titles'}
