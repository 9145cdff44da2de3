/* The widget: a public agent in a page of another origin. */

import { newBrowserContext, Person, until, URL_, WAIT } from './harness.mjs';
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { once } from 'node:events';

// A server of its own: browsers ask before a page that came from nowhere reaches this host.
const site = createServer((request, reply) => {
  const attributes = decodeURIComponent(new URL(request.url, 'http://x').search.slice(1));
  reply.setHeader('Content-Type', 'text/html');
  reply.end(`<!doctype html><title>Site</title><style>button { display: none }</style><h1>Site</h1><script src="${URL_}/widget.js" ${attributes}></script>`);
}).listen(0, '127.0.0.1');
await once(site, 'listening');
after(() => site.close());

/** A page of another site; its shadow roots are opened for the test to look into. */
async function visit(agent, attributes = '') {
  const context = await newBrowserContext();
  context.setDefaultTimeout(WAIT);
  await context.addInitScript(() => {
    const attach = Element.prototype.attachShadow;
    Element.prototype.attachShadow = function open(how) {
      return attach.call(this, { ...how, mode: 'open' });
    };
  });
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
