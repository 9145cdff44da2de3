/* The pages beside the chats: agents and what they know, traces, the account, administration. */

import { answer, as, box, finished, Person, sql, until, URL_, write } from './harness.mjs';
import assert from 'node:assert/strict';
import test from 'node:test';

const HANDBOOK = '# Stage\n\nThe curtain is green and weighs four hundred kilograms.\n\n# Light\n\nThe light board has forty-eight channels.';

test('an agent is changed, its endpoint tried, and a wrong value is named at its field', () => as(async (ada) => {
  const agent = await ada.agent('recite');
  const page = await ada.page(`/agents/${agent.id}`);
  await page.getByRole('button', { name: 'Test the endpoint' }).click();
  await page.locator('.test-result.good').waitFor();
  await page.getByLabel('Name').fill('Renamed');
  await page.getByLabel('Temperature').fill('9');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.field', { hasText: 'Temperature' }).getByRole('alert').waitFor();
  await page.getByLabel('Temperature').fill('0.5');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  const now = await ada.call('GET', `/api/agents/${agent.id}`);
  assert.deepEqual([now.name, now.temperature], ['Renamed', 0.5]);
}));

test('an agent is given embeddings, and what is wrong with them is said at their fields', () => as(async (ada) => {
  const { endpoint_url: url } = await ada.agent('recite');
  const page = await ada.page('/agents/new');
  await page.getByRole('radio', { name: /Your sources/ }).check();
  await page.getByLabel('Name').fill('Reader');
  await page.locator('summary', { hasText: 'Advanced' }).click();
  await page.getByLabel('Address of the embeddings').fill(url);
  await page.locator('summary', { hasText: 'Advanced' }).click();
  await page.getByRole('button', { name: 'Create agent' }).click();
  await page.locator('.field', { hasText: 'Model of embeddings' }).getByRole('alert').waitFor();
  await page.getByLabel('Model of embeddings').fill('small');
  await page.getByLabel('Address of the embeddings').fill('http://10.0.0.1/v1');
  await page.getByRole('button', { name: 'Create agent' }).click();
  await page.locator('.field', { hasText: 'Address of the embeddings' }).getByRole('alert').waitFor();
  await page.getByLabel('Address of the embeddings').fill(url);
  await page.getByLabel('Key for the embeddings').fill('sesame');
  await page.getByRole('button', { name: 'Create agent' }).click();
  await page.getByRole('tab', { name: 'Settings' }).click();
  const read = async () => {
    const made = (await ada.call('GET', '/api/agents')).data.find((agent) => agent.name === 'Reader');
    return [made.embeddings_url, made.embeddings_model, made.has_embeddings_credential];
  };
  assert.deepEqual(await read(), [url, 'small', true]);
  await page.getByLabel('Model of embeddings').fill('large');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  assert.deepEqual(await read(), [url, 'large', true]);
  await page.getByLabel('Address of the embeddings').fill('');
  await page.getByLabel('Model of embeddings').fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await until(async () => (await read())[0] === null, 'the embeddings to be gone');
  assert.deepEqual(await read(), [null, null, false]);
}));

