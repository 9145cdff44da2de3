"""Branches: a chat is a tree of messages, of which one path is shown."""

import pytest

from things import final, got, made, nothing, pages, pointers


@pytest.fixture
def talk(user, agent):
    return Talk(user, agent)


class Talk:
    """A chat of three questions and answers, and what can be done with it."""

    def __init__(self, user, agent):
        self.user = user
        self.chat = made(user.post('/api/chats', json={'agent_id': agent['id']}))['id']
        for text in ('one', 'two', 'three'):
            self.answer_of(user.post('/api/invoke_endpoint', json={'chat_id': self.chat, 'message': text}))

    def answer_of(self, reply):
        asked = made(reply)
        final(self.user, asked['request_id'])
        return asked['message_id']

    def messages(self, query=''):
        return [m for page in pages(self.user, f'/api/chats/{self.chat}/messages{query}', 3) for m in page]

    def questions(self):
        return [m['content'] for m in self.messages() if m['role'] == 'user']

    def edit(self, message, text):
        return self.answer_of(self.user.post(f'/api/messages/{message["id"]}/edit', json={'content': text}))

    def again(self, message):
        return self.answer_of(self.user.post(f'/api/messages/{message["id"]}/regenerate'))

    def show(self, id):
        return got(self.user.post(f'/api/messages/{id}/show'))


def test_each_message_names_the_one_before_it(talk):
    messages = talk.messages()
    assert [m['parent_id'] for m in messages] == [None] + [m['id'] for m in messages[:-1]]
    assert all(m['siblings'] == [m['id']] and m['shown'] for m in messages)


def test_messages_given_at_once_follow_each_other(user, agent):
    texts = [{'role': 'user', 'content': 'a'}, {'role': 'assistant', 'content': 'b'}, {'role': 'user', 'content': 'c'}]
    asked = made(user.post('/api/invoke_endpoint', json={'agent_id': agent['id'], 'messages': texts}))
    final(user, asked['request_id'])
    messages = got(user.get(f'/api/chats/{asked["chat_id"]}/messages'))['data']
    assert [m['parent_id'] for m in messages] == [None] + [m['id'] for m in messages[:-1]]


def test_an_edited_question_starts_a_branch(talk):
    before = talk.messages()
    answer = talk.edit(before[2], 'two, differently')
    after = talk.messages()
    assert [m['id'] for m in after[:2]] == [m['id'] for m in before[:2]] and after[3]['id'] == answer
    assert talk.questions() == ['one', 'two, differently']
    assert after[2]['siblings'] == [before[2]['id'], after[2]['id']] and after[2]['parent_id'] == before[1]['id']
    assert [m['id'] for m in talk.messages('?branches=all')] == [m['id'] for m in before] + [m['id'] for m in after[2:]]


def test_the_first_question_can_be_edited_too(talk):
    first = talk.messages()[0]
    talk.edit(first, 'another start')
    assert talk.questions() == ['another start']
    assert talk.messages()[0]['siblings'] == [first['id'], talk.messages()[0]['id']]


def test_another_answer_is_a_sibling_of_the_first(talk):
    before = talk.messages()
    new = talk.again(before[3])
    after = talk.messages()
    assert [m['id'] for m in after] == [m['id'] for m in before[:3]] + [new]
    assert after[3]['siblings'] == [before[3]['id'], new]
    old = got(talk.user.get(f'/api/messages/{before[3]["id"]}'))
    assert old['siblings'] == [before[3]['id'], new] and not old['shown']


def test_a_branch_can_be_shown_again_to_its_end(talk):
    before = talk.messages()
    talk.edit(before[2], 'two, differently')
    assert talk.show(before[2]['id'])['shown'] is True
    assert [m['id'] for m in talk.messages()] == [m['id'] for m in before]
    # The branch that was left is whole as well.
    other = [id for id in talk.messages()[2]['siblings'] if id != before[2]['id']][0]
    talk.show(other)
    assert talk.questions() == ['one', 'two, differently']


