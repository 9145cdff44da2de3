/* The widget: a public agent in a page of another origin. */

import { killStream, newBrowserContext, openShadows, Person, until, URL_, WAIT, words } from './harness.mjs';
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';

// A server of its own: browsers ask before a page that came from nowhere reaches this host.
const site = createServer((request, reply) => {
  const attributes = decodeURIComponent(new URL(request.url, 'http://x').search.slice(1));
  reply.setHeader('Content-Type', 'text/html');
  reply.end(`<!doctype html><title>Site</title><style>button { display: none } body > :not(h1) { display: none !important; opacity: 0.1 !important }</style><h1>Site</h1><script src="${URL_}/widget.js" ${attributes}></script>`);
}).listen(0, '127.0.0.1');
await once(site, 'listening');
after(() => site.close());

/** A page of another site. */
async function visit(agent, attributes = '') {
  const context = await newBrowserContext();
  context.setDefaultTimeout(WAIT);
  await openShadows(context);
  const page = await context.newPage();
  await page.goto(`http://127.0.0.1:${site.address().port}/?${encodeURIComponent(`data-agent="${agent}" ${attributes}`)}`);
  return { context, page };
}

test('a visitor of another site asks a public agent, which remembers the conversation', async () => {
  const ada = await Person.new();
  const agent = await ada.agent('recite', { visibility: 'public' });
  const { context, page } = await visit(agent.id, 'data-title="Ask Ada"');
  await page.getByRole('button', { name: 'Open the chat' }).click();
  await page.getByRole('dialog', { name: 'Ask Ada' }).waitFor();
  assert.equal(await page.evaluate(() => getComputedStyle(document.body.lastElementChild).opacity), '1', 'what the page does to its children');
  const box = page.getByRole('textbox', { name: 'Your question' });
  await box.fill('a **bold** question <img src=x onerror="window.ran = 1">');
  await page.keyboard.press('Enter');
  await page.locator('.answer b', { hasText: 'bold' }).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Open the chat' }).click();
  await page.locator('.answer b', { hasText: 'bold' }).waitFor();
  await box.fill('second');
  await page.keyboard.press('Enter');
  await until(async () => (await page.locator('.answer').last().textContent()) === 'second', 'the second answer');
  assert.equal(await page.evaluate(() => window.ran), undefined);
  assert.deepEqual(await context.cookies(), []);
  const visits = await ada.call('GET', `/api/agents/${agent.id}/conversations`);
  assert.equal(visits.data.length, 1);
  await context.close();
  await ada.leave();
});

test('a link says its host, unless its words begin with it', async () => {
  const ada = await Person.new();
  const agent = await ada.agent('recite', { visibility: 'public' });
  const { context, page } = await visit(agent.id, 'data-open="true"');
  await page.getByRole('textbox', { name: 'Your question' })
    .fill('[https://known.example](https://evil.example/x) and https://known.example@evil.example/x and https://plain.example/x');
  await page.keyboard.press('Enter');
  const links = page.locator('.answer a');
  await until(async () => (await links.count()) === 3, 'the links');
  assert.deepEqual(await links.evaluateAll((all) => all.map((one) => one.querySelector('.host')?.textContent.trim() ?? '')),
    ['(evil.example)', '(evil.example)', '']);
  await context.close();
  await ada.leave();
});

test('an answer is shown as it comes, and goes on after a reload and after a cut', async () => {
  const ada = await Person.new();
  const agent = await ada.agent('recite;rate=12', { visibility: 'public' });
  const { context, page } = await visit(agent.id, 'data-open="true"');
  const question = words(70);
  const shown = [];
  const text = async () => {
    const now = (await page.locator('.answer').last().textContent().catch(() => '')).trim();
    if (now && !now.startsWith('Hello!')) shown.push(now);
    return now;
  };
  const has = (n) => until(async () => (await text()).split(' ').length >= n && shown.length > 0, `${n} words`);
  await page.getByRole('textbox', { name: 'Your question' }).fill(question);
  await page.keyboard.press('Enter');
  await has(5);
  await page.reload();
  await has(12);
  killStream();
  await until(async () => (await text()) === question, 'the whole answer');
  assert.ok(shown.some((part) => part.length < question.length));
  for (const part of shown) assert.ok(question.startsWith(part), `shown: ${part}`);
  await page.reload();
  await until(async () => (await text()) === question, 'the answer in the memory');
  assert.equal((await ada.call('GET', `/api/agents/${agent.id}/conversations`)).data.length, 1);
  await context.close();
  await ada.leave();
});

test('the widget cites, has the colour it is given, and starts anew', async () => {
  const ada = await Person.new();
  const agent = await ada.call('POST', '/api/agents', { name: 'Handbook', kind: 'extractive', visibility: 'public' });
  await ada.call('POST', `/api/agents/${agent.id}/sources`, { type: 'text', title: 'Stage handbook', content: '# Stage\n\nThe curtain weighs four hundred kilograms.' });
  await until(async () => (await ada.call('GET', `/api/agents/${agent.id}/sources`)).data[0].status === 'ready', 'the source');
  const { context, page } = await visit(agent.id, 'data-open="true" data-color="#00aa77"');
  await page.getByRole('textbox', { name: 'Your question' }).fill('What does the curtain weigh?');
  await page.keyboard.press('Enter');
  await page.getByText('Sources (1)').click();
  await page.getByRole('listitem').filter({ hasText: 'Stage handbook' }).waitFor();
  assert.equal(await page.locator('header').evaluate((element) => getComputedStyle(element).backgroundColor), 'rgb(0, 170, 119)');
  await page.getByRole('button', { name: 'Start anew' }).click();
  assert.equal(await page.locator('.said').count(), 0);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Open the chat' }).waitFor();
  await context.close();
  await ada.leave();
});

test('an agent that is not public answers no visitor', async () => {
  const ada = await Person.new();
  const agent = await ada.agent('recite');
  const { context, page } = await visit(agent.id, 'data-open="true"');
  await page.getByRole('textbox', { name: 'Your question' }).fill('hello');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').waitFor();
  await context.close();
  await ada.leave();
});
