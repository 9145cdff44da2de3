"""A transaction that the database undoes for the sake of another is begun again, unseen by the client."""

import concurrent.futures
import subprocess

from stack import wait_for
from things import made


def test_a_request_that_loses_a_deadlock_is_answered_all_the_same(start_stack):
    stack = start_stack() # its own: what is locked here would hold up others
    user = stack.user()
    agent = made(user.post('/api/agents', json={'name': 'x', 'kind': 'extractive'}))
    with Rival(stack) as rival, concurrent.futures.ThreadPoolExecutor(1) as pool:
        rival.say('lock table chats in access exclusive mode')
        asked = pool.submit(user.post, '/api/invoke_endpoint', json={'agent_id': agent['id'], 'message': 'x'})
        wait_for(lambda: waiting(stack, 'chats'), 30, 'the request to come to the lock')
        rival.say('lock table requests in access exclusive mode') # which the request has read
        rival.say('commit')
        assert made(asked.result())['status'] == 'processing'
    assert 'deadlock detected' in stack.log('postgres')
    assert '"status":503' not in stack.log('app')
    assert stack.sql("select count(*) as n from requests where user_id = :'id'", id=user.id)[0]['n'] == '1'


def waiting(stack, table):
    return stack.sql("select 1 as n from pg_locks l join pg_stat_activity a using (pid)"
                     " where l.relation = :'t'::regclass and not l.granted and a.usename = 'offstage_app'", t=table)


class Rival:
    """A transaction in the middle of something, which lets the others find the deadlock."""

    def __init__(self, stack):
        self.psql = subprocess.Popen(['psql', '-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', f'host={stack.run} dbname=offstage user=postgres'],
                                     text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def say(self, text):
        self.psql.stdin.write(f'{text};\n\\echo done\n')
        self.psql.stdin.flush()
        assert self.psql.stdout.readline() == 'done\n'

    def __enter__(self):
        self.say("set deadlock_timeout = '1h'; begin")
        return self

    def __exit__(self, *what):
        self.psql.stdin.close()
        self.psql.wait(30)
        self.psql.stdout.close()
