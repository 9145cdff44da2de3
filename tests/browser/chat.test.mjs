/* Chats: what was asked is answered, and nothing that a browser does or suffers loses any of it. */

import { answer, as, box, conversation, finished, hasWords, killWorker, loadMessages, longChat, newBrowserContext, Person, pieces, sql, until, URL_, WAIT, words, write } from './harness.mjs';
import assert from 'node:assert/strict';
import test from 'node:test';

const text = async (locator) => (await locator.textContent()).trim().replace(/\s+/g, ' ');

test('a visitor registers, makes an agent and is answered', async () => {
  const context = await newBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT);
  const helper = await Person.new();
  const { endpoint_url: url } = await helper.agent('recite');
  await page.goto(`${URL_}/`);
  await page.getByRole('button', { name: 'Create account' }).click();
  await page.getByLabel('Name').fill('Ada Lovelace');
  await page.getByLabel('Email').fill(`${crypto.randomUUID()}@example.com`);
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Create account' }).click();
  // Through the picker, which is there also when others share agents with everybody.
  await page.getByRole('button', { name: /^Agent:/ }).click();
  await page.getByRole('menuitem', { name: 'Create an agent' }).click();
  await page.getByLabel('Name').fill('Reciter');
  await page.getByLabel('Address of the model').fill(url);
  await page.getByLabel('Model', { exact: true }).fill('recite');
  await page.getByRole('button', { name: 'Create agent' }).click();
  await page.getByText('What is on your mind, Ada?').waitFor();
  await write(page, 'a **bold** word');
  await finished(page).waitFor();
  assert.equal(await text(answer(page)), 'a bold word');
  assert.equal(await answer(page).locator('strong').textContent(), 'bold');
  await helper.leave();
  await context.close();
});

test('who has no agent is told so, and led to making one', () => as(async (ada) => {
  // What others share with everybody is left out, so that this account is alone.
  await ada.context.route('**/api/agents?*', async (route) => {
    const reply = await route.fetch();
    const list = await reply.json();
    await route.fulfill({ response: reply, json: { ...list, data: list.data.filter((agent) => agent.user_id === ada.me.id) } });
  });
  const page = await ada.page();
  await page.getByText('You have no agent yet.').waitFor();
  await page.getByRole('link', { name: 'Create an agent' }).click();
  await page.getByRole('button', { name: 'Create agent' }).waitFor();
}));

test('a wrong password says so, the right one opens the chat that was asked for, and signing out ends the session', () => as(async (ada) => {
  await ada.agent('recite');
  const { id } = await ada.call('POST', '/api/chats', { title: 'Plans' });
  await ada.context.clearCookies();
  const page = await ada.page(`/c/${id}`);
  await page.getByLabel('Email').fill(ada.email);
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').filter({ hasText: /\w/ }).waitFor();
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Plans', exact: true }).waitFor();
  await page.getByRole('button', { name: ada.email }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByLabel('Password').waitFor();
  assert.equal((await ada.context.request.get(`${URL_}/api/auth/me`)).status(), 401);
}));

test('Markdown is shown as it streams in, and code in colours that can be copied', () => as(async (ada) => {
  await ada.agent('recite;rate=60');
  await ada.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  const page = await ada.page();
  await write(page, '# Title\n\n1. one\n2. two\n   - deep\n\n- [x] done\n- [ ] open\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n\n```js\nconst x = 1;\n```\n\nlast words');
  await finished(page).waitFor();
  assert.equal(await answer(page).locator('h3').textContent(), 'Title');
  assert.equal(await answer(page).locator('ol > li').count(), 2);
  assert.deepEqual(await answer(page).getByRole('checkbox').evaluateAll((all) => all.map((one) => one.checked)), [true, false]);
  assert.equal(await answer(page).locator('td').nth(1).textContent(), '2');
  await answer(page).locator('.hl-keyword').waitFor();
  await answer(page).getByRole('button', { name: 'Copy code' }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), 'const x = 1;');
}));

