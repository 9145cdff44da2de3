/*
 * A browser before a whole instance, which ./dev test has started in OFFSTAGE_TEST_VAR, and the
 * scripted model server. People are browser contexts of their own, so that tests share nothing.
 */

import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import { once } from 'node:events';
import { readFileSync, realpathSync } from 'node:fs';
import { spawn, spawnSync } from 'node:child_process';
import { after } from 'node:test';
import assert from 'node:assert/strict';
import path from 'node:path';

const TOP = path.resolve(import.meta.dirname, '../..');
const VAR = process.env.OFFSTAGE_TEST_VAR;
const { chromium } = createRequire(`${process.env.OFFSTAGE_NODE_MODULES}/x`)('playwright-core');
const PASSWORD = 'correct horse battery';
const FLAGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

export const URL_ = `http://127.0.0.1:${readFileSync(`${VAR}/port`, 'utf8').trim()}`;
export const WAIT = 20_000;

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: FLAGS });
const model = spawn('/usr/bin/python3', [`${TOP}/tests/fakes/upstream.py`], { stdio: ['ignore', 'pipe', 'inherit'] });
const [announced] = await once(createInterface(model.stdout), 'line');
const modelUrl = `http://127.0.0.1:${announced.split(' ')[1]}/v1`;

after(async () => {
  await browser.close();
  model.kill();
});

export const newBrowserContext = (options = {}) => browser.newContext({ viewport: { width: 1280, height: 820 }, ...options });

/** Closed shadow roots are opened for a test to look into. */
export const openShadows = (context) => context.addInitScript(() => {
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function open(how) {
    return attach.call(this, { ...how, mode: 'open' });
  };
});

/** @type {Promise<unknown>} whoever registers */
let door = Promise.resolve();

/** A new user, signed in. What goes wrong in any of the pages is kept in `faults`. */
export class Person {
  static async new(name = 'Ada', options = {}) {
    const person = new Person();
    person.faults = [];
    person.context = await newBrowserContext(options);
    person.context.setDefaultTimeout(WAIT);
    person.email = `${crypto.randomUUID()}@example.com`;
    // One after another: on few cores only few passwords are hashed at once, and others are sent away.
    const me = door.then(() => person.call('POST', '/api/auth/register', { email: person.email, password: PASSWORD, name }));
    door = me.catch(() => {});
    person.me = await me;
    return person;
  }

