/* Pictures of every screen, light and dark, wide and phone, for a person to look at: ./dev screenshots. */

import { box, conversation, hasWords, openShadows, Person, sql, until, write, finished, figures } from './harness.mjs';
import { mkdirSync } from 'node:fs';
import { Site } from './site.mjs';
import test from 'node:test';

const TO = process.env.OFFSTAGE_SCREENSHOTS;
const ANSWER = `## Streams that survive

Here is **how it works**, with \`code\` and a [link](https://example.org/docs).

1. The question is stored, and the server says so
2. A worker answers
   - in the *background*
   - whatever the browser does

| Part | Does | Processes |
|---|---|--:|
| app | answers requests | 4 |
| stream | fans out events | 1 |

\`\`\`javascript
// Comes back after every cut, after the last event that arrived.
const socket = new WebSocket(url);
socket.onmessage = (event) => take(JSON.parse(event.data));
\`\`\`

> A stream that was cut anywhere continues anywhere.
`;
const HANDBOOK = '# The stage\n\nThe curtain is green and weighs 400 kilograms. It is opened by two people.\n\n# The light\n\nThe light board has 48 channels.';

async function fill(person) {
  sql(`update users set role = 'admin' where id = '${person.me.id}'`);
  const agent = await person.agent('recite', { description: 'Answers anything, at leisure.', visibility: 'public',
    starter_questions: ['What can you do?', 'Explain promises in JavaScript', 'Plan a weekend in Lisbon'] });
  const plain = await person.call('POST', '/api/agents', { name: 'Handbook', kind: 'extractive', description: 'Knows how the stage works.' });
  const slow = await person.agent('recite;rate=8', { name: 'Slow helper', description: 'Takes its time.' });
  const broken = await person.agent('refuse;code=401', { name: 'Broken helper' });
  await person.call('POST', `/api/agents/${plain.id}/sources`, { type: 'text', title: 'Stage handbook', content: HANDBOOK });
  const site = await Site.start();
  const crawled = await person.call('POST', `/api/agents/${plain.id}/sources`, { type: 'url', url: site.url, title: 'The theatre’s website' });
  await until(async () => (await person.call('GET', `/api/sources/${crawled.id}`)).status === 'ready', 'the crawl');
  site.close();
  for (const title of ['Plans for the winter season', 'What the fire officer said']) {
    const chat = await person.call('POST', '/api/chats', { title, agent_id: agent.id });
    await person.call('PATCH', `/api/chats/${chat.id}`, { archived: true });
    const gone = await person.call('POST', '/api/chats', { title: `${title}, a draft`, agent_id: agent.id });
    await person.call('DELETE', `/api/chats/${gone.id}`);
  }
  return { agent, plain, slow, broken, crawled };
}

/** The widget in a page of its own, which is made here and asks for nothing else. */
async function widget(person, agent, shot, page) {
  await openShadows(person.context);
  await page.route('**/a-page-of-somebody', (route) => route.fulfill({ contentType: 'text/html',
    body: `<!doctype html><meta name="viewport" content="width=device-width"><title>Theatre</title><body style="font: 1rem serif; margin: 2rem"><h1>The little theatre</h1><p>${'Come and see us. '.repeat(60)}</p>
      <script src="/widget.js" data-agent="${agent.id}" data-open="true" data-title="Ask the theatre" data-color="#7a1f3d"></script>` }));
  await page.goto(new URL('/a-page-of-somebody', page.url()).href);
  await page.getByRole('textbox', { name: 'Your question' }).fill('The next play is **Twelfth Night**.\n\n- Friday at eight\n- Saturday at three\n\nTickets: https://tickets.example/night');
  await page.keyboard.press('Enter');
  await page.locator('.answer li').first().waitFor();
  await shot('widget');
}

