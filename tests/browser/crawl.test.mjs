/* A website becomes what an agent knows, before the eyes of whoever added it. */

import { answer, as, finished, until, write } from './harness.mjs';
import { after, test } from 'node:test';
import assert from 'node:assert/strict';
import { PAGES, Site } from './site.mjs';

const site = await Site.start();
after(() => site.close());

test('a website that is added elsewhere is seen to be read', () => as(async (ada) => {
  const agent = await ada.call('POST', '/api/agents', { name: 'Theatre', kind: 'extractive' });
  const screen = await ada.page(`/agents/${agent.id}`);
  await screen.getByText('This agent knows nothing yet.').waitFor();
  await ada.call('POST', `/api/agents/${agent.id}/sources`, { type: 'url', url: site.url });
  await screen.locator('.source-row').getByText('ready').waitFor();
}));

test('a website is added, read before one\'s eyes, looked at, tried, asked and read again', () => as(async (ada) => {
  const agent = await ada.call('POST', '/api/agents', { name: 'Theatre', kind: 'extractive' });
  const screen = await ada.page(`/agents/${agent.id}`);
  site.held = new Set(['/light', '/sound']);

  await screen.getByRole('button', { name: 'Add a website' }).click();
  await screen.getByRole('textbox', { name: 'Address', exact: true }).fill('not an address');
  await screen.getByRole('button', { name: 'Add', exact: true }).click();
  await screen.locator('.field', { hasText: 'Address' }).getByRole('alert').waitFor();
  await screen.getByRole('textbox', { name: 'Address', exact: true }).fill(site.url);
  await screen.getByLabel('Pages at most').fill('20');
  await screen.getByText('More limits').click();
  await screen.getByRole('textbox', { name: 'No addresses that match' }).fill('/archive/*');
  await screen.getByRole('button', { name: 'Add', exact: true }).click();

  // While two pages are held back: the bar, the counts and the page that was read last.
  const row = screen.locator('.source-row');
  await row.getByText(/1 indexed/).waitFor();
  await row.getByText(/Crawled page 1 of [23]/).waitFor();
  assert.ok(await row.getByRole('progressbar').evaluate((bar) => bar.value > 0 && bar.value < 100));
  await row.getByText(`${site.url.slice(7, -1)}`).first().waitFor();
  site.open();
  await row.getByText('ready').waitFor();
  await until(async () => !(await row.getByRole('progressbar').isVisible()), 'the bar to go');
  const [source] = (await ada.call('GET', `/api/agents/${agent.id}/sources`)).data;
  assert.deepEqual([source.max_pages, source.exclude, source.page_count], [20, ['/archive/*'], 3]);

  // The content viewer: what was taken, and what was not and why.
  await row.getByRole('link').click();
  const rows = screen.locator('.page-row');
  await until(async () => (await rows.count()) === 5, 'all addresses');
  await screen.getByRole('button', { name: 'Skipped' }).click();
  await until(async () => (await rows.count()) === 1, 'what was skipped');
  assert.match(await rows.textContent(), /private.*robots\.txt/is);
  await screen.getByRole('button', { name: 'Failed' }).click();
  await until(async () => /gone/.test(await rows.first().textContent()), 'what failed');
  await screen.getByRole('button', { name: 'All', exact: true }).click();
  await screen.getByRole('searchbox', { name: 'Search in pages' }).fill('light');
  await until(async () => (await rows.count()) === 1, 'what was looked for');
  await rows.click();
  await screen.getByText('forty-eight channels').waitFor();
  await screen.getByText('HTTP 200').waitFor();
  await screen.getByRole('button', { name: /^Chunks/ }).click();
  await screen.locator('.chunk').first().waitFor();

  // What the agent would be given, and what it answers.
  await screen.goto(`${new URL(screen.url()).origin}/agents/${agent.id}?tab=try`);
  await screen.getByRole('searchbox', { name: 'A question' }).fill('How many channels has the light board?');
  await screen.keyboard.press('Enter');
  await screen.locator('.passage-hit').first().getByText('forty-eight channels').waitFor();
  await screen.getByRole('link', { name: 'Start a chat' }).click();
  await write(screen, 'How many channels has the light board?');
  await finished(screen).waitFor();
  await answer(screen).getByText('forty-eight').first().waitFor();

  // Read again: what has changed is there, and the start and the end of it are seen.
  site.changed['/light'] = { body: PAGES['/light'].body.replace('forty-eight', 'ninety-six') };
  site.held = new Set(['/sound']);
  await screen.goto(`${new URL(screen.url()).origin}/sources/${source.id}`);
  await screen.getByRole('button', { name: 'Read again' }).click();
  await screen.getByRole('progressbar').waitFor();
  await until(() => site.waiting.length > 0, 'the crawl to reach the page that is held');
  site.open();
  await until(async () => !(await screen.getByRole('progressbar').isVisible()), 'the bar to go');
  const found = await ada.call('GET', `/api/agents/${agent.id}/search?q=channels`);
  assert.match(JSON.stringify(found.data), /ninety-six/);
  assert.ok(!site.asked.includes('/private'));
}));
