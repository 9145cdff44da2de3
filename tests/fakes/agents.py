"""What the fake model server answers at /responses and /serving-endpoints/…: the `responses` kind of agents.

    script      an OpenAI Responses stream
    databricks  a ResponsesAgent as Databricks serves it: several responses in one stream, numbers that begin
                again, __fake_id__, items done that were never added, a bare function_call_output, a trace
    chatagent   a ChatAgent: messages by their ids, a tool's result among them
    mlflow      an MLflow AgentServer: a line with the id of its trace (trace=ID)
    fails       response.failed in mid-stream
    whole       one JSON response, no stream
    nostore     refuses `store` with 400, answers without
"""

import base64
import json
import time


def text(r):
    return ''.join(r.tokens())


def message(r, id, content):
    return {'type': 'message', 'id': id, 'role': 'assistant', 'status': 'completed',
            'content': [{'type': 'output_text', 'text': content, 'annotations': []}]}


async def send(r, type, number=None, **members):
    await r.event({'type': type, **({} if number is None else {'sequence_number': number}), **members})


async def script(r):
    await r.head()
    response = {'id': r.id, 'object': 'response', 'status': 'in_progress', 'output': [], 'error': None}
    await send(r, 'response.created', 0, response=response)
    item = message(r, 'msg_1', '')
    await send(r, 'response.output_item.added', 1, output_index=0, item={**item, 'content': []})
    for n, token in enumerate(r.tokens()):
        r.sent += token
        await send(r, 'response.output_text.delta', n + 2, item_id='msg_1', output_index=0, content_index=0, delta=token)
    item = message(r, 'msg_1', r.sent)
    await send(r, 'response.output_item.done', 98, output_index=0, item=item)
    usage = {'input_tokens': 11, 'output_tokens': len(r.tokens()), 'total_tokens': 31,
             'input_tokens_details': {'cached_tokens': 5}, 'output_tokens_details': {'reasoning_tokens': 0}}
    await send(r, 'response.completed', 99, response={**response, 'status': 'completed', 'output': [item], 'usage': usage})
    await r.end()


async def databricks(r):
    await r.head()
    r.sent = 'Let me look.\n\nIt is 4 degrees.'
    for part, (id, words) in enumerate((('__fake_id__', ['Let me ', 'look.']), ('__fake_id__', ['It is ', '4 degrees.']))):
        await send(r, 'response.created', 0, response={'id': '__fake_id__', 'status': None, 'created_at': 1.5})
        for n, word in enumerate(words):
            await send(r, 'response.output_text.delta', n, item_id=id, delta=word)
        await send(r, 'response.output_item.done', 2, item=message(r, 'other', ''.join(words)),
                   **({'databricks_output': inline_trace(r)} if part and asks_for_trace(r) else {}))
        if not part:
            await send(r, 'response.output_item.done', 3, item={
                'type': 'function_call', 'id': 'fc', 'call_id': 'c1', 'name': 'weather', 'arguments': '{"city":"Oslo"}'})
            await r.event({'type': 'function_call_output', 'call_id': 'c1', 'output': '4 C'})
        await send(r, 'response.completed', 0, response={'id': '__fake_id__', 'status': None, 'output': None})
    await r.event('[DONE]')
    await r.end()


def asks_for_trace(r):
    return (r.body.get('databricks_options') or {}).get('return_trace')


def inline_trace(r):
    spans = [{'trace_id': 'x', 'span_id': 'aaaaaaaaaaaaaaa1', 'parent_span_id': None, 'name': 'agent',
              'start_time_unix_nano': int(r.began * 1e9), 'end_time_unix_nano': int(r.began * 1e9) + 5_000_000,
              'status': {'code': 'OK', 'message': ''}, 'events': [],
              'attributes': {'mlflow.spanType': '"AGENT"', 'mlflow.spanInputs': '{"q": 1}'}}]
    return {'trace': {'info': {'trace_id': 'tr-' + r.args.get('trace', '0' * 32), 'state': 'OK'}, 'data': {'spans': spans}},
            'databricks_request_id': 'r'}


async def chatagent(r):
    if 'messages' not in r.body:
        return await r.reply(400, {'error_code': 'BAD_REQUEST', 'message': 'Model is missing inputs [\'messages\'].'})
    await r.head()
    r.sent = 'It is 4 degrees.\n\nBye.'
    call = {'id': 'c1', 'type': 'function', 'function': {'name': 'weather', 'arguments': '{"city":"Oslo"}'}}
    for delta in ({'role': 'assistant', 'id': '1', 'content': '', 'tool_calls': [call]},
                  {'role': 'tool', 'id': '2', 'tool_call_id': 'c1', 'name': 'weather', 'content': '4 C'},
                  {'role': 'assistant', 'id': '3', 'content': 'It is '}, {'role': 'assistant', 'id': '3', 'content': '4 degrees.'},
                  {'role': 'assistant', 'id': '4', 'content': 'Bye.'}):
        await r.event({'delta': delta})
    await r.end()