async function screens(person, name) {
  const { agent, plain, slow, broken, crawled } = await fill(person);
  const page = await person.page();
  const shot = async (what) => {
    await page.screenshot({ path: `${TO}/${what}-${name}.png` });
  };
  const ask = async (to, text) => {
    await page.evaluate(([id, key]) => localStorage.setItem(`offstage:${id}:agent`, JSON.stringify(key)), [person.me.id, to.id]);
    await page.goto(new URL('/', page.url()).href);
    await write(page, text);
  };
  await box(page).waitFor();
  await shot('new-chat');
  await ask(broken, 'Are you there?');
  await conversation(page).getByText('This answer failed.').waitFor();
  await shot('failed');
  await until(async () => (await person.call('GET', `/api/agents/${plain.id}/sources`)).data.every((source) => source.status === 'ready'), 'the sources');
  await ask(plain, 'How many kilograms has the green curtain?');
  await finished(page).waitFor();
  await page.locator('.sources summary').click();
  await shot('cited');
  await page.locator('.cite').first().click();
  await shot('passage');
  await page.keyboard.press('Escape');
  await ask(agent, ANSWER);
  await finished(page).waitFor();
  await page.locator('.hl-keyword').first().waitFor();
  await shot('answer');
  await page.getByRole('button', { name: 'Bad answer' }).click();
  await page.getByRole('textbox', { name: /What is wrong/ }).fill('The table is about something else.');
  await shot('feedback');
  await ask(slow, 'A long text that is recited slowly, word by word, so that there is time to look at it while it streams. '.repeat(4));
  await hasWords(page, 12);
  await shot('streaming');
  const [{ id: trace }] = (await person.call('GET', '/api/traces?status=completed')).data;
  for (const [what, where, ready] of [['agents', '/agents', '.card'], ['agent', `/agents/${agent.id}`, 'form'], ['agent-new', '/agents/new', 'form'],
    ['sources', `/agents/${plain.id}`, '.source-row'], ['embed', `/agents/${agent.id}?tab=embed`, '.snippet'], ['traces', '/traces', '.data-table tbody tr'],
    ['trace', `/traces/${trace}`, '.span-bar'], ['settings', '/settings', '.source-row'], ['admin', '/admin', '.chart'], ['archive', '/chats', '.source-row'],
    ['bin', '/chats?tab=bin', '.source-row'], ['content', `/sources/${crawled.id}`, '.page-row'], ['use', '/admin?tab=use', '.data-table tbody tr'], ['users', '/admin?tab=users', '.data-table tbody tr'], ['jobs', '/admin?tab=jobs', '.segmented']]) {
    await page.goto(new URL(where, page.url()).href);
    await page.locator(ready).first().waitFor();
    await shot(what);
  }
  await page.goto(new URL(`/sources/${crawled.id}`, page.url()).href);
  await page.locator('.page-row', { hasText: 'light' }).first().click();
  await page.locator('.page-text').waitFor();
  await shot('content-page');
  await page.goto(new URL(`/agents/${plain.id}?tab=try`, page.url()).href);
  await page.getByRole('searchbox', { name: 'A question' }).fill('How many channels has the light board?');
  await page.keyboard.press('Enter');
  await page.locator('.passage-hit').first().waitFor();
  await shot('try');
  await page.goto(new URL('/', page.url()).href);
  await box(page).waitFor();
  await page.keyboard.press('Control+k');
  await page.getByRole('combobox').fill('curtain');
  await page.getByRole('option').first().waitFor();
  await shot('palette');
  await page.keyboard.press('Escape');
  if (name.startsWith('phone')) {
    await page.goto(new URL('/', page.url()).href);
    await page.getByRole('button', { name: 'Open the sidebar' }).click();
    await page.locator('.chat-link').first().click({ trial: true });
    await shot('drawer');
  }
  await widget(person, agent, shot, page);
  await person.context.clearCookies();
  await page.goto(new URL('/', page.url()).href);
  await page.getByLabel('Password').waitFor();
  await shot('sign-in');
  await person.leave();
}

mkdirSync(TO, { recursive: true });
for (const colorScheme of ['light', 'dark']) {
  test(`wide, ${colorScheme}`, async () => screens(await Person.new('Ada Lovelace', { colorScheme }), `wide-${colorScheme}`));
  test(`phone, ${colorScheme}`, async () => screens(await Person.new('Ada Lovelace', { colorScheme, viewport: { width: 390, height: 844 }, hasTouch: true }),
    `phone-${colorScheme}`));
}

test('figures of the first load', async (context) => {
  for (const line of await figures()) context.diagnostic(line);
});