test('three users who switch chats while answers run lose nothing', async () => {
  await Promise.all(['Ada', 'Bea', 'Cid'].map((name) => as(async (person) => {
    await person.agent('recite;rate=25');
    let page = await person.page();
    const asked = ['x', 'y', 'z'].map((mark) => words(60, `${name}${mark}`));
    for (const question of asked) {
      await page.getByRole('link', { name: 'New chat' }).first().click();
      await write(page, question);
      await hasWords(page, 3);
    }
    for (let i = 0; i < 6; i++) {
      await page.locator('.chat-link').nth(i % 3).click();
      await hasWords(page, 3);
    }
    await page.close();
    page = await person.page();
    for (const question of asked) {
      await page.locator('.chat-link', { hasText: question.slice(0, 10) }).click();
      await until(async () => (await text(answer(page))) === question, `the whole answer to ${name}`);
      await finished(page).waitFor();
    }
    assert.equal((await person.chats()).length, 3);
  }, name)));
});

test('an answer goes on at its true place after each cut of the connection', () => as(async (ada) => {
  await ada.agent('recite;rate=30');
  let cuts = 0;
  await ada.context.routeWebSocket(/\/stream/, (socket) => {
    const server = socket.connectToServer();
    let seen = 0;
    server.onMessage((message) => {
      socket.send(message);
      seen += 1;
      if (seen === 5 && cuts < 4) {
        cuts += 1;
        socket.close();
        server.close();
      }
    });
  });
  const page = await ada.page();
  const question = words(90);
  await write(page, question);
  const seen = [];
  await until(async () => {
    const now = await text(answer(page)).catch(() => '');
    seen.push(now);
    return now === question;
  }, 'the whole answer');
  assert.equal(cuts, 4);
  for (const part of seen) assert.ok(question.startsWith(part), `shown: ${part}`);
}));

test('without WebSockets the client asks, and the answer comes all the same', () => as(async (ada) => {
  await ada.agent('recite;rate=40');
  await ada.context.routeWebSocket(/./, (socket) => socket.close());
  const page = await ada.page();
  const question = words(80);
  await write(page, question);
  await finished(page).waitFor();
  assert.equal(await text(answer(page)), question);
}));

test('without WebSockets the tools that an answer used are shown when it has ended', () => as(async (ada) => {
  await ada.toolAgent('uses;name=weather;arguments={"city":"Oslo"};rate=8');
  await ada.context.routeWebSocket(/./, (socket) => socket.close());
  const page = await ada.page();
  await write(page, 'How is it in Oslo?');
  await finished(page).waitFor();
  await page.getByText('Used weather').click();
  await page.getByRole('group', { name: 'It returned' }).getByText('"given"').waitFor();
}));

test('what is written while the network is away is kept, and sent once', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  await box(page).waitFor();
  await ada.context.setOffline(true);
  await write(page, 'first');
  await page.getByText('Not sent yet').first().waitFor();
  await write(page, 'second');
  await page.getByText('Not sent yet').nth(1).waitFor();
  await page.getByText('You are offline.').waitFor();
  await ada.context.setOffline(false);
  await page.getByText('You are offline.').waitFor({ state: 'detached' });
  await until(async () => (await page.locator('.row.answer:not(.streaming)').count()) === 2, 'two answers');
  const chats = await ada.chats();
  assert.equal(chats.length, 1);
  const asked = (await ada.messages(chats[0].id)).filter((m) => m.role === 'user').map((m) => m.content);
  assert.deepEqual(asked, ['first', 'second']);
}));

test('what is written to a chat that cannot be opened now is seen to wait, and sent when it can', () => as(async (ada) => {
  const agent = await ada.agent('recite');
  const chat = await ada.call('POST', '/api/chats', { title: 'Far away', agent_id: agent.id });
  const page = await ada.page();
  await page.getByRole('link', { name: 'Far away' }).waitFor();
  await ada.context.setOffline(true);
  await page.getByRole('link', { name: 'Far away' }).click();
  await page.getByText('The server cannot be reached.').waitFor();
  await write(page, 'Are you there?');
  await conversation(page).getByText('Are you there?').waitFor();
  await page.getByText('Not sent yet').first().waitFor();
  await ada.context.setOffline(false);
  await finished(page).waitFor();
  assert.deepEqual((await ada.messages(chat.id)).map((m) => m.content), ['Are you there?', 'Are you there?']);
}));

