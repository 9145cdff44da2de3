/*
 * Outbox: messages on their way. Each is kept in this browser from Enter until the server has
 * said 202, and carries a key under which the server does it once: so it may be sent again after
 * a lost network, a closed tab or a crash, and nothing is lost or asked twice.
 */

import { newKey, post } from './api.js';
import { keep, kept } from './keep.js';
import { on } from './store.js';

/**
 * @typedef {object} Entry
 * @property {string} key
 * @property {string} place the chat's id, or one of its own for a chat that is yet to be made
 * @property {string | null} agentId
 * @property {string} text
 * @property {string} tab that takes care of it
 * @property {string | null} refused why the server will not have it
 */

const RETRY_MS = 3000;
const TAB = newKey();

/** @type {(entry: Entry, accepted: import('./types.js').Accepted) => Promise<void> | void} */
let onAccepted = () => {};
/** @type {(entry: Entry) => void} */
let onChange = () => {};
let timer = 0;
let busy = false;

/** @returns {Entry[]} */
export const entries = () => kept('outbox', /** @type {Entry[]} */ ([]));

/** @param {string} place */
export const entriesOf = (place) => entries().filter((e) => e.place === place);

/** @param {(list: Entry[]) => Entry[]} change */
function edit(change) {
  keep('outbox', change(entries()));
}

export const newPlace = () => `new:${newKey()}`;
/** @param {string} place */
export const isNew = (place) => place.startsWith('new:');

/**
 * @param {{accepted: typeof onAccepted, changed: typeof onChange}} listener
 */
export async function beginOutbox(listener) {
  onAccepted = listener.accepted;
  onChange = listener.changed;
  // As long as this tab lives it holds a lock by which others know.
  void navigator.locks.request(`offstage:tab:${TAB}`, () => new Promise(() => {}));
  on('online', () => void flush());
  await adopt();
}

/** What a tab that is gone has left behind is this one's now. */
async function adopt() {
  const alive = new Set(((await navigator.locks.query()).held ?? []).map((lock) => lock.name));
  await navigator.locks.request('offstage:outbox', () =>
    edit((list) => list.map((e) => (alive.has(`offstage:tab:${e.tab}`) ? e : { ...e, tab: TAB }))));
  void flush();
}

/**
 * @param {string} place
 * @param {string | null} agentId
 * @param {string} text
 * @returns {Entry}
 */
export function send(place, agentId, text) {
  /** @type {Entry} */
  const entry = { key: newKey(), place, agentId, text, tab: TAB, refused: null };
  edit((list) => [...list, entry]);
  void flush();
  return entry;
}

/** @param {string} key */
export function discard(key) {
  edit((list) => list.filter((e) => e.key !== key));
}

/** Send what waits, in order. A fault that passes ends the round; the next comes by itself. */
export async function flush() {
  if (busy) return;
  busy = true;
  clearTimeout(timer);
  try {
    for (;;) {
      const entry = entries().find((e) => e.tab === TAB && !e.refused);
      if (!entry || !(await deliver(entry))) break;
    }
  } finally {
    busy = false;
  }
}

/** @param {Entry} entry @returns {Promise<boolean>} whether to go on with the next */
async function deliver(entry) {
  const where = isNew(entry.place) ? { agent_id: entry.agentId } : { chat_id: entry.place };
  const agent = entry.agentId ? { agent_id: entry.agentId } : {};
  try {
    const accepted = await post('/api/invoke_endpoint', { ...where, ...agent, message: entry.text, if_busy: 'queue' },
      { key: entry.key });
    // Before anything else: what else was written to a chat that did not exist belongs to it now.
    edit((list) => list.filter((e) => e.key !== entry.key)
      .map((e) => (e.place === entry.place ? { ...e, place: accepted.chat_id } : e)));
    await onAccepted(entry, accepted);
    return true;
  } catch (fault) {
    const problem = /** @type {import('./api.js').Problem} */ (fault);
    if (problem.passing || problem.status === 401) {
      timer = window.setTimeout(() => void flush(), Math.max(RETRY_MS, problem.retryAfter * 1000));
      onChange(entry);
      return false;
    }
    edit((list) => list.map((e) => (e.key === entry.key ? { ...e, refused: problem.message } : e)));
    onChange({ ...entry, refused: problem.message });
    return true;
  }
}
