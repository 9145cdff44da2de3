#!/usr/bin/python3
"""A scripted model server: OpenAI's chat completions as real servers speak it, with their faults.

    tests/fakes/upstream.py [--host 127.0.0.1] [--port 0]     prints "listening PORT"

The model's name says what happens: a behaviour and its parameters, `script;tokens=50;rate=100;seed=7`.
The text of an answer is script_text(seed, tokens); tokens are sent at `rate` a second (0: at once).

    script      the text, a usage chunk when asked for, finish_reason stop, [DONE]
    echo        the last user message
    recite      the same word by word, `rate` a second
    status      HTTP status `code` (with Retry-After `retry_after` seconds, when given) `times` times, then script
    refuse      HTTP status `code` with OpenAI's error object, always
    hang        takes the request and says nothing
    hang_after  `after` tokens, then nothing
    drop        `after` tokens, then the connection is cut; the first `times` times (0: always), then script
    eof         `after` tokens, then a proper end of the body without finish_reason or [DONE]
    error       `after` tokens, then {"error": …} in the stream; shape=object|string; first `times` times (0: always)
    garbage     bytes that are no event stream
    html        200 with a page of HTML
    longline    a line of `bytes` bytes
    splitutf8   the text é世🙂 repeated, cut inside code points, and one invalid byte at the end
    drip        the stream one byte at a time, `rate` bytes a second
    nofinish    the text and [DONE], never a finish_reason
    lastword    finish_reason in the chunk of the last token
    length      finish_reason length
    filter      finish_reason content_filter
    reasoning   reasoning deltas (field=reasoning|reasoning_content), then the text
    tools       two function calls, ids and names in the first delta of each; same=1: both with index 0
    uses        calls the function `name` with `arguments` in `rounds` rounds, then says what came of it
    parts       content as an array of parts
    json        one JSON reply, no stream
    trailing    more events after [DONE]
    comments    comment lines between the events
    refusal     a refusal instead of content
    nousage     refuses stream_options with 400, answers without

At /responses and /serving-endpoints: see agents.py. An MLflow server is there too: see mlflow_server.py.

GET /_log?marker=TEXT lists the requests whose last message contains TEXT, with what was sent to each and
whether the client left before the end. Counts (`times`) go by model and last message.
"""

import argparse
import asyncio
import json
import pathlib
import random
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request

sys.path.append(str(pathlib.Path(__file__).parent)) # also when imported from elsewhere
import agents
import mlflow_server

WORDS = ('the a of to and in is it that stage curtain light voice answer question page river stone window paper '
         'winter summer quiet early late round green small café naïve Straße 日本 🙂 "quoted" <b> & \\ 100%').split()


def script_text(seed, tokens):
    """The answer of `script`: the same for the same seed, the first tokens of any longer one."""
    return ''.join(script_tokens(seed, tokens))


def script_tokens(seed, tokens):
    pick = random.Random(int(seed))
    return [(pick.choice(WORDS) + (' ' if pick.random() < 0.93 else '\n')) for _ in range(int(tokens))]