def test_branches_of_branches(talk):
    before = talk.messages()
    talk.again(before[1])
    second = talk.messages()[1]['id']
    talk.answer_of(talk.user.post('/api/invoke_endpoint', json={'chat_id': talk.chat, 'message': 'two b'}))
    talk.edit(talk.messages()[2], 'two c')
    assert talk.questions() == ['one', 'two c'] and talk.messages()[1]['id'] == second
    talk.show(before[1]['id'])
    assert talk.questions() == ['one', 'two', 'three']
    talk.show(second)
    assert talk.questions() == ['one', 'two c']
    assert len(talk.messages('?branches=all')) == len({m['id'] for m in talk.messages('?branches=all')}) == 11


def test_a_question_on_a_hidden_branch_can_be_answered_again(talk):
    before = talk.messages()
    talk.edit(before[0], 'another start')
    new = talk.again(before[5])
    assert talk.questions() == ['one', 'two', 'three'] and talk.messages()[-1]['id'] == new


def test_showing_what_is_shown_changes_nothing(talk):
    before = talk.messages()
    talk.show(before[1]['id'])
    assert talk.messages() == before


def test_the_model_is_given_the_branch_of_its_question(user, stack):
    """Whatever else the chat holds, and whatever is shown meanwhile."""
    agent = made(user.post('/api/agents', json={'name': 'Echo', 'kind': 'chat_completions', 'model': 'echo',
                                                'endpoint_url': stack.upstream.url}))
    chat = made(user.post('/api/chats', json={'agent_id': agent['id']}))['id']

    def given(path, word, **body):
        """The questions that the model sees."""
        asked = made(user.post(path, json=body))
        final(user, asked['request_id'])
        messages = stack.upstream.log(word)[-1]['messages']
        return [m['content'].split()[0] for m in messages if m['role'] == 'user'], asked

    words = {n: f'{n} {nothing()}' for n in ('one', 'two', 'three', 'four', 'five')}
    assert given('/api/invoke_endpoint', words['one'], chat_id=chat, message=words['one'])[0] == ['one']
    seen, asked = given('/api/invoke_endpoint', words['two'], chat_id=chat, message=words['two'])
    assert seen == ['one', 'two']
    two = got(user.get(f'/api/requests/{asked["request_id"]}'))['user_message_id']
    assert given(f'/api/messages/{two}/edit', words['three'], content=words['three'])[0] == ['one', 'three']
    assert given('/api/invoke_endpoint', words['four'], chat_id=chat, message=words['four'])[0] == ['one', 'three', 'four']
    got(user.post(f'/api/messages/{two}/show'))
    assert given('/api/invoke_endpoint', words['five'], chat_id=chat, message=words['five'])[0] == ['one', 'two', 'five']
    assert given(f'/api/messages/{two}/regenerate', words['two'])[0] == ['one', 'two']


def test_what_followed_a_deleted_message_follows_the_one_before(talk):
    before = talk.messages()
    talk.edit(before[2], 'two, differently')
    talk.show(before[2]['id'])
    assert talk.user.delete(f'/api/messages/{before[1]["id"]}').status_code == 204
    after = talk.messages()
    assert [m['id'] for m in after] == [m['id'] for m in before if m['id'] != before[1]['id']]
    assert after[1]['parent_id'] == before[0]['id'] and len(after[1]['siblings']) == 2
    talk.show(after[1]['siblings'][1])
    assert talk.questions() == ['one', 'two, differently']


def test_a_branch_whose_end_is_deleted_gives_way_to_the_one_beside(talk):
    before = talk.messages()
    new = talk.again(before[5])
    assert talk.user.delete(f'/api/messages/{new}').status_code == 204
    assert [m['id'] for m in talk.messages()] == [m['id'] for m in before]
    assert talk.messages()[5]['siblings'] == [before[5]['id']]


def test_only_questions_can_be_edited(talk, other):
    question, answer = talk.messages()[:2]
    assert talk.user.post(f'/api/messages/{answer["id"]}/edit', json={'content': 'x'}).status_code == 409
    assert pointers(talk.user.post(f'/api/messages/{question["id"]}/edit', json={})) == {'/content'}
    assert talk.user.post(f'/api/messages/{nothing()}/edit', json={'content': 'x'}).status_code == 404
    for path in ('edit', 'show'):
        body = {'json': {'content': 'x'}} if path == 'edit' else {}
        assert other.post(f'/api/messages/{question["id"]}/{path}', **body).status_code == 404
    assert talk.questions() == ['one', 'two', 'three']