test('an agent is given a tool and titles by its model, and what is wrong with the tool is said at its fields', () => as(async (ada) => {
  const { endpoint_url: url } = await ada.agent('recite');
  const page = await ada.page('/agents/new');
  const advanced = page.locator('summary', { hasText: 'Advanced' });
  const fault = (label) => page.locator('.field', { has: page.getByLabel(label, { exact: true }) }).getByRole('alert');
  await page.getByLabel('Name').fill('Forecaster');
  await page.getByLabel('Address of the model').fill(url);
  await page.getByLabel('Model', { exact: true }).fill('recite');
  await advanced.click();
  await page.getByLabel('A new chat is called after').selectOption('model');
  await page.getByRole('button', { name: 'Add a tool' }).click();
  await page.getByLabel('What the model calls it').fill('weather');
  await page.getByLabel('Address of the tool').fill('http://10.0.0.1/weather');
  await page.getByLabel('Its arguments').fill('{"type": "object",}');
  await page.getByLabel('Key for the tool').fill('sesame');
  await advanced.click();
  await page.getByRole('button', { name: 'Create agent' }).click();
  await fault('Its arguments').filter({ hasText: 'This is not JSON' }).waitFor();
  await page.getByLabel('Its arguments').fill('["city"]');
  await page.getByRole('button', { name: 'Create agent' }).click();
  await fault('Its arguments').filter({ hasText: 'an object' }).waitFor();
  await page.getByLabel('Its arguments').fill('{"type": "object", "properties": {"city": {"type": "string"}}}');
  await page.getByRole('button', { name: 'Create agent' }).click();
  await fault('Address of the tool').waitFor();
  assert.equal(await fault('Its arguments').count(), 0);
  await page.getByLabel('Address of the tool').fill('https://tools.example.com/weather');
  await page.getByRole('button', { name: 'Create agent' }).click();
  await until(() => new URL(page.url()).pathname === '/', 'the agent to be there');
  const made = (await ada.call('GET', '/api/agents')).data.find((agent) => agent.name === 'Forecaster');
  const tool = { type: 'http', name: 'weather', description: null, url: 'https://tools.example.com/weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } } }, has_credential: true };
  assert.deepEqual([made.titles, made.tools], ['model', [tool]]);
  await page.goto(`${page.url()}agents/${made.id}`);
  assert.equal(await page.getByLabel('What the model calls it').inputValue(), 'weather');
  assert.deepEqual(JSON.parse(await page.getByLabel('Its arguments').inputValue()), tool.parameters);
  assert.equal(await page.getByLabel('A new chat is called after').inputValue(), 'model');
}));

test('tools keep their keys while others change, but not for another address, and are taken away by keys alone', () => as(async (ada) => {
  const weather = { type: 'http', name: 'weather', description: 'The weather.', url: 'https://tools.example.com/weather', parameters: { type: 'object' } };
  const { id } = await ada.agent('recite', { tools: [{ ...weather, credential: 'sesame' }, { type: 'mcp', name: 'far', description: 'Far.', url: 'https://example.com/mcp' }] });
  const read = async () => (await ada.call('GET', `/api/agents/${id}`)).tools.map((tool) => [tool.type, tool.name, tool.description, tool.has_credential]);
  const page = await ada.page(`/agents/${id}`);
  const save = () => page.getByRole('button', { name: 'Save' }).click();
  const first = page.getByRole('group', { name: 'Tool 1' });
  await first.getByLabel('What it does').fill('The weather today.');
  await page.getByRole('button', { name: 'Add a tool' }).focus();
  await page.keyboard.press('Enter');
  await page.keyboard.press('S');
  const third = page.getByRole('group', { name: 'Tool 3' });
  await third.getByLabel('Type').waitFor();
  assert.equal(await third.getByLabel('Type').inputValue(), 'search_sources');
  await save();
  await until(async () => (await read()).length === 3, 'the tools to be changed');
  assert.deepEqual(await read(), [['http', 'weather', 'The weather today.', true], ['mcp', 'far', 'Far.', false], ['search_sources', null, null, false]]);
  await until(async () => (await first.getByLabel('Key for the tool').getAttribute('placeholder')) === 'Set. Leave empty to keep it.', 'the form to be drawn again');
  await first.getByLabel('Address of the tool').fill('https://tools.example.com/other');
  await save();
  await first.getByRole('alert').filter({ hasText: 'for another address' }).waitFor();
  await page.keyboard.type('open');
  await page.keyboard.press('Enter');
  await until(async () => (await ada.call('GET', `/api/agents/${id}`)).tools[0].url.endsWith('/other'), 'the address to be changed');
  assert.equal((await read())[0][3], true);
  await page.getByRole('button', { name: 'Remove tool 1' }).focus();
  await page.keyboard.press('Enter');
  await third.waitFor({ state: 'detached' });
  await save();
  await until(async () => (await read()).length === 2, 'the tool to be gone');
  assert.deepEqual((await read()).map(([type]) => type), ['mcp', 'search_sources']);
}));

test('an agent signs in as a client, whose fields are shown only then', () => as(async (ada) => {
  const { id } = await ada.agent('recite');
  const page = await ada.page(`/agents/${id}`);
  await page.getByLabel('API key').waitFor();
  assert.equal(await page.getByLabel('Client ID').isVisible(), false);
  await page.getByLabel('How the model is signed in to').selectOption('databricks_oauth');
  await page.getByLabel('OAuth secret').fill('sesame');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.field', { hasText: 'Client ID' }).getByRole('alert').waitFor();
  const client = page.getByLabel('Client ID');
  assert.equal(await client.evaluate((input) => input === document.activeElement), true);
  assert.deepEqual([await client.getAttribute('aria-invalid'), await page.locator('form > .form-fault').textContent()], ['true', '']);
  await client.fill('principal');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  assert.equal(await client.getAttribute('aria-invalid'), null);
  const now = await ada.call('GET', `/api/agents/${id}`);
  assert.deepEqual([now.auth, now.client_id, now.has_credential], ['databricks_oauth', 'principal', true]);
  await page.reload();
  assert.equal(await page.getByLabel('Client ID').inputValue(), 'principal');
}));

test('whatever is wrong with an agent is said at its field, and what has none that is seen at the end', () => as(async (ada) => {
  const { id } = await ada.agent('recite', { kind: 'responses' });
  const page = await ada.page(`/agents/${id}`);
  const fault = (label) => page.locator('.field', { has: page.getByLabel(label, { exact: true }) }).getByRole('alert');
  await page.locator('summary', { hasText: 'Advanced' }).click();
  await page.getByLabel('Ask for its trace with each answer').check();
  await page.getByLabel('MLflow server').fill('http://10.0.0.1/');
  await page.getByLabel('Questions to begin with').fill(`Why?\n${'x'.repeat(501)}`);
  await page.getByLabel('Name', { exact: true }).fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  for (const label of ['Name', 'Questions to begin with', 'MLflow server']) await fault(label).waitFor();
  assert.equal(await page.getByLabel('Name', { exact: true }).evaluate((input) => input === document.activeElement), true);
  await page.getByLabel('Name', { exact: true }).fill('Traced');
  await page.getByLabel('Questions to begin with').fill('Why?');
  await page.getByLabel('MLflow server').fill('https://mlflow.example.com');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved.').waitFor();
  assert.equal(await page.locator('.field-fault').count(), 0);
  const read = async () => {
    const now = await ada.call('GET', `/api/agents/${id}`);
    return [now.return_trace, now.mlflow_url];
  };
  assert.deepEqual(await read(), [true, 'https://mlflow.example.com']);
  await page.getByLabel('MLflow server').fill('');
  await page.getByRole('radio', { name: /OpenAI-compatible/ }).check();
  assert.equal(await page.getByLabel('Ask for its trace with each answer').isVisible(), false);
  await page.getByRole('button', { name: 'Save' }).click();
  await until(async () => (await read())[1] === null, 'the server to be gone');
  // As from a newer server, which knows a field that this form does not have.
  await page.route(`**/api/agents/${id}`, (route) => route.fulfill({ status: 422, contentType: 'application/problem+json',
    json: { detail: 'not valid', errors: [{ pointer: '/region', detail: 'is required' }, { pointer: '/model', detail: 'is unknown' }] } }));
  await page.getByRole('button', { name: 'Save' }).click();
  await fault('Model').filter({ hasText: 'Is unknown.' }).waitFor();
  await page.locator('form > .form-fault').filter({ hasText: 'Region is required.' }).waitFor();
}));

test('an agent answers from a text that was added, and a citation opens its passage', () => as(async (ada) => {
  const agent = await ada.call('POST', '/api/agents', { name: 'Handbook', kind: 'extractive' });
  const page = await ada.page(`/agents/${agent.id}`);
  await page.getByRole('button', { name: 'Add a text' }).click();
  await page.getByRole('textbox', { name: 'Title' }).fill('Stage handbook');
  await page.getByRole('textbox', { name: 'Text' }).fill(HANDBOOK);
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.locator('.source-row .badge.good').waitFor();
  await page.getByRole('link', { name: 'Start a chat' }).click();
  await write(page, 'How many kilograms has the green curtain?');
  await finished(page).waitFor();
  await answer(page).getByRole('button', { name: /Source 1/ }).first().click();
  await page.getByRole('dialog').getByText('four hundred kilograms').waitFor();
}));

test('a file becomes what an agent knows, can be looked at, and says why if it cannot be read', () => as(async (ada) => {
  const agent = await ada.call('POST', '/api/agents', { name: 'Handbook', kind: 'extractive' });
  const page = await ada.page(`/agents/${agent.id}`);
  const add = async (name, mimeType, text) => {
    await page.getByRole('button', { name: 'Add a file' }).click();
    await page.getByLabel('File', { exact: true }).setInputFiles({ name, mimeType, buffer: Buffer.from(text) });
    await page.getByRole('button', { name: 'Add', exact: true }).click();
  };
  await add('stage.png', 'image/png', '\x89PNG\r\n');
  await page.locator('.source-row', { hasText: 'stage.png' }).getByText('documents of this type are not read').waitFor();
  await add('stage.md', 'text/markdown', HANDBOOK);
  await page.locator('.source-row .badge.good').waitFor();
  await page.getByRole('link', { name: 'stage.md' }).click();
  await page.locator('.page-row').click();
  await page.getByText('forty-eight channels').waitFor();
  await page.getByRole('button', { name: 'Chunks (2)' }).click();
  await page.locator('.chunk', { hasText: 'forty-eight channels' }).waitFor();
}));

test('the trace of an answer is a tree of spans that keys walk through', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  await write(page, 'hello');
  await finished(page).waitFor();
  await page.getByRole('link', { name: 'Trace', exact: true }).click();
  await page.getByRole('tree').waitFor();
  const rows = page.getByRole('treeitem');
  const all = await rows.count();
  assert.ok(all >= 3);
  const facts = page.locator('.facts').first();
  for (const fact of [/First token\d/, /Tokens\d+ → \d+/, /Spans\d/]) assert.match(await facts.textContent(), fact);
  // All bars stand on the axis of the first, which is the whole.
  const bars = await page.locator('.span-bar').evaluateAll((found) => found.map((bar) => bar.getBoundingClientRect()).map(({ left, right }) => [left, right]));
  assert.equal(bars.length, all);
  for (const [left, right] of bars) assert.ok(left >= bars[0][0] - 1 && right <= bars[0][1] + 1 && right > left, JSON.stringify(bars));
  await rows.first().focus();
  await page.keyboard.press('ArrowDown');
  assert.equal(await rows.nth(1).getAttribute('aria-selected'), 'true');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await rows.count(), 1);
  await page.keyboard.press('ArrowRight');
  assert.equal(await rows.count(), all);
  await page.locator('.span-detail').getByText('hello').first().waitFor();
  await page.getByRole('searchbox', { name: 'Search in spans' }).fill('RECITE');
  await page.getByText(/^[1-9]\d* spans? ha/).waitFor();
  assert.ok(await page.locator('.span-row.hit').count() > 0);
  await page.keyboard.press('Enter');
  await page.locator('.span-row.hit[aria-selected=true]').waitFor();
}));

