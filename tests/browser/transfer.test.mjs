/* All chats out of the client as one file, and chats into it from files of any size. */

import { as, until } from './harness.mjs';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import test, { after } from 'node:test';
import assert from 'node:assert/strict';
import { deflateRawSync } from 'node:zlib';
import { tmpdir } from 'node:os';
import path from 'node:path';

const folder = mkdtempSync(path.join(tmpdir(), 'offstage-transfer-'));
after(() => rmSync(folder, { recursive: true }));

const own = (title, ...texts) => ({ title, messages: texts.map((content, i) => ({ role: i % 2 ? 'assistant' : 'user', content })) });
const theirs = (title, text) => ({ title, current_node: 'a', mapping: { a: { parent: null,
  message: { author: { role: 'user' }, create_time: 1700000000, content: { content_type: 'text', parts: [text] } } } } });

/** Imported by a click, and what is said of it in the end. */
async function imported(page, name, content) {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Import chats' }).click()]);
  await chooser.setFiles(file);
  await page.getByRole('button', { name: 'Import chats', disabled: false }).waitFor({ timeout: 120_000 });
  const said = page.locator('section', { has: page.getByRole('button', { name: 'Import chats' }) });
  return [await said.getByRole('status').textContent(), await said.getByRole('listitem').allTextContents()];
}

/** A .zip of one packed file beside another one. */
function zip(name, content) {
  const packed = deflateRawSync(content);
  const entries = [['chat.html', Buffer.from('<p>'), 3, 0], [name, packed, content.length, 8]];
  const heads = [];
  const parts = [];
  let at = 0;
  for (const [file, bytes, size, method] of entries) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(method, 4);
    fields.writeUInt32LE(bytes.length, 14);
    fields.writeUInt32LE(size, 18);
    fields.writeUInt16LE(file.length, 22);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(at, 10);
    heads.push(Buffer.from([0x50, 0x4b, 1, 2, 20, 0]), fields, rest, Buffer.from(file));
    parts.push(Buffer.from([0x50, 0x4b, 3, 4]), fields, Buffer.from(file), bytes);
    at += 30 + file.length + bytes.length;
  }
  const list = Buffer.concat(heads);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(2, 8);
  end.writeUInt16LE(2, 10);
  end.writeUInt32LE(list.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, list, end]);
}

const titles = async (person) => (await person.chats()).map((chat) => chat.title).sort();

async function exported(page, label) {
  const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: label }).click()]);
  return readFileSync(await download.path(), 'utf8');
}

test('all chats are exported as one file, which somebody else imports', () => as(async (ada) => {
  const page = await ada.page('/settings');
  // More than the server puts into one answer.
  const chats = Array.from({ length: 120 }, (_, i) => own(`Chat ${i}`, `question ${i}`, `answer ${i}`));
  assert.deepEqual(await imported(page, 'own.json', JSON.stringify({ format: 'offstage', version: 1, chats })), ['120 chats were imported.', []]);
  const text = await exported(page, 'Export as JSON');
  assert.equal(await page.getByText('120 chats are in the file.').count(), 1);
  assert.equal(JSON.parse(text).chats.length, 120);
  const markdown = await exported(page, 'Export as Markdown');
  assert.equal(markdown.match(/^# Chat \d+\n\n## User, /gm).length, 120);
  assert.deepEqual(await imported(page, 'again.json', text), ['0 chats were imported. 120 were there already.', []]);
  await as(async (bob) => {
    assert.deepEqual(await imported(await bob.page('/settings'), 'again.json', text), ['120 chats were imported.', []]);
    const chat = await until(async () => (await bob.call('GET', '/api/chats?q=119')).data[0], 'the titles, which are indexed behind');
    assert.deepEqual((await bob.messages(chat.id)).map((m) => m.content), ['question 119', 'answer 119']);
  }, 'Bob');
}));

test('a file larger than the server takes is imported in parts, and what was not taken is named', () => as(async (ada) => {
  const page = await ada.page('/settings');
  const long = Array.from({ length: 10 }, () => 'some words of it '.repeat(6000));
  const chats = Array.from({ length: 40 }, (_, i) => own(`Chat ${i}`, ...long));
  chats.splice(3, 0, own('With a zero', 'a\u0000b'), { what: 'ever' }, own('Huge', 'x'.repeat(25 * 2 ** 20)));
  const [said, failures] = await imported(page, 'large.json', JSON.stringify(chats));
  assert.equal(said, '40 chats were imported. 1 was empty, or in a form that is not known here. 2 could not be taken:');
  assert.ok(failures.some((one) => one.startsWith('With a zero: ')), failures.join());
  assert.ok(failures.some((one) => one.endsWith('It is larger than what the server takes.')), failures.join());
  assert.equal((await ada.call('GET', '/api/chats?limit=100')).data.length, 40);
}));

test('the .zip that ChatGPT sends is imported as it is', () => as(async (ada) => {
  const page = await ada.page('/settings');
  const content = Buffer.from(JSON.stringify([theirs('One', 'Hi'), theirs('Two [with] "marks" {', 'a\\"]}')]));
  assert.deepEqual(await imported(page, 'chatgpt.zip', zip('conversations.json', content)), ['2 chats were imported.', []]);
  assert.deepEqual(await titles(ada), ['One', 'Two [with] "marks" {']);
  assert.deepEqual(await imported(page, 'broken.zip', Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4]), Buffer.alloc(100)])),
    ['The .zip cannot be read. Unpack it, and import the conversations.json that is in it.', []]);
}));

test('of a file that was cut what is whole comes in, and what holds no chats is said to', () => as(async (ada) => {
  const page = await ada.page('/settings');
  const text = JSON.stringify([own('Whole', 'Hi'), own('Cut', 'Hi')]);
  assert.deepEqual(await imported(page, 'cut.json', text.slice(0, -20)),
    ['1 chat was imported. The file ends in the middle. What was whole has been imported.', []]);
  assert.deepEqual(await titles(ada), ['Whole']);
  assert.deepEqual(await imported(page, 'other.json', '{"users": [{"chats": []}]}'), ['The file holds no chats in a form that is known here.', []]);
}));

test('an import goes on while its page is left, and can be stopped', () => as(async (ada) => {
  const page = await ada.page('/settings');
  await page.route('**/api/chats/import', () => {}); // never answered
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: 'Import chats' }).click()]);
  await chooser.setFiles({ name: 'chats.json', mimeType: 'application/json', buffer: Buffer.from(JSON.stringify([own('One', 'Hi')])) });
  await page.getByRole('button', { name: 'Cancel' }).waitFor();
  await page.getByRole('link', { name: 'Agents' }).first().click();
  await page.getByRole('heading', { name: 'Agents' }).first().waitFor();
  await page.goBack();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByText('Stopped.').waitFor();
  assert.deepEqual(await titles(ada), []);
}));