test('a long word in what an agent is about hides neither it nor the greeting', () => as(async (ada) => {
  await ada.agent('recite', { description: 'word'.repeat(60) });
  const page = await ada.page();
  for (const part of [page.locator('.welcome h2'), page.locator('.welcome p')]) {
    const { left, right } = await part.evaluate((node) => node.getBoundingClientRect().toJSON());
    assert.ok(left >= 0 && right <= 390, `${left} to ${right}`);
  }
}, 'Ada', { viewport: { width: 390, height: 844 } }));

test('a tab that is closed while a message is on its way loses nothing', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  await box(page).waitFor();
  await ada.context.setOffline(true);
  await write(page, 'do not forget me');
  await page.getByText('Not sent yet').waitFor();
  await page.close();
  await ada.context.setOffline(false);
  const next = await ada.page();
  await next.locator('.chat-link', { hasText: 'do not forget me' }).click();
  await finished(next).waitFor();
  assert.equal(await text(answer(next)), 'do not forget me');
}));

test('two tabs agree about chats, titles, answers and what was read', () => as(async (ada) => {
  await ada.agent('recite;rate=30');
  const one = await ada.page();
  const two = await ada.page();
  await box(two).waitFor();
  const question = words(50);
  await write(one, question);
  await two.locator('.chat-link').waitFor();
  await two.locator('.mark.running').waitFor();
  await two.locator('.chat-link').click();
  await until(async () => (await text(answer(two))) === question, 'the answer in the other tab');
  await two.getByRole('button', { name: /Actions for/ }).first().click();
  await two.getByRole('menuitem', { name: 'Rename' }).click();
  await two.getByLabel('Title').fill('Renamed');
  await two.getByRole('button', { name: 'Save' }).click();
  await one.locator('.chat-link', { hasText: 'Renamed' }).waitFor();
  await two.getByRole('button', { name: /Actions for/ }).first().click();
  await two.getByRole('menuitem', { name: 'Delete' }).click();
  await until(async () => (await one.locator('.chat-link').count()) === 0, 'the chat to leave the other tab');
  await two.getByRole('button', { name: 'Undo' }).click();
  await one.locator('.chat-link', { hasText: 'Renamed' }).waitFor();
}));

