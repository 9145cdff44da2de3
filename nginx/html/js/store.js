/*
 * Store: what is known of the server's state, shared by all views. Views subscribe to a topic
 * and read; what changes the server is a function here. The feed says which chat changed, and
 * that chat is read again: so several tabs, and several devices, show the same.
 */

import { call, get, patch, post, remove, withQuery } from './api.js';
import { Live } from './live.js';
import { kept, keep } from './keep.js';

/** @typedef {import('./types.js').Chat} Chat */
/** @typedef {import('./types.js').Agent} Agent */
/** @typedef {import('./live.js').LiveEvent} LiveEvent */

const POLL_MS = 4000;
const CHAT_PAGE = 40;

/** @typedef {'ok' | 'offline' | 'connecting' | 'polling'} Net */

/** @type {{me: import('./types.js').User | null, agents: Agent[], chats: Map<string, Chat>, more: string | null,
 *          loaded: boolean, net: Net}} */
export const state = {
  me: null,
  agents: [],
  chats: new Map(),
  more: null,
  loaded: false,
  net: 'ok',
};

/* ---- topics ------------------------------------------------------------------------- */

/** @type {Map<string, Set<(detail?: any) => void>>} */
const listeners = new Map();

/**
 * @param {string} topic agents, chats, net, feed, chat:ID
 * @param {(detail?: any) => void} act
 * @returns {() => void} the end of it
 */
export function on(topic, act) {
  const set = listeners.get(topic) ?? new Set();
  listeners.set(topic, set.add(act));
  return () => {
    set.delete(act);
  };
}

/** @param {string} topic @param {any} [detail] */
export function tell(topic, detail) {
  for (const act of [...(listeners.get(topic) ?? [])]) act(detail);
}

/* ---- agents ------------------------------------------------------------------------- */

export async function loadAgents() {
  /** @type {Agent[]} */
  const all = [];
  let cursor = null;
  do {
    const page = await get(withQuery('/api/agents', { limit: 100, cursor }));
    all.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor);
  state.agents = all;
  tell('agents');
}

/** @param {string | null} id */
export const agentOf = (id) => state.agents.find((a) => a.id === id) ?? null;

/** The one that a new chat begins with: the last used, or the first. */
export function usualAgent() {
  return agentOf(kept('agent', '')) ?? state.agents[0] ?? null;
}

/** @param {string} id */
export const useAgent = (id) => keep('agent', id);

/* ---- chats -------------------------------------------------------------------------- */

/** @param {Chat} chat */
function put(chat) {
  state.chats.set(chat.id, chat);
}

/** Newest activity first, those that are pinned before all. */
export function sortedChats() {
  return [...state.chats.values()]
    .filter((c) => !c.archived)
    .sort((a, b) => Number(b.pinned) - Number(a.pinned) || (a.active_at < b.active_at ? 1 : -1));
}

/** The first page again: what was changed meanwhile moves up, what is gone leaves. */
export async function loadChats() {
  const page = await get(withQuery('/api/chats', { limit: CHAT_PAGE }));
  const oldest = page.next_cursor ? page.data.at(-1).active_at : '';
  for (const chat of [...state.chats.values()]) {
    if (chat.active_at >= oldest) state.chats.delete(chat.id);
  }
  page.data.forEach(put);
  if (!state.loaded || !page.next_cursor) state.more = page.next_cursor;
  state.loaded = true;
  tell('chats');
}

let loadingMore = false;

export async function loadMoreChats() {
  if (!state.more || loadingMore) return;
  loadingMore = true;
  try {
    const page = await get(withQuery('/api/chats', { limit: CHAT_PAGE, cursor: state.more }));
    page.data.forEach(put);
    state.more = page.next_cursor;
    tell('chats');
  } finally {
    loadingMore = false;
  }
}

/** @type {Map<string, Promise<void>>} */
const reading = new Map();
/** @type {Set<string>} chats that changed while they were being read */
const stale = new Set();

/**
 * Read one chat again. However many events ask for it, at most one read is under way.
 *
 * @param {string} id
 * @returns {Promise<void>}
 */
export function loadChat(id) {
  const under = reading.get(id);
  if (under) {
    stale.add(id);
    return under;
  }
  const work = readChat(id).finally(() => {
    reading.delete(id);
    if (stale.delete(id)) void loadChat(id);
  });
  reading.set(id, work);
  return work;
}

