/* Every screen is one that everybody can use: axe finds nothing, keys reach all, and long chats stay quick. */

import { answer, as, box, finished, hasWords, library, loadMessages, longChat, newBrowserContext, sql, until, URL_, write } from './harness.mjs';
import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import test from 'node:test';

const FIRST_LOAD = 150_000; // bytes, compressed
const WIDGET = 30_000; // bytes
const LONG = 10_000; // messages

/** What axe says against a page. It is put in as the browser's own script, which the page's policy does not concern. */
async function accessible(page, what) {
  await page.evaluate(library('axe-core/axe.min.js'));
  const faults = await page.evaluate(async () => {
    const { violations } = await window.axe.run(document, { resultTypes: ['violations'] });
    return violations.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => `${n.html.slice(0, 160)} ${n.any[0]?.message ?? n.failureSummary}`).join(' | ')}`);
  });
  assert.deepEqual(faults, [], what);
}

for (const colorScheme of ['light', 'dark']) {
  test(`axe finds nothing on any screen in ${colorScheme}`, () => as(async (ada) => {
    const plain = await ada.call('POST', '/api/agents', { name: 'Passages', kind: 'extractive' });
    const agent = await ada.toolAgent('recite', { starter_questions: ['Why?'], visibility: 'public', description: 'Recites.' });
    const source = await ada.call('POST', `/api/agents/${plain.id}/sources`, { type: 'text', title: 'Handbook', content: '# Stage\n\nThe curtain is green.' });
    const old = await ada.call('POST', '/api/chats', { title: 'Old' });
    await ada.call('PATCH', `/api/chats/${old.id}`, { archived: true });
    const page = await ada.page();
    await box(page).waitFor();
    await accessible(page, 'a new chat');
    await write(page, '# Title\n\n- a\n- [link](https://example.org)\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\n// note\nconst x = "y" + 1;\n```\n\n> quote');
    await finished(page).waitFor();
    await answer(page).locator('.hl-keyword').waitFor();
    await accessible(page, 'a conversation');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await accessible(page, 'the palette');
    await page.keyboard.press('Escape');
    const [{ id }] = (await ada.call('GET', '/api/traces')).data;
    for (const [where, ready] of [['/agents', '.card'], ['/agents/new', 'form'], [`/agents/${agent.id}`, 'form'], [`/agents/${plain.id}`, '.source-row'],
      [`/agents/${agent.id}?tab=embed`, '.snippet'], [`/sources/${source.id}`, '.page-row'], ['/chats', '.source-row'], [`/agents/${plain.id}?tab=try`, 'input[type=search]'], ['/traces', '.data-table tbody tr'],
      [`/traces/${id}`, '.span-bar'], ['/settings', '.source-row'], ['/c/none', 'h2']]) {
      await page.goto(URL_ + where);
      await page.locator(ready).first().waitFor();
      await accessible(page, where);
    }
    await ada.context.clearCookies();
    await page.goto(`${URL_}/`);
    await page.getByLabel('Password').waitFor();
    await accessible(page, 'sign-in');
  }, 'Ada', { colorScheme, reducedMotion: 'reduce' }));
}

test('the pages of admins have nothing that axe finds, and show the queue', () => as(async (ada) => {
  sql(`update users set role = 'admin' where id = '${ada.me.id}'`);
  await ada.agent('recite');
  const page = await ada.page('/admin');
  await page.locator('.chart').first().waitFor();
  await accessible(page, 'queues');
  await page.getByRole('tab', { name: 'Workers' }).click();
  await page.locator('.data-table tbody tr').first().waitFor();
  await accessible(page, 'workers');
  await page.getByRole('tab', { name: 'Jobs' }).click();
  await page.getByRole('button', { name: 'completed' }).click();
  await accessible(page, 'jobs');
  await page.getByRole('tab', { name: 'Users' }).click();
  await page.getByRole('cell', { name: ada.email }).waitFor();
  await accessible(page, 'users');
  await page.getByRole('tab', { name: 'Use', exact: true }).click();
  await page.locator('.chart').waitFor();
  await accessible(page, 'use');
}));