test('an answer that ends in a chat that nobody looks at is marked there and in the title', () => as(async (ada) => {
  await ada.agent('recite;rate=20');
  const page = await ada.page();
  await write(page, words(30));
  await hasWords(page, 2);
  await page.getByRole('link', { name: 'New chat' }).first().click();
  await page.locator('.mark.running').waitFor();
  await page.locator('.mark.unread').waitFor();
  assert.match(await page.title(), /^\(1\)/);
  assert.match(await page.locator('link[rel=icon]').getAttribute('href'), /icon-news/);
  await page.locator('.chat-link').click();
  await until(async () => (await page.locator('.mark.unread').count()) === 0, 'the mark to go');
  assert.doesNotMatch(await page.title(), /^\(/);
}));

test('an answer survives the death of its worker', () => as(async (ada) => {
  await ada.agent('recite;rate=20');
  const page = await ada.page();
  const question = words(80);
  await write(page, question);
  await hasWords(page, 10);
  killWorker();
  await conversation(page).getByText('The answer was interrupted and started again.').waitFor();
  await finished(page).waitFor();
  assert.equal(await text(answer(page)), question);
}));

test('Stop keeps what came, and the next message waits for nothing', () => as(async (ada) => {
  await ada.agent('recite;rate=10');
  const page = await ada.page();
  await write(page, words(500));
  await hasWords(page, 5);
  await page.keyboard.press('Escape');
  await conversation(page).getByText('Stopped.').waitFor();
  const kept = await text(answer(page));
  assert.ok(words(500).startsWith(kept) && kept.length > 5);
  await write(page, 'next');
  await until(async () => (await text(answer(page))) === 'next', 'the next answer');
}));

test('a message that is sent during an answer is queued and answered after it, unless it is withdrawn', () => as(async (ada) => {
  await ada.agent('recite;rate=20');
  const page = await ada.page();
  await write(page, words(30));
  await hasWords(page, 3);
  await write(page, 'and this');
  await conversation(page).getByText('Waiting for its turn').waitFor();
  await write(page, 'but not this');
  await page.locator('.row.answer').nth(2).getByRole('button', { name: 'Do not answer' }).click();
  await page.locator('.row.answer').nth(2).getByText('Stopped.').waitFor();
  await until(async () => (await text(page.locator('.row.answer').nth(1).locator('.said'))) === 'and this', 'the second answer');
  await until(async () => (await page.locator('.row.answer.streaming').count()) === 0, 'all to be over');
  assert.equal(await text(page.locator('.row.answer').first().locator('.said > .markdown')), words(30));
}));

test('a failure says what happened, and trying again leads to an answer', () => as(async (ada) => {
  const agent = await ada.agent('refuse;code=401');
  const page = await ada.page();
  await write(page, 'hello');
  await conversation(page).getByText('This answer failed.').waitFor();
  await conversation(page).getByText(/API key|401/).waitFor();
  await ada.call('PATCH', `/api/agents/${agent.id}`, { model: 'recite' });
  await page.getByRole('button', { name: 'Try again' }).click();
  await finished(page).waitFor();
  await until(async () => (await text(answer(page))) === 'hello', 'the answer');
}));

test('the tools that an answer used are shown while it is made, when coming back to it, and after a reload', () => as(async (ada) => {
  const agent = await ada.toolAgent('uses;name=weather;arguments={"city":"Oslo"};rate=4');
  const page = await ada.page();
  const look = async (tab) => {
    await tab.getByText('Used weather').click();
    const given = tab.getByRole('group', { name: 'It was given' });
    const result = tab.getByRole('group', { name: 'It returned' });
    return [JSON.parse(await given.textContent()), JSON.parse(await result.textContent()).given];
  };
  const used = [{ city: 'Oslo' }, { city: 'Oslo' }];
  await write(page, 'How is it in Oslo?');
  await hasWords(page, 3);
  assert.deepEqual(await look(page), used);
  await page.getByRole('link', { name: 'New chat' }).first().click();
  await page.locator('.chat-link').click();
  await page.getByText('Used weather').waitFor();
  await page.reload();
  await page.getByText('Used weather').waitFor();
  await finished(page).waitFor();
  const whole = await text(answer(page));
  await page.reload();
  assert.deepEqual(await look(page), used);
  assert.equal(await text(answer(page)), whole);
  assert.equal((await ada.chats())[0].agent_id, agent.id);
}));

test('a tool stands between the words before and after it, where it stays while more of it is known', () => as(async (ada) => {
  await ada.toolAgent('uses;name=weather;arguments={"city":"Oslo"};rate=4');
  /** @type {() => void} */
  let letGo = () => {};
  const held = new Promise((resolve) => {
    letGo = resolve;
  });
  const page = await ada.page();
  await box(page).waitFor();
  await page.evaluate(() => {
    window.shifts = [];
    new PerformanceObserver((list) => list.getEntries().forEach((e) => e.hadRecentInput || window.shifts.push(e.value))).observe({ type: 'layout-shift' });
  });
  const said = ['Let me see.', 'Used weather{"city":"Oslo"}'];
  await write(page, 'How is it in Oslo?');
  await until(async () => (await pieces(page)).length === 3, 'words behind the tool');
  assert.deepEqual((await pieces(page)).slice(0, 2), said);
  await finished(page).waitFor();
  const shifted = await page.evaluate(() => window.shifts.reduce((sum, value) => sum + value, 0));
  assert.ok(shifted < 0.02, `shifted by ${shifted}`);
  const whole = await pieces(page);
  assert.ok(whole.length === 3 && /^Results: .*Oslo/.test(whole[2]), whole.join(' | '));

  // What the tool was given comes later: its place is there before.
  await ada.context.route('**/api/requests/*/stream?*', async (route) => {
    await held;
    await route.continue();
  });
  await page.reload();
  await until(async () => (await pieces(page).catch(() => [])).length === 3, 'the stored answer');
  assert.deepEqual(await pieces(page), [said[0], 'Used weather', whole[2]]);
  const places = () => page.locator('.said > *').evaluateAll((all) => all.map((one) => Math.round(one.getBoundingClientRect().top)));
  const before = await places();
  letGo();
  await until(async () => (await pieces(page))[1] === said[1], 'what the tool was given');
  assert.deepEqual(await places(), before);
  assert.deepEqual(await pieces(page), whole);
  await ada.context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.getByRole('button', { name: 'Copy', exact: true }).last().click();
  assert.equal((await page.evaluate(() => navigator.clipboard.readText())).replace(/\s+/g, ' ').trim(), `${whole[0]} ${whole[2]}`);
}));

test('a tool that failed says so, and an answer that was cut short too, also after a reload', () => as(async (ada) => {
  await ada.toolAgent('uses;name=other');
  const page = await ada.page();
  await write(page, 'Use what is not there');
  await page.getByText('other failed').waitFor();
  await finished(page).waitFor();
  await page.reload();
  await page.getByText('other failed').waitFor();
  await ada.agent('length', { name: 'Brief' });
  await page.goto(`${URL_}/`);
  await page.getByRole('button', { name: /^Agent:/ }).click();
  await page.getByRole('menuitemradio', { name: 'Brief' }).click();
  await write(page, 'Say much');
  await page.getByText('The answer reached its length limit.').waitFor();
  await page.reload();
  await page.getByText('The answer reached its length limit.').waitFor();
}));

test('what a model thought before its answer is there after a reload', () => as(async (ada) => {
  await ada.agent('reasoning');
  const page = await ada.page();
  await write(page, 'Think');
  await finished(page).waitFor();
  for (const again of [false, true]) {
    if (again) await page.reload();
    await page.getByText('Thought process').click();
    await conversation(page).getByText('Let me think.').waitFor();
  }
}));

test('while a model fails its user is told that it is tried again', () => as(async (ada) => {
  await ada.agent('status;code=500;times=9;retry_after=2');
  const page = await ada.page();
  await write(page, 'hello');
  await conversation(page).getByText(/Trying again: attempt [234]/).waitFor();
  await conversation(page).getByText('This answer failed.').waitFor();
}));

test('a chat that was left in the middle is found there again, also after a reload, and one that is not there says so', () => as(async (ada) => {
  const chat = await longChat(ada, 120);
  const page = await ada.page(`/c/${chat.id}`);
  const log = page.locator('.log');
  await loadMessages(page, 120);
  await log.evaluate((element) => element.scrollTo(0, 1200));
  const first = () => log.evaluate((element) => {
    const top = element.getBoundingClientRect().top;
    const row = [...element.querySelectorAll('.log-box')].find((one) => one.getBoundingClientRect().bottom > top + 1);
    return `${row.textContent.match(/Message \d+/)} at ${Math.round((row.getBoundingClientRect().top - top) / 4)}`;
  });
  const before = await until(async () => {
    const seen = await first();
    return /Message \d/.test(seen) && seen;
  }, 'the rows to be filled');
  await page.getByRole('link', { name: 'Agents' }).click();
  await page.locator('.card').first().waitFor();
  await page.locator('.chat-link', { hasText: 'Long' }).click();
  await until(async () => (await first()) === before, `${before} again`);
  await page.reload();
  await until(async () => (await first().catch(() => '')) === before, `${before} after a reload`);
  await page.getByRole('button', { name: 'Go to the latest message' }).click();
  await page.getByText('Message 120', { exact: false }).waitFor();
  await page.reload();
  await page.getByText('Message 120', { exact: false }).waitFor();
  await write(page, words(200, 'line').replaceAll(' ', '\n'));
  await until(async () => (await text(answer(page))).endsWith('line200'), 'the answer at the end, which is followed');
  await until(() => log.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight < 60), 'its end');
  await page.goto(`${URL_}/c/${crypto.randomUUID()}`);
  await page.getByText('There is nothing here.').waitFor();
  assert.equal(await box(page).count(), 0);
  const reply = await page.goto(`${URL_}/nowhere`);
  await page.getByText('There is nothing here.').waitFor();
  assert.equal(reply.status(), 404);
}));