/** @param {string} id */
async function readChat(id) {
  try {
    put(await get(`/api/chats/${id}`));
  } catch (fault) {
    if (/** @type {any} */ (fault).status !== 404) return;
    gone(id);
  }
  tell('chats');
}

/** @param {string} id @param {Partial<Chat>} change */
export async function changeChat(id, change) {
  const before = state.chats.get(id);
  if (before) put({ ...before, ...change });
  tell('chats');
  try {
    put(await patch(`/api/chats/${id}`, change));
  } catch (fault) {
    if (before) put(before);
    throw fault;
  } finally {
    tell('chats');
  }
}

/** @param {string} id */
export async function markRead(id) {
  const chat = state.chats.get(id);
  if (!chat?.unread) return;
  put({ ...chat, unread: false });
  tell('chats');
  await post(`/api/chats/${id}/read`).catch(() => {});
}

/** Into the bin, from which restoreChat() takes it back. @param {string} id */
export async function deleteChat(id) {
  const before = state.chats.get(id);
  gone(id);
  try {
    await remove(`/api/chats/${id}`);
  } catch (fault) {
    if (before) put(before);
    tell('chats');
    throw fault;
  }
}

/** With its messages, for good. @param {string} id */
export const eraseChat = (id) => remove(`/api/chats/${id}?forever=true`);

/** @param {string} id */
export async function restoreChat(id) {
  put(await post(`/api/chats/${id}/restore`));
  tell('chats');
}

/** @param {string} requestId */
export const cancel = (requestId) => post(`/api/requests/${requestId}/cancel`);

/** @param {string} id @param {'up' | 'down' | null} rating @param {string} [comment] */
export const rate = (id, rating, comment) =>
  (rating ? post(`/api/messages/${id}/feedback`, comment ? { rating, comment } : { rating }) : remove(`/api/messages/${id}/feedback`));

/** Show another branch of a conversation. @param {string} messageId */
export const showBranch = (messageId) => post(`/api/messages/${messageId}/show`);

/** @param {string} messageId @param {string} content @param {string} key */
export const editMessage = (messageId, content, key) => post(`/api/messages/${messageId}/edit`, { content }, { key });

/** @param {string} messageId @param {string} key @returns {Promise<import('./types.js').Accepted>} */
export const regenerate = (messageId, key) => post(`/api/messages/${messageId}/regenerate`, {}, { key });

/* ---- the feed ----------------------------------------------------------------------- */

/** @type {Live | null} */
let feed = null;
let polling = 0;

/** @param {Net} net */
function setNet(net) {
  if (state.net === net) return;
  state.net = net;
  tell('net');
}

/** @param {LiveEvent} event */
function takeFeed(event) {
  if (event.type === 'reset') void refresh();
  if (event.type === 'request') void loadChat(event.chat_id);
  if (event.type === 'chat' && event.change === 'deleted') gone(event.id);
  else if (event.type === 'chat') void loadChat(event.id);
  tell('feed', event);
}

/** @param {string} id */
function gone(id) {
  if (state.chats.delete(id)) tell(`gone:${id}`);
  tell('chats');
}

/** Everything anew: after a cut that the feed cannot bridge, and while it does not work. */
async function refresh() {
  await loadChats().catch(() => {});
  tell('refresh');
}

/** @param {number} times */
function feedLost(times) {
  if (!navigator.onLine) setNet('offline');
  else if (times > 1) setNet(times > 3 ? 'polling' : 'connecting');
  if (times > 3 && !polling) polling = window.setInterval(poll, POLL_MS);
}

async function poll() {
  const me = await get('/api/auth/me').catch((fault) => fault);
  if (me.id) await refresh();
  else if (navigator.onLine) setNet('connecting');
}

function feedOpen() {
  clearInterval(polling);
  polling = 0;
  setNet('ok');
  // Before its first event a feed has no number to go on after.
  if (feed?.after === null) void refresh();
  tell('online');
}

/** @param {import('./types.js').User} me */
export async function begin(me) {
  state.me = me;
  feed = new Live('/api/events', { event: takeFeed, open: feedOpen, lost: feedLost });
  window.addEventListener('offline', () => setNet('offline'));
  // A connection may live through a short cut.
  window.addEventListener('online', () => setNet(feed?.open ? 'ok' : 'connecting'));
  await loadAgents();
}

export async function signOut() {
  await call('POST', '/api/auth/logout');
  location.assign('/');
}

export function end() {
  feed?.close();
  clearInterval(polling);
}
