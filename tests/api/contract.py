"""app/openapi.json, held against what the app says."""

import json
import pathlib
import subprocess
import urllib.parse

import jsonschema

import stack as stack_module

DOCUMENT = json.loads((pathlib.Path(__file__).parents[2] / 'app' / 'openapi.json').read_text())
SCHEMAS = DOCUMENT['components']['schemas']
EDGE = {400, 413, 414, 429, 431, 502, 504} # that nginx may answer for any path


def routes():
    """The table of routes, as the program prints it."""
    lines = subprocess.run([stack_module.build() + '/offstage-app', '--routes'], check=True, text=True,
                           stdout=subprocess.PIPE).stdout.splitlines()
    return [json.loads(line) for line in lines]


def example(schema):
    return SCHEMAS[schema]['examples'][0]


def resolve(node):
    """The same without a $ref at the top."""
    while '$ref' in node:
        found = DOCUMENT
        for part in node['$ref'].removeprefix('#/').split('/'):
            found = found[part]
        node = found
    return node


def validate(value, schema, where=''):
    """`value` fits the schema, and has no member that the schema does not know."""
    whole = {**schema, 'components': DOCUMENT['components']}
    jsonschema.validators.Draft202012Validator(
        whole, format_checker=jsonschema.draft202012_format_checker).validate(value)
    refuse_unknown(value, schema, where)


def refuse_unknown(value, schema, where):
    schema = resolve(schema)
    if value is None:
        return
    for one in [] if 'properties' in schema else schema.get('anyOf', []):
        if resolve(one).get('type') != 'null':
            refuse_unknown(value, one, where)
    if isinstance(value, list) and 'items' in schema:
        for i, item in enumerate(value):
            refuse_unknown(item, schema['items'], f'{where}/{i}')
    if isinstance(value, dict) and 'properties' in schema:
        unknown = set(value) - set(schema['properties'])
        assert not unknown, f'{where}: {unknown} is not in openapi.json'
        for name, member in value.items():
            refuse_unknown(member, schema['properties'][name], f'{where}/{name}')


def operation(method, path):
    """The operation that answers a path; None when the document has none."""
    parts = path.split('/')
    # What is spelled out goes before what has a parameter in its place.
    for template, methods in sorted(DOCUMENT['paths'].items(), key=lambda item: '{' in item[0]):
        wanted = template.split('/')
        if len(wanted) == len(parts) and all(w == p or (w.startswith('{') and p) for w, p in zip(wanted, parts)):
            return methods.get('get' if method == 'HEAD' else method.lower())
    return None


def check(reply):
    """A reply of the app is one that the document announces."""
    method, path = reply.request.method, urllib.parse.urlsplit(reply.request.url).path
    if not path.startswith(('/api/', '/v1/', '/healthz', '/readyz', '/metrics')):
        return
    assert reply.headers['X-Request-Id'] and reply.headers['Server-Timing']
    # An answer that the gateway has held says it twice.
    assert set(reply.headers['Cache-Control'].split(', ')) == {'no-store'}
    if reply.status_code >= 400 and path != '/readyz':
        check_problem(reply)
    found = operation(method, path)
    if not found:
        assert reply.status_code in {404, 405} | EDGE, f'{method} {path} is not in openapi.json'
        return
    if str(reply.status_code) not in found['responses'] and reply.status_code in EDGE:
        return
    assert str(reply.status_code) in found['responses'], f'{method} {path} may not answer {reply.status_code}: {reply.text}'
    if method != 'HEAD':
        check_body(reply, resolve(found['responses'][str(reply.status_code)]))


def check_body(reply, announced):
    for name in announced.get('headers', {}):
        if name == 'Location':
            assert name in reply.headers
    if 'content' not in announced:
        assert reply.content == b'' and 'Content-Type' not in reply.headers
        return
    kind = reply.headers['Content-Type'].split(';')[0]
    assert kind in announced['content']
    if kind.endswith('json'):
        validate(reply.json(), announced['content'][kind]['schema'])


def check_problem(reply):
    if reply.request.method == 'HEAD':
        return
    assert reply.headers['Content-Type'] == 'application/problem+json', reply.text
    problem = reply.json()
    validate(problem, SCHEMAS['Problem'])
    assert problem['status'] == reply.status_code
    assert problem['instance'] == reply.headers['X-Request-Id']
    assert problem['type'].startswith('/problems/')
    if reply.status_code in (429, 503):
        assert int(reply.headers['Retry-After']) >= 1
    if reply.status_code == 401:
        assert reply.headers['WWW-Authenticate'] == 'Bearer'
    assert 'Set-Cookie' not in reply.headers