class Request:
    """One call: what came, what was sent, how it ended."""

    def __init__(self, number, path, headers, body, writer):
        self.number, self.path, self.headers, self.body, self.writer = number, path, headers, body, writer
        self.began, self.sent, self.left, self.done = time.time(), '', False, False
        spec = str(body.get('model', 'script')).split(';')
        self.behaviour, self.args = spec[0], dict(p.split('=', 1) for p in spec[1:] if '=' in p)
        self.id = f'chatcmpl-{number}'

    def arg(self, name, default):
        return type(default)(self.args.get(name, default))

    @property
    def last(self):
        if 'input' in self.body:
            return agents.last(self.body)
        messages = self.body.get('messages') or [{}]
        content = messages[-1].get('content') or ''
        return content if isinstance(content, str) else json.dumps(content)

    def record(self):
        return {'number': self.number, 'model': self.body.get('model'), 'messages': self.body.get('messages'),
                'stream': self.body.get('stream'), 'stream_options': self.body.get('stream_options'),
                'temperature': self.body.get('temperature'), 'max_tokens': self.body.get('max_tokens'),
                'max_completion_tokens': self.body.get('max_completion_tokens'), 'body': self.body,
                'authorization': self.headers.get('authorization'), 'traceparent': self.headers.get('traceparent'),
                'sent': self.sent, 'left': self.left, 'done': self.done, 'began': self.began}

    async def raw(self, data):
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, status=200, type='text/event-stream', extra=()):
        lines = [f'HTTP/1.1 {status} -', f'Content-Type: {type}', 'Transfer-Encoding: chunked', 'Connection: close']
        lines += [f'{k}: {v}' for k, v in extra]
        await self.raw('\r\n'.join(lines + ['', '']).encode())

    async def bytes(self, data):
        if data:
            await self.raw(b'%x\r\n%s\r\n' % (len(data), data))

    async def end(self):
        self.done = True
        await self.raw(b'0\r\n\r\n')

    async def event(self, object):
        await self.bytes(('data: ' + (object if isinstance(object, str) else json.dumps(object)) + '\n\n').encode())

    def chunk(self, delta, finish=None):
        return {'id': self.id, 'object': 'chat.completion.chunk', 'created': int(self.began),
                'model': self.body.get('model'), 'choices': [{'index': 0, 'delta': delta, 'finish_reason': finish}]}

    async def reply(self, status, body, extra=(), type='application/json'):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        await self.head(status, type, extra)
        await self.bytes(data)
        await self.end()

    async def token(self, text, finish=None, wrap=None):
        self.sent += text
        await self.event(self.chunk({'content': wrap(text) if wrap else text}, finish))
        rate = self.arg('rate', 0.0)
        if rate > 0:
            await asyncio.sleep(1 / rate)

    def tokens(self):
        return script_tokens(self.arg('seed', 1), self.arg('tokens', 20))

    async def start(self):
        await self.head()
        await self.event(self.chunk({'role': 'assistant', 'content': ''}))

    async def finish(self, reason='stop'):
        if reason:
            await self.event(self.chunk({}, reason))
        if (self.body.get('stream_options') or {}).get('include_usage'):
            n = len(self.tokens())
            await self.event({**self.chunk({}), 'choices': [],
                              'usage': {'prompt_tokens': 11, 'completion_tokens': n, 'total_tokens': 11 + n}})
        await self.event('[DONE]')
        await self.end()


async def script(r, reason='stop', wrap=None, first=None):
    await r.start()
    for token in r.tokens():
        await r.token(token, wrap=wrap)
        if first:
            await r.bytes(first)
    await r.finish(reason)


async def some(r):
    """The first `after` tokens."""
    await r.start()
    for token in r.tokens()[:r.arg('after', 5)]:
        await r.token(token)


async def forever(r):
    while not r.writer.is_closing():
        await asyncio.sleep(0.2)


async def echo(r):
    await r.start()
    await r.token(r.last)
    await r.finish()


async def recite(r):
    await r.start()
    for word in re.findall(r'\s*\S+\s*$|\s*\S+', r.last):
        await r.token(word)
    await r.finish()


async def status(r):
    if r.server.count(r) > r.arg('times', 1):
        return await script(r)
    extra = [('Retry-After', r.args['retry_after'])] if 'retry_after' in r.args else []
    await r.reply(r.arg('code', 500), {'error': {'message': 'not now', 'type': 'server_error', 'code': None}}, extra)


async def refuse(r):
    await r.reply(r.arg('code', 401), {'error': {'message': 'Incorrect API key provided', 'type': 'invalid_request_error',
                                                 'code': 'invalid_api_key', 'param': None}})


async def hang(r):
    await forever(r)


async def hang_after(r):
    await some(r)
    await forever(r)


def failing(r):
    times = r.arg('times', 0)
    return times == 0 or r.server.count(r) <= times


async def drop(r):
    if not failing(r):
        return await script(r)
    await some(r)
    r.writer.transport.abort()


async def eof(r):
    await some(r)
    await r.end()


async def error(r):
    if not failing(r):
        return await script(r)
    await some(r)
    message = 'the engine has crashed'
    await r.event({'error': message if r.arg('shape', 'object') == 'string' else
                   {'message': message, 'type': 'server_error', 'code': 500}})
    await r.end()


async def garbage(r):
    await r.head()
    await r.bytes(bytes(random.Random(1).randbytes(5000)))
    await r.end()


async def html(r):
    await r.reply(200, b'<!doctype html><title>Sign in</title><p>Please sign in.', type='text/html; charset=utf-8')


async def longline(r):
    await r.head()
    left = r.arg('bytes', 10 * 1024 * 1024)
    await r.bytes(b'data: {"choices":[{"delta":{"content":"')
    while left > 0:
        await r.bytes(b'x' * min(left, 65536))
        left -= 65536
    await r.bytes(b'"}}]}\n\n')
    await r.finish()


