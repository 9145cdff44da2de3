"""The table of routes and openapi.json say the same, and the document keeps its own promises."""

import re

import pytest

import contract

ROUTES = contract.routes()
SECURITY = {'none': [], 'visitor': [{}, {'session': []}, {'key': []}], 'user': 'signed in', 'admin': 'signed in'}
IDS = [f"{r['method']} {r['path']}" for r in ROUTES]


def documented():
    """The app's operations; the gateway's are marked."""
    return {(method.upper(), path): operation
            for path, methods in contract.DOCUMENT['paths'].items() for method, operation in methods.items()
            if not operation.get('x-offstage-gateway')}


def test_every_route_is_documented_and_nothing_else():
    assert {(r['method'], r['path']) for r in ROUTES} == set(documented())


@pytest.mark.parametrize('route', ROUTES, ids=IDS)
def test_a_route_and_its_operation_agree(route):
    operation = documented()[route['method'], route['path']]
    assert operation['operationId'] == route['operation_id']
    assert operation['summary'] == route['summary']
    assert operation.get('security', 'signed in') == SECURITY[route['auth']]
    assert schema_of(operation.get('requestBody', {})) == route['input']
    if route['input']:
        assert operation['requestBody']['required'] == (not route['body_optional'])
    successes = [contract.resolve(reply) for status, reply in operation['responses'].items() if status < '300']
    assert successes
    assert all(route['output'] in (None, schema_of(success)) for success in successes)
    parameters = [contract.resolve(p)['name'] for p in operation.get('parameters', [])]
    assert [p for p in parameters if '{' + p + '}' in route['path']] == re.findall(r'{(\w+)}', route['path'])
    assert ('Idempotency-Key' in parameters) == route['creates']


def schema_of(body):
    for content in body.get('content', {}).values():
        if '$ref' in content['schema']:
            return content['schema']['$ref'].rpartition('/')[2]
    return None


@pytest.mark.parametrize('route', ROUTES, ids=IDS)
def test_what_needs_a_caller_announces_401_and_403(route):
    responses = documented()[route['method'], route['path']]['responses']
    if route['auth'] != 'none':
        assert {'401', '403'} <= set(responses)
    if '{' in route['path']:
        assert '404' in responses
    if route['input']:
        assert {'400', '413', '415', '422'} <= set(responses)


@pytest.mark.parametrize('name', contract.SCHEMAS)
def test_the_examples_of_a_schema_fit_it(name):
    schema = contract.SCHEMAS[name]
    assert schema['examples']
    for example in schema['examples']:
        contract.validate(example, schema)


def test_every_schema_is_used_and_every_reference_leads_somewhere():
    used = set()

    def walk(node):
        if isinstance(node, dict):
            if '$ref' in node:
                contract.resolve(node)
                used.add(node['$ref'].rpartition('/')[2])
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)

    walk(contract.DOCUMENT)
    assert set(contract.SCHEMAS) - used == {'Key'} - used


def test_what_a_body_may_hold_is_closed():
    for route in ROUTES:
        if route['input']:
            assert contract.SCHEMAS[route['input']]['additionalProperties'] is False


def test_the_document_is_served_as_it_stands(anonymous):
    assert anonymous.get('/api/openapi.json').json() == contract.DOCUMENT
