/* The pages beside the chats: agents and what they know, traces, the account, administration. */

import { answer, as, box, finished, Person, sql, until, write } from './harness.mjs';
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
  await rows.first().focus();
  await page.keyboard.press('ArrowDown');
  assert.equal(await rows.nth(1).getAttribute('aria-selected'), 'true');
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('ArrowLeft');
  assert.equal(await rows.count(), 1);
  await page.keyboard.press('ArrowRight');
  assert.equal(await rows.count(), all);
  await page.locator('.span-detail').getByText('hello').first().waitFor();
}));

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

test('admins pause and resume a queue and see jobs; others have no such page', () => as(async (ada) => {
  sql(`update users set role = 'admin' where id = '${ada.me.id}'`);
  await ada.agent('recite');
  const page = await ada.page('/admin');
  const card = page.locator('.card', { has: page.getByText('webhook', { exact: true }) });
  await card.getByRole('button', { name: /Pause/ }).click();
  await card.getByText('paused').waitFor();
  await card.getByRole('button', { name: /Resume/ }).click();
  await until(async () => (await card.getByText('paused').count()) === 0, 'the queue to go on');
  await page.getByRole('tab', { name: 'Users' }).click();
  await page.getByRole('cell', { name: ada.email }).waitFor();
  const bea = await Person.new('Bea');
  const hers = await bea.page();
  await box(hers).waitFor();
  assert.equal(await hers.getByRole('link', { name: 'Admin' }).count(), 0);
  await bea.leave();
}));

test('an agent of somebody else is found by nobody', () => as(async (ada) => {
  const bea = await Person.new('Bea');
  const agent = await bea.agent('recite');
  const page = await ada.page(`/agents/${agent.id}`);
  await page.getByText('There is nothing here.').waitFor();
  await bea.leave();
}));