test('on a phone the names of spans are there whole, however deep they are', () => as(async (ada) => {
  const agent = await ada.agent('recite', { name: 'An agent whose name is longer than what a phone has room for in one line' });
  const asked = await ada.call('POST', '/api/invoke_endpoint', { agent_id: agent.id, message: 'hello' });
  const { trace_id: trace } = await until(async () => {
    const request = await ada.call('GET', `/api/requests/${asked.request_id}`);
    return request.trace_id && request.completed_at && request;
  }, 'the trace');
  const page = await ada.page(`/traces/${trace}`);
  await page.getByRole('treeitem').nth(3).waitFor();
  const cut = () => page.locator('.span-label').evaluateAll((found) => found.filter((label) => label.scrollWidth > label.clientWidth + 1).map((label) => label.textContent));
  assert.deepEqual(await cut(), []);
  const sizes = await page.locator('.spans').evaluate((tree) => [tree.scrollWidth, tree.clientWidth]);
  assert.equal(sizes[0], sizes[1]);
}, 'Ada', { viewport: { width: 390, height: 844 } }));

test('a trace that comes from the agent\'s own server stands in ours, says so, and is fetched again when asked for', () => as(async (ada) => {
  const theirs = crypto.randomUUID().replaceAll('-', '');
  const plain = await ada.agent('recite');
  await ada.call('POST', '/api/agents', { name: 'Theirs', kind: 'responses', model: `databricks;trace=${theirs}`, return_trace: true,
    endpoint_url: plain.endpoint_url.replace('/v1', '/serving-endpoints/x/invocations') });
  const page = await ada.page();
  await page.getByRole('button', { name: /^Agent:/ }).click();
  await page.getByRole('menuitemradio', { name: 'Theirs' }).click();
  await write(page, 'How cold is it?');
  await finished(page).waitFor();
  await page.getByRole('link', { name: 'Trace', exact: true }).click();
  await page.locator('.facts').getByText('MLflow').waitFor();
  const rows = page.getByRole('treeitem');
  assert.ok(await rows.count() >= 4);
  await page.getByRole('button', { name: 'Fetch again' }).click();
  await page.getByText('Asked for the agent’s own part').waitFor();
  assert.ok(await rows.count() >= 4);
}));