test('a long text that was pasted is folded until somebody wants to read it', () => as(async (ada) => {
  await ada.agent('echo');
  const page = await ada.page();
  await write(page, words(60, 'line').replaceAll(' ', '\n'));
  const bubble = page.locator('.bubble');
  const high = () => bubble.evaluate((element) => element.clientHeight);
  await page.getByRole('button', { name: 'Show all of it' }).waitFor();
  const folded = await high();
  await page.getByRole('button', { name: 'Show all of it' }).click();
  assert.ok(await high() > 3 * folded);
  await page.getByRole('button', { name: 'Show less' }).click();
  assert.equal(await high(), folded);
}));

test('a page that is opened while the server is away says so, and goes on when it is back', () => as(async (ada) => {
  await ada.agent('recite');
  let away = true;
  await ada.context.route('**/api/auth/me', (route) => (away ? route.fulfill({ status: 503, json: { detail: 'the database is away' } }) : route.continue()));
  const page = await ada.page();
  await page.getByText('The database is away.').waitFor();
  await page.getByRole('button', { name: 'Try again' }).waitFor();
  away = false;
  await box(page).waitFor();
}));

test('answering again and editing make branches that can be gone back to', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  await write(page, 'one');
  await finished(page).waitFor();
  await page.getByRole('button', { name: 'Answer again' }).click();
  await page.getByText('2/2').waitFor();
  await finished(page).waitFor();
  await page.locator('.row.user').hover();
  await page.getByRole('button', { name: 'Edit' }).click();
  await page.getByRole('textbox', { name: 'Edit' }).fill('two');
  await page.keyboard.press('Enter');
  await until(async () => (await text(answer(page))) === 'two', 'the other answer');
  await page.locator('.row.user').getByRole('button', { name: 'The version before' }).click();
  await until(async () => (await text(answer(page))) === 'one', 'the first branch');
}));

