"""Load that keeps a ledger: every request that was acknowledged with 202, and what it must end as."""

import http.client
import random
import threading
import time
import uuid

from client import Client, Watcher
from fakes.upstream import script_text

FINAL = ('completed', 'failed', 'cancelled')


def insist(client, path, body, status):
    """POST until it is answered: repeated under one idempotency key while things are down."""
    key = str(uuid.uuid4())
    deadline = time.monotonic() + 60
    while True:
        try:
            reply = client.post(path, body, headers={'Idempotency-Key': key})
            if reply.status == status:
                return reply.json
            assert reply.status in (502, 503, 504), reply
        except (OSError, http.client.HTTPException):
            pass
        assert time.monotonic() < deadline, f'no {status} within 60 s'
        time.sleep(0.1)


def make_agent(client, stack, model, **more):
    """A private agent on the fake model server; `model` is its script."""
    body = {'name': model[:100], 'kind': 'chat_completions', 'endpoint_url': stack.upstream.url, 'model': model}
    return insist(client, '/api/agents', {**body, **more}, 201)['id']


def ask(client, agent, text, **more):
    """One request, acknowledged for sure."""
    return insist(client, '/api/invoke_endpoint', {'agent_id': agent, 'message': text, **more}, 202)


class Entry:
    """A line of the ledger."""

    def __init__(self, made, expected, client):
        self.made, self.expected, self.client = made, expected, client
        self.watcher = Watcher(client, made['request_id'])


class Load:
    """Users that ask, one chat each, as long as it runs; each request's script has its own seed."""

    def __init__(self, stack, seed, users=4, tokens=40, rate=60):
        self.stack, self.random = stack, random.Random(seed)
        self.tokens, self.rate, self.ledger, self.errors = tokens, rate, [], []
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.user, args=(self.random.random(),)) for _ in range(users)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exc):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def user(self, seed):
        pick = random.Random(seed)
        try:
            client = Client(self.stack.url, self.stack.user().key)
            agents = {}
            for n in range(6):
                script = pick.randrange(10 ** 6)
                model = f'script;tokens={self.tokens};rate={self.rate};seed={script}'
                agents[make_agent(client, self.stack, model)] = script_text(script, self.tokens)
            chat = None
            while not self.stopping.is_set():
                agent, expected = pick.choice(list(agents.items()))
                made = ask(client, agent, f'question {uuid.uuid4()}', **({'chat_id': chat} if chat else {}))
                chat = made['chat_id'] if pick.random() < 0.7 else None
                entry = Entry(made, expected, client)
                self.ledger.append(entry)
                if pick.random() < 0.5:
                    entry.watcher.read(most=pick.randrange(1, 12))
                else:
                    time.sleep(pick.random() * 0.3)
        except Exception as e:  # noqa: BLE001: any of them fails the test
            self.errors.append(e)


def settle(load, timeout=120):
    """Every request of the ledger in its final state; each line's own account must match the database's."""
    assert not load.errors, load.errors
    deadline = time.monotonic() + timeout
    for entry in load.ledger:
        final = entry.client.wait(entry.made['request_id'], max(1, deadline - time.monotonic()))
        entry.final = final
        assert entry.watcher.read(), f'{entry.made}: the stream has no end'
        stored = final['final_response'] if final['status'] == 'completed' else final['partial_content']
        assert entry.watcher.text() == stored, f'{entry.made}: streamed and stored differ'
        if final['status'] == 'completed':
            assert stored == entry.expected, f'{entry.made}: the text is not the script'
        else:
            assert final['status'] == 'failed' and final['attempt'] >= final['max_attempts'], final
            assert final['error']['message'], final
    return load.ledger


def assert_one_answer_each(stack, ledger):
    """Exactly one assistant message for each acknowledged request."""
    ids = ','.join(f"'{e.made['request_id']}'" for e in ledger)
    counts = stack.sql(f"""
        select (select count(*) from messages where role = 'assistant' and request_id in ({ids})) as answers,
               (select count(*) from requests where id in ({ids}) and completed_at is not null) as ended""")
    assert counts == [{'answers': str(len(ledger)), 'ended': str(len(ledger))}]