test('a trace is there between two attempts, and is completed before one\'s eyes', () => as(async (ada) => {
  const agent = await ada.agent('status;code=503;times=1;retry_after=60;seed=3');
  const { request_id: id } = await ada.call('POST', '/api/invoke_endpoint', { agent_id: agent.id, message: `hello ${ada.email}` });
  const [[job]] = sql(`select job_id from requests where id = '${id}'`);
  await until(async () => (await ada.call('GET', '/api/traces')).data.length === 1, 'the trace of the first attempt');
  const page = await ada.page(`/traces/${id}`);
  await page.locator('.facts').getByText('running').waitFor();
  await page.locator('.span-row.bad').first().waitFor();
  await ada.call('POST', `/api/jobs/${job}/retry`);
  await page.locator('.facts').getByText('completed').waitFor();
}));

test('traces are found by their agent, their state, how long they took, and their id', () => as(async (ada) => {
  const good = await ada.agent('recite', { name: 'Good' });
  const bad = await ada.agent('refuse;code=401', { name: 'Bad' });
  const ask = async (agent) => {
    const { request_id: id } = await ada.call('POST', '/api/invoke_endpoint', { agent_id: agent.id, message: 'hello' });
    return until(async () => {
      const now = await ada.call('GET', `/api/requests/${id}`);
      return ['completed', 'failed'].includes(now.status) && now;
    }, 'the answer');
  };
  const [{ trace_id: trace }] = [await ask(good), await ask(bad)];
  await until(async () => (await ada.call('GET', '/api/traces')).data.length === 2, 'the traces');
  const page = await ada.page('/traces');
  const rows = page.locator('.data-table tbody tr');
  await until(async () => (await rows.count()) === 2, 'both');
  await page.getByRole('combobox', { name: 'Agent' }).selectOption('Good');
  await until(async () => (await rows.count()) === 1, 'those of one agent');
  await page.getByRole('combobox', { name: 'Agent' }).selectOption('');
  await page.getByRole('button', { name: 'Failed' }).click();
  await until(async () => (await rows.count()) === 1 && /Bad/.test(await rows.first().textContent()), 'the failed one');
  await rows.getByRole('link').click();
  await page.locator('.span-row.bad').first().waitFor();
  await page.goBack();
  await page.getByRole('combobox', { name: 'Duration' }).selectOption('120000');
  await page.getByText('No trace is like that.').waitFor();
  await page.getByRole('searchbox', { name: 'Open a trace by its id' }).fill(trace);
  await page.keyboard.press('Enter');
  await page.getByRole('tree').waitFor();
  assert.match(page.url(), new RegExp(`/traces/${trace}$`));
}));

