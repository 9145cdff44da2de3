"""The MLflow server beside the fake model server: traces to be fetched, whole and broken, assessments, OTLP.

Under any prefix: /api/3.0/mlflow/traces/… as the open-source server has it, /api/4.0/mlflow/traces/… as Databricks
has it for Unity Catalog, /ajax-api/…/get-trace-artifact, …/credentials-for-data-download with /signed/…, /v1/traces.

The end of a trace's id says what it is (`tr-1-cycle`):

    circle    spans that are each other's parents, and one that is its own
    orphan    spans whose parents are nowhere, and members that are no spans
    ancient   one span before 1970, one at 0, one whole
    huge      50 MB
    cut       JSON that ends too early
    nothing   no spans at all
    turns     whole when it is asked for first, no JSON later
    other     a whole one of three spans

Prefix /old takes traces in Protocol Buffers alone (400), /packed too (415). The first assessment of each trace is
kept, but answered with 503. GET /_mlflow tells what came.
"""

import base64
import json
import time
import urllib.parse

HUGE = 50 * 1000 * 1000


def span(id, parent=None, start=0.0, **members):
    began = int((time.time() + start) * 1e9)
    return {'span_id': f'{id:016x}', 'parent_span_id': parent and f'{parent:016x}', 'name': f'span {id}',
            'start_time_unix_nano': began, 'end_time_unix_nano': began + 1_000_000, 'status': {'code': 'OK'},
            'attributes': {}, **members}


TRACES = {
    'circle': lambda: [span(1, 2), span(2, 3), span(3, 1), span(4, 4), span(5, 1)],
    'orphan': lambda: [span(1, 77), span(2, 1), {}, None, 5, {'span_id': ''}, span(2)],
    'ancient': lambda: [span(1, start_time_unix_nano=-5), span(2, 1, start_time_unix_nano=0), span(3, 2)],
    'other': lambda: [span(1), span(2, 1), span(3, 2)],
}


class Mlflow:
    def __init__(self):
        self.assessments, self.exports, self.asked, self.counts = {}, [], [], {}

    def takes(self, path):
        path = urllib.parse.urlsplit(path).path
        return path == '/_mlflow' or '/mlflow/traces/' in path or path.endswith(('/get-trace-artifact', '/v1/traces')) \
            or path.startswith('/signed/')

    async def answer(self, r, method, path, headers, body):
        url = urllib.parse.urlsplit(path)
        query = dict(urllib.parse.parse_qsl(url.query))
        if url.path == '/_mlflow':
            return await r.reply(200, {'assessments': self.assessments, 'exports': self.exports, 'asked': self.asked})
        self.asked.append({'method': method, 'path': path, 'authorization': headers.get('authorization')})
        if url.path.endswith('/v1/traces'):
            return await self.export(r, url.path, headers, body)
        if 'assessments' in url.path or '/api/4.0/' in url.path and url.path.endswith('/info') or self.is_info(url.path):
            return await self.assess(r, method, url.path, query, body)
        if url.path.endswith('/credentials-for-data-download'):
            id = url.path.split('/')[-2]
            return await r.reply(200, {'credential_info': {'signed_uri': f'http://{headers["host"]}/signed/{id}',
                                                           'headers': [{'name': 'x-signed', 'value': 'yes'}]}})
        id = query.get('trace_id') or query.get('request_id') or query.get('trace_ids') or url.path.rsplit('/', 1)[1]
        wrap = (lambda spans: {'traces': [{'trace_info': {}, 'spans': spans}]}) if 'trace_ids' in query else \
            (lambda spans: {'trace': {'trace_info': {}, 'spans': spans}}) if 'trace_id' in query else lambda spans: {'spans': spans}
        await self.trace(r, id, wrap)

    def is_info(self, path):
        return path.rsplit('/', 1)[0].endswith('/api/3.0/mlflow/traces') and not path.endswith('/get')

    async def trace(self, r, id, wrap):
        kind = id.rsplit('-', 1)[-1]
        self.counts[id] = self.counts.get(id, 0) + 1
        if kind == 'huge':
            await r.head(type='application/json')
            for _ in range(HUGE // 100_000):
                await r.bytes(b' ' * 100_000)
            return await r.end()
        if kind == 'nothing':
            return await r.reply(200, {'trace': {'trace_info': {'state': 'OK'}}})
        spans = TRACES.get(kind, TRACES['other'])()
        data = json.dumps(wrap(spans)).encode()
        if kind == 'cut' or kind == 'turns' and self.counts[id] > 1:
            data = data[:len(data) // 2]
        await r.reply(200, data)

    async def export(self, r, path, headers, body):
        type = headers.get('content-type')
        refused = {'/old': 400, '/packed': 415}.get(path[:-len('/v1/traces')]) if type != 'application/x-protobuf' else None
        self.exports.append({'path': path, 'type': type, 'experiment': headers.get('x-mlflow-experiment-id'),
                             'refused': refused, 'body': base64.b64encode(body).decode()})
        await r.reply(refused or 200, b'')

    async def assess(self, r, method, path, query, body):
        where, _, rest = path.partition('/mlflow/traces/')[2].partition('/assessments')
        trace = where.removesuffix('/info')
        list = self.assessments.setdefault(trace, [])
        bare, id = '/api/4.0/' in path, rest.lstrip('/')
        if method == 'GET':
            return await r.reply(200, {'trace': {'trace_info': {'trace_id': trace, 'assessments': list}}})
        given = json.loads(body) if body else {}
        if method == 'POST':
            list.append({**(given if bare else given['assessment']), 'assessment_id': f'a-{len(list) + 1}',
                         'query': query})
            if len(list) == 1 and self.counts.setdefault(trace, 0) == 0:
                self.counts[trace] = 1
                return await r.reply(503, {'error_code': 'TEMPORARILY_UNAVAILABLE'})
            return await r.reply(200, {'assessment': list[-1]})
        one, = [a for a in list if a['assessment_id'] == id]
        if method == 'DELETE':
            list.remove(one)
            return await r.reply(200, {})
        changes = given if bare else given['assessment']
        mask = query['update_mask'] if bare else given['update_mask']
        one.update({name: changes[name] for name in mask.split(',')}, query=query)
        await r.reply(200, {'assessment': one})