async def mlflow(r):
    await r.head()
    for token in r.tokens():
        r.sent += token
        await send(r, 'response.output_text.delta', item_id='1', delta=token)
    await send(r, 'response.output_item.done', item=message(r, '1', r.sent))
    if r.headers.get('x-mlflow-return-trace-id') == 'true':
        await r.event({'trace_id': r.args['trace']})
    await r.event('[DONE]')
    await r.end()


async def fails(r):
    await r.head()
    await send(r, 'response.output_text.delta', item_id='1', delta='Well')
    await send(r, 'response.failed', response={'status': 'failed', 'error': {'code': 'invalid_request', 'message': 'no such tool'}})
    await r.end()


async def whole(r):
    r.sent = text(r)
    await r.reply(200, {'id': r.id, 'object': 'response', 'status': 'completed', 'output': [message(r, 'm', r.sent)],
                        'usage': {'input_tokens': 1, 'output_tokens': 2}})


async def nostore(r):
    if 'store' in r.body:
        return await r.reply(400, {'error': {'message': "Unknown parameter: 'store'.", 'type': 'invalid_request_error'}})
    await script(r)


BEHAVIOURS = {f.__name__: f for f in (script, databricks, chatagent, mlflow, fails, whole, nostore)}


def basic(name):
    return 'Basic ' + base64.b64encode(name.encode()).decode()


class Tokens:
    """/oidc/v1/token: principal's tokens live for an hour, but only the newest is taken; brief's live for 6 s."""

    def __init__(self):
        self.given, self.ends = 0, {}

    async def answer(self, r, headers, body):
        if headers.get('authorization') == basic('brief:secret'):
            token = f'brief-{len(self.ends)}'
            self.ends['Bearer ' + token] = time.monotonic() + 6
            return await r.reply(200, {'access_token': token, 'token_type': 'Bearer', 'expires_in': 6})
        if headers.get('authorization') != basic('principal:secret') or b'client_credentials' not in body:
            return await r.reply(401, {'error': 'invalid_client'})
        self.given += 1
        await r.reply(200, {'access_token': f'token-{self.given}', 'token_type': 'Bearer', 'expires_in': 3600})

    def refuses(self, headers):
        """Whether a call comes with a token that is not the newest, or has expired."""
        bearer = headers.get('authorization', '')
        if bearer in self.ends:
            return time.monotonic() > self.ends[bearer]
        return bearer.startswith('Bearer token-') and bearer != f'Bearer token-{self.given}'


class Mcp:
    """/mcp: an MCP server of one tool, `echo`, that counts its sessions."""

    def __init__(self):
        self.given, self.open = 0, set()

    async def answer(self, r, method, headers, body):
        session = headers.get('mcp-session-id')
        if method == 'GET':
            return await r.reply(200, {'given': self.given, 'open': sorted(self.open)})
        if method == 'DELETE':
            self.open.discard(session)
            return await r.reply(200, b'')
        asked = json.loads(body)
        if asked['method'] == 'initialize':
            self.given += 1
            self.open.add(f's-{self.given}')
            return await self.result(r, asked, {'protocolVersion': asked['params']['protocolVersion'], 'capabilities': {},
                                                'serverInfo': {'name': 'fake', 'version': '1'}},
                                     [('Mcp-Session-Id', f's-{self.given}')])
        if session not in self.open:
            return await r.reply(404, {'error': 'no such session'})
        if 'id' not in asked:
            return await r.reply(202, b'')
        if asked['method'] == 'tools/list':
            return await self.result(r, asked, {'tools': [{'name': 'echo', 'inputSchema': {'type': 'object'}}]})
        await self.result(r, asked, {'content': [{'type': 'text', 'text': json.dumps(asked['params']['arguments'])}]})

    async def result(self, r, asked, result, extra=()):
        await r.reply(200, {'jsonrpc': '2.0', 'id': asked['id'], 'result': result}, extra)


async def tool(r, headers, body):
    """/tool tells what it was given; /tool/broken fails."""
    if r.path.endswith('/broken'):
        return await r.reply(500, {'error': 'out of order'})
    await r.reply(200, {'given': json.loads(body), 'authorization': headers.get('authorization')})


def last(body):
    """The text of the last message of a user."""
    users = [m for m in body.get('input') or body.get('messages') or [] if m.get('role') == 'user']
    content = users[-1]['content'] if users else ''
    return content if isinstance(content, str) else json.dumps(content)
