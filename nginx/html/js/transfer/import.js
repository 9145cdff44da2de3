/*
 * A file of chats, however large: cut into imports that the server takes, one after another. A
 * part that is refused is halved until what is wrong with it is alone.
 */

import { call, get, newKey, Problem } from '../api.js';
import { chatsInZip, counted, isZip } from './zip.js';
import { patiently, pause } from './patience.js';
import { on } from '../store.js';
import { Splitter } from './split.js';
import { t } from '../words.js';

const PART_BYTES = 24 * 2 ** 20; // the server takes 32 MiB
const PART_CHATS = 500;
const POLL_MS = 500;
const FEED_MS = 2000; // what the feed may be late

/** @typedef {{title: string, why: string}} Failure */
/** @typedef {{imported: number, known: number, skipped: number, failures: Failure[], read: number, size: number, isCut: boolean}} Summary */
/** @typedef {import('./split.js').Piece} Piece */

/**
 * @param {File} file
 * @param {(summary: Summary) => void} told of each step; the last time of the whole
 * @param {AbortSignal} signal
 */
export async function importFile(file, told, signal) {
  const ends = new JobEnds();
  /** @type {Summary} */
  const summary = { imported: 0, known: 0, skipped: 0, failures: [], read: 0, size: file.size, isCut: false };
  const step = () => told(summary);
  try {
    const parts = await partsOf(file);
    summary.size = parts.reduce((sum, part) => sum + part.size, 0);
    let found = 0;
    for (const part of parts) found += await importPart(part, { summary, step, ends, signal });
    if (found === 0 && !summary.isCut) throw new Problem(422, t('transfer.no_chats'));
  } finally {
    ends.close();
  }
}

/** @param {File} file @returns {Promise<import('./zip.js').Part[]>} */
async function partsOf(file) {
  if (!(await isZip(file))) return [{ size: file.size, stream: async (told) => counted(file, told) }];
  return chatsInZip(file).catch(() => {
    throw new Problem(422, t('transfer.no_zip'));
  });
}

/** @typedef {{summary: Summary, step: () => void, ends: JobEnds, signal: AbortSignal}} Work */

/** @param {import('./zip.js').Part} part @param {Work} work @returns {Promise<number>} how many chats it holds */
async function importPart(part, work) {
  const { summary, step, signal } = work;
  let found = 0;
  let size = 0;
  /** @type {Blob[]} */
  let waiting = [];
  const splitter = new Splitter(PART_BYTES, (piece) => {
    found += 1;
    size += piece.size;
    if (piece.parts) waiting.push(new Blob(piece.parts));
    else summary.failures.push({ title: '', why: t('transfer.too_large') });
  });
  const send = async () => {
    if (waiting.length > 0) await importChats(waiting, work);
    waiting = [];
    size = 0;
    step();
  };
  const reader = (await part.stream((n) => { summary.read += n; })).getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    signal.throwIfAborted();
    splitter.push(next.value);
    if (size >= PART_BYTES || waiting.length >= PART_CHATS) await send();
  }
  await send();
  summary.isCut ||= splitter.level > 0 && !splitter.isOver;
  return found;
}

/** @param {Blob[]} chats @param {Work} work */
async function importChats(chats, work) {
  const { summary, step, ends, signal } = work;
  const form = new Blob(['{"chats":[', ...chats.flatMap((chat, i) => (i === 0 ? [chat] : [',', chat])), ']}'], { type: 'application/json' });
  const key = newKey();
  try {
    const accepted = await patiently(() => call('POST', '/api/chats/import', null, { key, form, signal }), signal);
    const end = await ends.of(accepted.job_id, chats.length, signal);
    summary.imported += end.imported;
    summary.known += end.known;
    summary.skipped += end.skipped;
  } catch (fault) {
    if (!(fault instanceof Problem) || ![400, 413, 422].includes(fault.status)) throw fault;
    if (chats.length === 1) {
      summary.failures.push({ title: await titleOf(chats[0]), why: fault.message });
      return;
    }
    const half = Math.ceil(chats.length / 2);
    await importChats(chats.slice(0, half), work);
    step();
    await importChats(chats.slice(half), work);
  }
}

/** @param {Blob} chat */
async function titleOf(chat) {
  try {
    return String(JSON.parse(await chat.text()).title ?? '');
  } catch {
    return '';
  }
}

/** How the jobs of imports end: that they do is asked for, and the feed tells how many chats came in. */
class JobEnds {
  constructor() {
    /** @type {Map<string, {imported: number, known: number, skipped: number}>} */
    this.told = new Map();
    this.close = on('feed', (event) => event.type === 'job' && 'imported' in event && this.told.set(event.id, event));
  }

  /** @param {string} id @param {number} sent @param {AbortSignal} signal */
  async of(id, sent, signal) {
    for (;;) {
      const told = this.told.get(id);
      if (told) return told;
      const job = await patiently(() => get(`/api/jobs/${id}`, { signal }), signal);
      if (job.state === 'discarded' || job.state === 'cancelled') return { imported: 0, known: 0, skipped: sent };
      if (job.state === 'completed') {
        await pause(FEED_MS, signal);
        return this.told.get(id) ?? { imported: sent, known: 0, skipped: 0 };
      }
      await pause(POLL_MS, signal);
    }
  }
}