test('a judgement of an answer is kept', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  await write(page, 'one');
  await finished(page).waitFor();
  await page.getByRole('button', { name: 'Good answer' }).click();
  await until(async () => {
    const [chat] = await ada.chats();
    return (await ada.messages(chat.id)).at(-1).feedback?.rating === 'up';
  }, 'the judgement to be stored');
  await page.getByRole('textbox', { name: 'What is good about it? (optional)' }).fill('It says it twice.');
  await page.getByRole('button', { name: 'Send feedback' }).click();
  await page.getByText('Thank you.').waitFor();
  const [chat] = await ada.chats();
  assert.deepEqual((await ada.messages(chat.id)).at(-1).feedback, { rating: 'up', comment: 'It says it twice.' });
  await page.reload();
  await page.getByRole('button', { name: 'Good answer', pressed: true }).waitFor();
}));

test('an agent is picked, lines are broken by Shift+Enter, and a chat is pinned above the others', () => as(async (ada) => {
  await ada.agent('recite', { name: 'First' });
  await ada.agent('recite', { name: 'Second' });
  const page = await ada.page();
  await page.getByRole('button', { name: /^Agent:/ }).click();
  await page.getByRole('menuitemradio', { name: 'Second' }).click();
  await page.getByRole('button', { name: 'Agent: Second' }).waitFor();
  await box(page).pressSequentially('one');
  await page.keyboard.press('Shift+Enter');
  await box(page).pressSequentially('two');
  await page.keyboard.press('Enter');
  await finished(page).waitFor();
  const [chat] = await ada.chats();
  assert.deepEqual((await ada.messages(chat.id)).map((m) => m.content), ['one\ntwo', 'one\ntwo']);
  assert.equal((await ada.call('GET', `/api/agents/${chat.agent_id}`)).name, 'Second');
  await page.getByRole('link', { name: 'New chat' }).first().click();
  await write(page, 'newer');
  await finished(page).waitFor();
  await until(async () => /newer/.test(await page.locator('.chat-link').first().textContent()), 'the newer chat above');
  await page.getByRole('button', { name: /Actions for “one/ }).click();
  await page.getByRole('menuitem', { name: 'Pin' }).click();
  await page.getByRole('heading', { name: 'Pinned' }).waitFor();
  assert.match(await page.locator('.chat-link').first().textContent(), /one/);
}));