async def splitutf8(r):
    await r.head()
    text = 'é世🙂' * 20
    r.sent = text + '�'
    data = b'data: {"choices":[{"index":0,"delta":{"content":"' + text.encode() + b'\xff"}}]}\n\n'
    for i in range(0, len(data), 3):
        await r.bytes(data[i:i + 3])
    await r.finish()


async def drip(r):
    data = b''
    for token in r.tokens():
        r.sent += token
        data += ('data: ' + json.dumps(r.chunk({'content': token})) + '\n\n').encode()
    data += ('data: ' + json.dumps(r.chunk({}, 'stop')) + '\n\ndata: [DONE]\n\n').encode()
    await r.head()
    for i in range(len(data)):
        await r.bytes(data[i:i + 1])
        if r.arg('rate', 0.0) > 0:
            await asyncio.sleep(1 / r.arg('rate', 0.0))
    await r.end()


async def nofinish(r):
    await script(r, reason=None)


async def lastword(r):
    await r.start()
    tokens = r.tokens()
    for token in tokens[:-1]:
        await r.token(token)
    await r.token(tokens[-1], 'stop')
    await r.finish(None)


async def length(r):
    await script(r, 'length')


async def filter(r):
    await script(r, 'content_filter')


async def reasoning(r):
    await r.start()
    for word in ('Let ', 'me ', 'think.'):
        await r.event(r.chunk({r.arg('field', 'reasoning'): word}))
    for token in r.tokens():
        await r.token(token)
    await r.finish()


async def tools(r):
    await r.start()
    for n, city in enumerate(('Oslo', 'Rome')):
        index = 0 if r.arg('same', 0) else n
        first = {'index': index, 'id': f'call_{n}', 'type': 'function', 'function': {'name': 'weather', 'arguments': ''}}
        await r.event(r.chunk({'tool_calls': [first]}))
        for piece in ('{"ci', f'ty":"{city}"}}'):
            await r.event(r.chunk({'tool_calls': [{'index': index, 'function': {'arguments': piece}}]}))
    await r.finish('tool_calls')


async def uses(r):
    results = [m['content'] for m in r.body['messages'] if m.get('role') == 'tool']
    await r.start()
    if not r.body.get('tools') or len(results) >= r.arg('rounds', 1):
        await r.token('Results: ' + ' | '.join(results))
        return await r.finish()
    await r.token('Let me see.')
    call = {'index': 0, 'id': f'call_{len(results)}', 'type': 'function',
            'function': {'name': r.args['name'], 'arguments': r.args.get('arguments', '{}')}}
    await r.event(r.chunk({'tool_calls': [call]}))
    await r.finish('tool_calls')


async def parts(r):
    await script(r, wrap=lambda text: [{'type': 'text', 'text': text}])


async def json_reply(r):
    r.sent = ''.join(r.tokens())
    message = {'role': 'assistant', 'content': r.sent}
    await r.reply(200, {'id': r.id, 'object': 'chat.completion', 'model': r.body.get('model'),
                        'choices': [{'index': 0, 'message': message, 'finish_reason': 'stop'}],
                        'usage': {'prompt_tokens': 11, 'completion_tokens': 20, 'total_tokens': 31}})


async def trailing(r):
    await r.start()
    for token in r.tokens():
        await r.token(token)
    await r.event(r.chunk({}, 'stop'))
    await r.event('[DONE]')
    await r.event(r.chunk({'content': 'never shown'}))
    await r.end()


async def comments(r):
    await script(r, first=b': still here\n\n')


async def refusal(r):
    await r.start()
    r.sent = 'I cannot help with that.'
    await r.event(r.chunk({'refusal': r.sent}))
    await r.finish()


async def nousage(r):
    if 'stream_options' in r.body:
        return await r.reply(400, {'error': {'message': 'Unrecognized request argument supplied: stream_options',
                                             'type': 'invalid_request_error', 'code': None}})
    await script(r)


BEHAVIOURS = {f.__name__: f for f in (script, echo, recite, status, refuse, hang, hang_after, drop, eof, error, garbage, html,
                                      longline, splitutf8, drip, nofinish, lastword, length, filter, reasoning, tools, uses,
                                      parts, trailing, comments, refusal, nousage)}