test('a phone has the sidebar as a drawer, and nothing is wider than it', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  await write(page, `a ${'long'.repeat(80)} word\n\n| ${'column | '.repeat(12)}\n|${'---|'.repeat(12)}\n| ${'x | '.repeat(12)}`);
  await finished(page).waitFor();
  const wide = await page.evaluate(() => ['html', '.log'].filter((name) => document.querySelector(name).scrollWidth > window.innerWidth));
  assert.deepEqual(wide, []);
  assert.equal(await page.getByRole('navigation').count(), 0);
  await page.getByRole('button', { name: 'Open the sidebar' }).click();
  await page.locator('.chat-link').click({ trial: true });
  await accessible(page, 'the drawer');
  await page.locator('.chat-link').click();
  await until(async () => (await page.getByRole('navigation').count()) === 0, 'the drawer to close');
  const agent = (await ada.call('GET', '/api/agents')).data.find((one) => one.user_id === ada.me.id);
  await page.goto(`${URL_}/agents/${agent.id}?tab=embed`);
  const inSight = (locator) => locator.evaluateAll((all) => all.length > 0 && all.every((one) => {
    const { left, right } = one.getBoundingClientRect();
    return left >= 0 && right <= window.innerWidth;
  }));
  await until(() => inSight(page.getByRole('tab', { name: 'Embed' })), 'the tab to be in sight');
  await page.goto(`${URL_}/traces/${(await ada.call('GET', '/api/traces')).data[0].id}`);
  await page.getByRole('tree').waitFor();
  assert.ok(await inSight(page.locator('.span-bar')), 'the whole waterfall');
}, 'Ada', { viewport: { width: 390, height: 844 }, hasTouch: true }));

test('everything can be done by keys', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  await write(page, 'the needle in the haystack');
  await finished(page).waitFor();
  await page.keyboard.press('Control+Shift+o');
  await until(() => new URL(page.url()).pathname === '/', 'a new chat');
  await page.keyboard.press('Control+k');
  await page.getByRole('option', { name: 'Keyboard shortcuts' }).waitFor();
  assert.equal(await page.getByRole('option', { name: 'Stop the answer' }).count(), 0);
  await page.keyboard.type('needle');
  await page.getByRole('option', { name: /needle/ }).first().waitFor();
  await page.keyboard.press('Enter');
  await finished(page).waitFor();
  await page.keyboard.press('Control+/');
  await page.getByText('Keyboard shortcuts').waitFor();
  await page.keyboard.press('Escape');
  await box(page).focus();
  await page.keyboard.press('ArrowUp');
  await page.getByRole('textbox', { name: 'Edit' }).waitFor();
  await page.keyboard.press('Escape');
  await page.keyboard.press('Shift+Escape');
  await until(() => box(page).evaluate((element) => element === document.activeElement), 'the message box to have the focus');
  await ada.call('POST', '/api/chats', { title: 'Above' });
  const links = page.locator('.chat-link');
  await until(async () => (await links.count()) === 2, 'the other chat');
  await links.nth(1).focus();
  await page.keyboard.press('ArrowUp');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Above', exact: true }).waitFor();
}));

test('a screen reader is told of an answer in sentences, and not of each word', () => as(async (ada) => {
  await ada.agent('recite;rate=12');
  const page = await ada.page();
  await box(page).waitFor();
  await page.evaluate(() => {
    window.said = [];
    const voice = document.querySelector('[aria-live=polite][role=log]');
    new MutationObserver((changes) => changes.forEach((c) => c.addedNodes.forEach((node) => window.said.push(node.textContent)))).observe(voice, { childList: true });
  });
  const sentences = Array.from({ length: 6 }, (_, i) => `This is the **sentence** number ${i + 1}.`);
  await write(page, sentences.join(' '));
  await until(() => page.evaluate(() => window.said.at(-1) === 'Answer finished.'), 'the end to be told');
  const said = await page.evaluate(() => window.said);
  assert.equal(said[0], 'Answer begins.');
  const batches = said.slice(1, -1);
  assert.ok(batches.length >= 2 && batches.length <= sentences.length, `${batches.length} batches`);
  assert.equal(batches.join(' '), sentences.join(' ').replaceAll('**', ' ').replace(/\s+/g, ' '));
  for (const batch of batches) assert.match(batch, /^This is .*\d\.$/);
  assert.equal(await page.locator('.log').getAttribute('aria-live'), 'off');
}));