test('colours are those of the system until somebody prefers others, also after a reload', () => as(async (ada) => {
  const page = await ada.page('/settings');
  const ink = () => page.locator('.page').evaluate((element) => getComputedStyle(element).color);
  await page.getByLabel('Colours').waitFor();
  const dark = await ink();
  await page.getByLabel('Colours').selectOption('light');
  const light = await ink();
  assert.notEqual(light, dark);
  await page.reload();
  await until(async () => (await ink()) === light, 'the preferred colours');
  await page.getByLabel('Colours').selectOption('');
  assert.equal(await ink(), dark);
}, 'Ada', { colorScheme: 'dark' }));

test('a key is made, works, is shown once and can be deleted', () => as(async (ada) => {
  const page = await ada.page('/settings');
  const form = page.locator('section', { hasText: 'API keys' });
  await form.getByLabel('Name').fill('report');
  await form.getByRole('button', { name: 'Create key' }).click();
  const key = await page.locator('.fresh-key code').textContent();
  const reply = await ada.context.request.get(new URL('/api/auth/me', page.url()).href, { headers: { Authorization: `Bearer ${key}`, Cookie: '' } });
  assert.equal(reply.status(), 200);
  await page.reload();
  await page.getByText('report').waitFor();
  assert.equal(await page.locator('.fresh-key').count(), 0);
  await page.getByRole('button', { name: 'Delete the key “report”' }).click();
  await until(async () => (await ada.call('GET', '/api/keys')).data.length === 0, 'the key to go');
}));