  async call(method, where, body) {
    const reply = await this.context.request.fetch(URL_ + where, { method, data: body, headers: { Origin: URL_ } });
    const text = await reply.text();
    assert.ok(reply.ok(), `${method} ${where}: ${reply.status()} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** An agent whose model does what its name says: see tests/fakes/upstream.py. */
  agent(behaviour, members = {}) {
    return this.call('POST', '/api/agents', { name: 'Helper', kind: 'chat_completions', endpoint_url: modelUrl, model: behaviour, ...members });
  }

  /** One that may ask a tool, which tells what it was given. */
  toolAgent(behaviour, members = {}) {
    const weather = { type: 'http', name: 'weather', description: 'The weather in a city.', url: modelUrl.replace('/v1', '/tool'),
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } };
    return this.agent(behaviour, { tools: [weather], ...members });
  }

  async page(where = '/') {
    const page = await this.context.newPage();
    page.on('pageerror', (error) => this.faults.push(String(error.stack)));
    page.on('console', (message) => {
      if (/Content Security Policy|TrustedHTML/i.test(message.text())) this.faults.push(message.text());
    });
    page.on('request', (request) => {
      if (!request.url().startsWith(URL_) && !/^(data|blob):/.test(request.url())) this.faults.push(`asked for ${request.url()}`);
    });
    await page.goto(URL_ + where);
    return page;
  }

  chats() {
    return this.call('GET', '/api/chats').then((page) => page.data);
  }

  messages(chat) {
    return this.call('GET', `/api/chats/${chat}/messages?limit=100`).then((page) => page.data);
  }

  async leave() {
    await this.context.close();
    assert.deepEqual(this.faults, []);
  }
}

/** Run with a new person, who leaves afterwards. */
export async function as(act, name, options) {
  const person = await Person.new(name, options);
  await act(person);
  await person.leave();
}

export const box = (page) => page.getByRole('textbox', { name: 'Message', exact: true });

export async function write(page, text) {
  await box(page).fill(text);
  await page.keyboard.press('Enter');
}

/** What is on the screen: screen readers are told much of it as well, in a place of their own. */
export const conversation = (page) => page.getByRole('log', { name: 'Conversation' });

/** The last text of the last answer. */
export const answer = (page) => page.locator('.row.answer').last().locator('.said > .markdown').last();

/** What the last answer is made of, in order. */
export const pieces = (page) => page.locator('.said').last().evaluate((said) => [...said.children].map((piece) =>
  piece.matches('.markdown') ? piece.textContent.trim().replace(/\s+/g, ' ') : piece.querySelector('summary').textContent.trim().replace(/\s+/g, ' ')));

export const finished = (page) => page.locator('.row.answer:not(.streaming)').last();

/** The words w1 … wn. */
export const words = (n, mark = 'w') => Array.from({ length: n }, (_, i) => `${mark}${i + 1}`).join(' ');

/** Poll until act() gives something true. */
export async function until(act, what, wait = WAIT) {
  const end = Date.now() + wait;
  for (;;) {
    const value = await act();
    if (value) return value;
    if (Date.now() > end) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Until an answer streams and its text has at least so many words. */
export const hasWords = (page, n) => until(async () => (await answer(page).textContent().catch(() => ''))?.trim().split(/\s+/).length >= n, `${n} words`);

/** SQL as superuser; the rows as lists of texts. */
export function sql(text) {
  const run = realpathSync(`${VAR}/run`);
  const done = spawnSync('psql', ['-X', '-q', '-w', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-d', `host=${run} dbname=offstage user=postgres`],
    { input: text, encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout.trim().split('\n').map((line) => line.split('|'));
}

/** kill -9 for one of the instance's programs, which its supervisor starts again. */
const kill = (program) => process.kill(Number(readFileSync(`${VAR}/run/${program}.pid`, 'utf8').split(/\s/)[0]), 'SIGKILL');
export const killWorker = () => kill('worker');
export const killStream = () => kill('stream');

/** A chat of so many messages, which nobody could have written. */
export async function longChat(person, length) {
  const agent = await person.agent('recite');
  const chat = await person.call('POST', '/api/chats', { title: 'Long', agent_id: agent.id });
  sql(`with new as (select n, gen_random_uuid() id from generate_series(1, ${length}) n)
       insert into messages (id, chat_id, user_id, role, content, status, created_at, parent_id)
       select id, '${chat.id}', '${person.me.id}', (case when n % 2 = 1 then 'user' else 'assistant' end)::message_role,
              'Message ' || n || E'\\n\\n' || repeat('some words of it ', n % 40), 'completed', now() - interval '1 day' + n * interval '1 second',
              coalesce(lag(id) over (order by n), '${chat.id}')
         from new`);
  return chat;
}

/** Scroll to the start until so many of a chat's messages were loaded. */
export async function loadMessages(page, n) {
  await until(async () => {
    return page.locator('.log').evaluate((element, wanted) => {
      element.scrollTop = 0;
      return Number(element.dataset.rows) >= wanted;
    }, n);
  }, `${n} messages to be loaded`, 120_000);
}

/** What the page's own thread has computed so far, in milliseconds: of its CPU, however busy the machine is. */
async function meter(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.setTimeDomain', { timeDomain: 'threadTicks' });
  await session.send('Performance.enable');
  return async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const of = (name) => 1000 * metrics.find((metric) => metric.name === name).value;
    return [of('ScriptDuration'), of('RecalcStyleDuration') + of('LayoutDuration'), of('TaskDuration')];
  };
}

/** How long frames take while a chat of ten thousand messages is scrolled through, and what is in the page. */
async function frames() {
  const person = await Person.new();
  const chat = await longChat(person, 10_000);
  const page = await person.page(`/c/${chat.id}`);
  await page.getByText('Message 10000', { exact: false }).first().waitFor();
  await loadMessages(page, 10_000);
  const read = await meter(page);
  const before = await read();
  const { times, nodes, rows } = await page.evaluate(() => new Promise((resolve) => {
    const log = document.querySelector('.log');
    const taken = [];
    let most = 0;
    let last = performance.now();
    const step = (now) => {
      taken.push(now - last);
      last = now;
      log.scrollTop += 400;
      if (taken.length % 20 === 0) most = Math.max(most, log.querySelectorAll('*').length);
      if (taken.length < 300) requestAnimationFrame(step);
      else resolve({ times: taken.slice(1), nodes: most, rows: log.dataset.rows });
    };
    requestAnimationFrame(step);
  }));
  const [script, layout, all] = (await read()).map((ms, i) => ((ms - before[i]) / times.length).toFixed(1));
  await person.leave();
  times.sort((a, b) => a - b);
  const at = (part) => times[Math.floor(part * (times.length - 1))].toFixed(1);
  return `10,000 messages, 400 px a frame: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms a frame; `
    + `CPU a frame: script ${script} ms, style and layout ${layout} ms, all ${all} ms; at most ${nodes} elements for ${rows} rows`;
}

/** How quick the sign-in page and a conversation appear in a fresh browser on this host. */
export async function figures() {
  const person = await Person.new();
  await person.agent('recite');
  const page = await person.page();
  await write(page, 'hello');
  await finished(page).waitFor();
  const where = page.url();
  const lines = [];
  for (const [what, address] of [['sign-in', `${URL_}/`], ['a conversation', where]]) {
    const context = await newBrowserContext({ storageState: what === 'sign-in' ? undefined : await person.context.storageState() });
    const fresh = await context.newPage();
    await fresh.goto(address);
    await fresh.locator('h1').first().waitFor();
    const { lcp, bytes, files } = await fresh.evaluate(() => new Promise((resolve) => {
      new PerformanceObserver((list) => {
        const all = performance.getEntriesByType('resource');
        resolve({ lcp: list.getEntries().at(-1).startTime, files: all.length, bytes: all.reduce((sum, e) => sum + e.transferSize, 0) });
      }).observe({ type: 'largest-contentful-paint', buffered: true });
    }));
    lines.push(`${what}: largest contentful paint ${Math.round(lcp)} ms, ${files} files, ${bytes} bytes`);
    await context.close();
  }
  await person.leave();
  return [...lines, await frames()];
}

/** The source of a library that a page is given for a test. */
export const library = (name) => readFileSync(`${process.env.OFFSTAGE_NODE_MODULES}/${name}`, 'utf8');