test('nothing moves for those who do not want it, and nothing jumps while an answer streams', () => as(async (ada) => {
  await ada.agent('recite;rate=40');
  const page = await ada.page();
  await box(page).waitFor();
  await write(page, `# Title\n\n- a\n- b\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n\`\`\`js\nconst x = 1;\n\`\`\`\n\n${'More words that follow. '.repeat(30)}`);
  await hasWords(page, 3);
  await page.evaluate(() => {
    window.shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach((e) => e.hadRecentInput || window.shifts.push(e.value))).observe({ type: 'layout-shift', buffered: false });
  });
  const moving = await page.evaluate(() => document.getAnimations().filter((a) => a.playState === 'running' && a.effect.getComputedTiming().activeDuration > 10).length);
  assert.equal(moving, 0);
  await finished(page).waitFor();
  const shifted = await page.evaluate(() => window.shifts.reduce((sum, value) => sum + value, 0));
  assert.ok(shifted < 0.02, `shifted by ${shifted}`);
}, 'Ada', { reducedMotion: 'reduce' }));

test('a chat of ten thousand messages shows few of them at a time, and stays where it is read', () => as(async (ada) => {
  const chat = await longChat(ada, LONG);
  const page = await ada.page(`/c/${chat.id}`);
  await page.getByText(`Message ${LONG}`, { exact: false }).first().waitFor();
  const log = page.locator('.log');
  await loadMessages(page, 1000);
  const elements = () => log.evaluate((element) => element.querySelectorAll('*').length);
  assert.ok((await page.locator('.log-box > .row').count()) < 150);
  const atThousand = await elements();
  await loadMessages(page, 2000);
  assert.ok((await elements()) < atThousand + 500, `${atThousand} elements at a thousand rows, ${await elements()} at two thousand`);
  await log.evaluate((element) => {
    element.scrollTop = element.scrollHeight / 2;
  });
  await until(async () => (await page.locator('.log-box > .row').count()) > 3, 'rows in sight');
  const first = () => log.evaluate((element) => {
    const top = element.getBoundingClientRect().top;
    const row = [...element.querySelectorAll('.log-box')].find((box_) => box_.getBoundingClientRect().bottom > top + 200);
    return `${row.textContent.slice(0, 40)} at ${Math.round(row.getBoundingClientRect().top)}`;
  });
  const before = await until(async () => {
    const seen = await first();
    return /Message \d/.test(seen) && seen;
  }, 'the rows to be filled');
  await write(page, 'one more');
  assert.ok(before);
  await until(async () => (await answer(page).textContent())?.trim() === 'one more', 'the answer at the end');
}));

test('the first load is small, and so is the widget', () => as(async (ada) => {
  await ada.agent('recite');
  const sizes = new Map();
  const context = await newBrowserContext();
  const page = await context.newPage();
  page.on('response', async (reply) => {
    if (!new URL(reply.url()).pathname.startsWith('/api/')) sizes.set(reply.url(), gzipSync(await reply.body()).length);
  });
  await page.goto(`${URL_}/`);
  await page.getByLabel('Email').fill(ada.email);
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await box(page).waitFor();
  await context.close();
  const all = [...sizes.values()].reduce((sum, n) => sum + n, 0);
  assert.ok(sizes.size > 10 && all < FIRST_LOAD, `${all} bytes in ${sizes.size} files`);
  const widget = await (await ada.context.request.get(`${URL_}/widget.js`)).body();
  assert.ok(widget.length < WIDGET, `${widget.length} bytes of the widget`);
}));