test('admins pause and resume a queue, see jobs, and shut somebody out for a while; others have no such page', () => as(async (ada) => {
  sql(`update users set role = 'admin' where id = '${ada.me.id}'`);
  await ada.agent('recite');
  const page = await ada.page('/admin');
  const card = page.locator('.card', { has: page.getByText('webhook', { exact: true }) });
  await card.getByRole('button', { name: /Pause/ }).click();
  await card.getByText('paused').waitFor();
  await card.getByRole('button', { name: /Resume/ }).click();
  await until(async () => (await card.getByText('paused').count()) === 0, 'the queue to go on');
  await card.getByRole('img', { name: /Jobs that wait/ }).waitFor();
  await card.getByRole('img', { name: /Done a minute/ }).waitFor();
  const bea = await Person.new('Bea');
  await page.getByRole('tab', { name: 'Users' }).click();
  await page.getByRole('cell', { name: ada.email }).waitFor();
  await page.setViewportSize({ width: 390, height: 844 });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, 'the table is wide, and not the page');
  const row = page.getByRole('row', { name: bea.email });
  await row.getByRole('button', { name: 'Disable' }).click();
  await row.getByText('disabled').waitFor();
  assert.equal((await bea.context.request.get(`${URL_}/api/auth/me`)).status(), 401);
  await row.getByRole('button', { name: 'Enable' }).click();
  await until(async () => (await row.getByText('disabled').count()) === 0, 'Bea to be let in again');
  await bea.call('POST', '/api/auth/login', { email: bea.email, password: 'correct horse battery' });
  const hers = await bea.page();
  await box(hers).waitFor();
  assert.equal(await hers.getByRole('link', { name: 'Admin' }).count(), 0);
  await hers.goto(`${URL_}/admin`);
  await hers.getByText('There is nothing here.').waitFor();
  await bea.leave();
}));

test('admins see what jobs say, cancel one, try another at once, and see how much is asked', () => as(async (ada) => {
  sql(`update users set role = 'admin' where id = '${ada.me.id}'`);
  const agent = await ada.agent('hang');
  const { request_id: id } = await ada.call('POST', '/api/invoke_endpoint', { agent_id: agent.id, message: 'hello' });
  const [[job]] = sql(`select job_id from requests where id = '${id}'`);
  const page = await ada.page('/admin?tab=jobs');
  const row = page.locator(`tr[data-job="${job}"]`);
  await row.getByText('1/4').waitFor();
  await row.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'cancelled' }).click();
  await row.waitFor();
  assert.equal((await ada.call('GET', `/api/requests/${id}`)).status, 'cancelled');
  const late = await ada.agent('status;code=503;times=1;retry_after=60;seed=7', { name: 'Late' });
  const { request_id: second } = await ada.call('POST', '/api/invoke_endpoint', { agent_id: late.id, message: `hello ${ada.email}` });
  const [[again]] = sql(`select job_id from requests where id = '${second}'`);
  await page.getByRole('button', { name: 'retrying' }).click();
  const waits = page.locator(`tr[data-job="${again}"]`);
  await waits.getByText(/503/).waitFor();
  await waits.getByRole('button', { name: 'Try again now' }).click();
  await until(async () => (await ada.call('GET', `/api/requests/${second}`)).status === 'completed', 'the answer');
  await page.getByRole('tab', { name: 'Use', exact: true }).click();
  await page.getByRole('img', { name: /Questions a day/ }).waitFor();
  await page.getByRole('row', { name: /Helper/ }).first().waitFor();
}));