BEHAVIOURS['json'] = json_reply


class Server:
    def __init__(self):
        self.requests, self.counts, self.tokens = [], {}, agents.Tokens()
        self.mlflow, self.mcp = mlflow_server.Mlflow(), agents.Mcp()

    def count(self, r):
        key = (r.body.get('model'), r.last)
        self.counts[key] = self.counts.get(key, 0) + 1
        return self.counts[key]

    async def read(self, reader):
        line = (await reader.readline()).decode()
        if not line:
            return None
        method, path, _ = line.split(' ', 2)
        headers = {}
        while (line := (await reader.readline()).decode().strip()):
            name, _, value = line.partition(':')
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get('content-length', 0)))
        return method, path, headers, body

    async def log(self, path, writer):
        marker = urllib.parse.parse_qs(urllib.parse.urlsplit(path).query).get('marker', [''])[0]
        r = Request(0, path, {}, {}, writer)
        await r.reply(200, [q.record() for q in self.requests if marker in q.last])

    async def answer(self, path, headers, body, reader, writer):
        r = Request(len(self.requests) + 1, path, headers, json.loads(body), writer)
        r.server = self
        self.requests.append(r)
        watch = asyncio.create_task(reader.read())
        behaviours = BEHAVIOURS if path.endswith('/chat/completions') else {**BEHAVIOURS, **agents.BEHAVIOURS}
        if self.tokens.refuses(headers):
            behaviours = {r.behaviour: refuse}
        work = asyncio.create_task(behaviours.get(r.behaviour, script)(r))
        try:
            done, _ = await asyncio.wait({watch, work}, return_when=asyncio.FIRST_COMPLETED)
            if work not in done:
                r.left = True
            else:
                work.result()
        except (ConnectionError, BrokenPipeError):
            r.left = True
        finally:
            work.cancel()
            watch.cancel()
            await asyncio.gather(watch, work, return_exceptions=True)

    async def serve(self, reader, writer):
        try:
            got = await self.read(reader)
            if not got:
                return
            method, path, headers, body = got
            if path.startswith('/_log'):
                await self.log(path, writer)
            elif path.endswith('/models'):
                await Request(0, path, headers, {}, writer).reply(200, {'object': 'list', 'data': [
                    {'id': name, 'object': 'model', 'created': 0, 'owned_by': 'fake'} for name in BEHAVIOURS]})
            elif self.mlflow.takes(path):
                await self.mlflow.answer(Request(0, path, headers, {}, writer), method, path, headers, body)
            elif path == '/mcp':
                await self.mcp.answer(Request(0, path, headers, {}, writer), method, headers, body)
            elif path.startswith('/tool'):
                await agents.tool(Request(0, path, headers, {}, writer), headers, body)
            elif path == '/oidc/v1/token':
                await self.tokens.answer(Request(0, path, headers, {}, writer), headers, body)
            elif method == 'POST' and path.endswith(('/completions', '/invocations', '/responses')):
                await self.answer(path, headers, body, reader, writer)
            else:
                await Request(0, path, headers, {}, writer).reply(404, {'error': {'message': 'no such route'}})
        except (ConnectionError, asyncio.IncompleteReadError, ValueError):
            pass
        finally:
            writer.close()


class Upstream:
    """The server as a process of its own; `url` is the base that agents are given."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, str(pathlib.Path(__file__).resolve())],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.origin = 'http://127.0.0.1:' + self.process.stdout.readline().split()[1]
        self.url = self.origin + '/v1'

    def log(self, marker):
        """What was asked with a last message that contains `marker`, oldest first."""
        with urllib.request.urlopen(self.origin + '/_log?marker=' + urllib.parse.quote(marker), timeout=30) as reply:
            return json.load(reply)

    def get(self, path):
        with urllib.request.urlopen(self.origin + path, timeout=30) as reply:
            return json.load(reply)

    def mlflow(self):
        """What came to the MLflow server; see mlflow_server.py."""
        return self.get('/_mlflow')

    def mcp(self):
        """How many sessions the MCP server has given, and those that are open."""
        return self.get('/mcp')

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


async def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument('--host', default='127.0.0.1')
    arguments.add_argument('--port', type=int, default=0)
    options = arguments.parse_args()
    server = await asyncio.start_server(Server().serve, options.host, options.port, backlog=1024, limit=1 << 24)
    print('listening', server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == '__main__':
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        sys.exit(0)