test('where it is allowed, the system tells of an answer while nobody looks', () => as(async (ada) => {
  await ada.agent('recite;rate=20');
  await ada.context.grantPermissions(['notifications']);
  await ada.context.addInitScript(() => {
    window.told = [];
    window.Notification = class extends EventTarget {
      static permission = 'granted';

      static requestPermission = async () => 'granted';

      constructor(title, options) {
        super();
        window.told.push(`${title}: ${options.body}`);
      }
    };
  });
  const page = await ada.page('/settings');
  await page.getByLabel(/Tell me when an answer is there/).check();
  await page.goto(`${URL_}/`);
  await write(page, words(20));
  await hasWords(page, 2);
  await page.evaluate(() => Object.defineProperty(document, 'visibilityState', { get: () => 'hidden' }));
  await until(() => page.evaluate(() => window.told.length > 0), 'a notification');
  assert.match((await page.evaluate(() => window.told))[0], /^The answer is there: w1 w2/);
}));

test('another device shows the same live, and a session that ends there loses nothing of what is written here', () => as(async (ada) => {
  await ada.agent('recite;rate=25');
  const page = await ada.page();
  const context = await newBrowserContext();
  context.setDefaultTimeout(WAIT);
  const device = await context.newPage();
  await device.goto(`${URL_}/`);
  await device.getByLabel('Email').fill(ada.email);
  await device.getByLabel('Password').fill('correct horse battery');
  await device.getByRole('button', { name: 'Sign in' }).click();
  const question = words(40);
  await write(page, question);
  await device.locator('.chat-link').click();
  await until(async () => (await text(answer(device))) === question, 'the answer on the other device');
  await finished(page).waitFor();
  await box(page).fill('half a thought');
  const reply = await context.request.post(`${URL_}/api/auth/password`, { headers: { Origin: URL_ },
    data: { current_password: 'correct horse battery', new_password: 'another horse battery' } });
  assert.ok(reply.ok(), await reply.text());
  await page.getByText('You were signed out.').waitFor();
  await page.getByLabel('Email').fill(ada.email);
  await page.getByLabel('Password').fill('another horse battery');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await until(async () => (await box(page).inputValue().catch(() => '')) === 'half a thought', 'the draft');
  assert.equal(await text(answer(page)), question);
  await context.close();
}));

test('chats stand by day, the newest first, and more of them come while one scrolls', () => as(async (ada) => {
  const agent = await ada.agent('recite');
  sql(`insert into chats (id, user_id, agent_id, title, title_by, preview, created_at, active_at, read_at)
       select gen_random_uuid(), '${ada.me.id}', '${agent.id}', 'Chat ' || n, 'user', '', at, at, at
         from (select n, now() - n * interval '12 hours' as at from generate_series(0, 119) n) c`);
  const page = await ada.page();
  const list = page.locator('.side-list');
  await page.getByRole('heading', { name: 'Today' }).waitFor();
  for (const day of ['Yesterday', 'Previous 7 days', 'Previous 30 days']) await page.getByRole('heading', { name: day }).waitFor();
  assert.equal(await text(page.locator('.chat-title').first()), 'Chat 0');
  await until(async () => {
    await list.evaluate((element) => element.scrollTo(0, element.scrollHeight));
    return (await page.locator('.chat-link').count()) === 120;
  }, 'all chats');
  assert.equal(await text(page.locator('.chat-title').last()), 'Chat 119');
}));

test('a draft belongs to its chat and survives a reload', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  await write(page, 'one');
  await finished(page).waitFor();
  await box(page).fill('half a thou');
  await page.getByRole('link', { name: 'New chat' }).first().click();
  assert.equal(await box(page).inputValue(), '');
  await page.locator('.chat-link').click();
  await page.reload();
  await until(async () => (await box(page).inputValue()) === 'half a thou', 'the draft');
}));