test('a public agent is put into other pages by the line that its page gives to copy, and is deleted without its chats', () => as(async (ada) => {
  const agent = await ada.agent('recite');
  await ada.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await ada.page(`/agents/${agent.id}?tab=embed`);
  await page.getByText('Make the agent public').waitFor();
  await ada.call('PATCH', `/api/agents/${agent.id}`, { visibility: 'public' });
  await page.reload();
  await page.getByRole('button', { name: 'Copy the line' }).click();
  const line = `<script src="${URL_}/widget.js" data-agent="${agent.id}" async></script>`;
  await until(async () => (await page.evaluate(() => navigator.clipboard.readText())) === line, 'the line');
  const chat = await ada.call('POST', '/api/chats', { title: 'Stays', agent_id: agent.id });
  await page.getByRole('tab', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Delete agent' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
  await until(() => new URL(page.url()).pathname === '/agents', 'the list of agents');
  await page.goto(`${URL_}/c/${chat.id}`);
  await page.getByText('its agent was deleted').waitFor();
}));

test('an agent of somebody else is found by nobody', () => as(async (ada) => {
  const bea = await Person.new('Bea');
  const agent = await bea.agent('recite');
  const page = await ada.page(`/agents/${agent.id}`);
  await page.getByText('There is nothing here.').waitFor();
  await bea.leave();
}));

test('a chat goes through the archive and the bin, comes back from both, and is gone when it is deleted for good', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  const other = await ada.page('/chats?tab=bin');
  await page.bringToFront();
  await write(page, 'keep this');
  await finished(page).waitFor();
  const [{ id }] = await ada.chats();
  // A tab behind another draws one frame a second.
  const act = async (name) => {
    await page.bringToFront();
    await page.getByRole('button', { name: /Actions for/ }).first().click();
    await page.getByRole('menuitem', { name, exact: true }).click();
  };
  await act('Archive');
  await until(async () => (await page.locator('.chat-link').count()) === 0, 'the chat to leave the sidebar');
  await page.goto(new URL('/chats', page.url()).href);
  await page.getByRole('link', { name: 'keep this' }).click();
  await page.getByText('This chat is in the archive.').waitFor();
  assert.equal((await answer(page).textContent()).trim(), 'keep this');
  await page.getByRole('button', { name: 'Unarchive' }).click();
  await page.locator('.chat-link', { hasText: 'keep this' }).waitFor();
  await until(async () => (await page.getByText('This chat is in the archive.').count()) === 0, 'the notice to go');
  await act('Archive');
  await page.locator('.toast', { hasText: 'Chat archived.' }).getByRole('button', { name: 'Undo' }).click();
  await page.locator('.chat-link', { hasText: 'keep this' }).waitFor();

  await other.getByText('The bin is empty.').waitFor();
  await act('Delete');
  await other.bringToFront();
  await other.getByRole('button', { name: 'Restore: keep this' }).click();
  await page.locator('.chat-link', { hasText: 'keep this' }).waitFor();
  assert.deepEqual((await ada.messages(id)).map((m) => m.role), ['user', 'assistant']);
  await act('Delete');
  await other.bringToFront();
  await other.getByRole('button', { name: 'Delete for good: keep this' }).click();
  await other.getByRole('button', { name: 'Cancel' }).click();
  await other.getByRole('button', { name: 'Delete for good: keep this' }).click();
  await other.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
  await other.getByText('The bin is empty.').waitFor();
  for (const shelf of ['', '?archived=true', '?deleted=true']) assert.deepEqual((await ada.call('GET', `/api/chats${shelf}`)).data, []);
}));
