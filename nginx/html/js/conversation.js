/*
 * Conversation: the messages of one chat, kept while the tab lives, so that switching back shows
 * them at once. While it is open, the answer in progress is followed; when it is left, what came
 * so far stays, and coming back continues after the last event that arrived.
 */

import { get, withQuery } from './api.js';
import { keepHere, keptHere } from './keep.js';
import { lastEvent, Live } from './live.js';
import { entriesOf, isNew } from './outbox.js';
import { isOver, newResponse, take, takeStatus, textOf } from './response.js';
import { on, tell } from './store.js';

/** @typedef {import('./types.js').Message} Message */
/** @typedef {import('./response.js').Response} Response */
/** @typedef {import('./outbox.js').Entry} Entry */

const PAGE = 50;
const KEPT = 12; // conversations
const READERS = 50;
const POLL_WAIT_S = 25;

export class Conversation {
  /** @param {string} place a chat's id, or that of one yet to be made */
  constructor(place) {
    this.place = place;
    /** What views listen to; stays when the chat gets its id. */
    this.topic = `conversation:${place}`;
    /** @type {Message[]} the oldest first */
    this.messages = [];
    /** @type {string | null} */
    this.older = null;
    this.loaded = isNew(place);
    /** @type {import('./api.js').Problem | null} */
    this.fault = null;
    /** @type {Map<string, Response>} by request */
    this.responses = new Map();
    /** @type {Map<string, string>} the row that shows a message that was written here */
    this.rows = new Map();
    /** @type {Entry[]} accepted, but not yet seen among the messages */
    this.sent = [];
    /** @type {import('./views/log.js').Reader | null} where its reader left it, by the message's id; null: at the end */
    this.reader = keptHere('readers', /** @type {Record<string, any>} */ ({}))[place] ?? null;
    this.isOpen = false;
    /** @type {{id: string, live: Live, polling: boolean} | null} */
    this.following = null;
    /** @type {Promise<void> | null} */
    this.reading = null;
    this.again = false;
    /** @type {Set<string>} long messages that are shown as a whole */
    this.unfolded = new Set();
    /** @type {Set<string>} requests */
    this.recalled = new Set();
  }

  /** What was written here and is not a message yet. */
  get waiting() {
    const sent = this.sent.filter((e) => !this.messages.some((m) => this.rows.get(m.id) === e.key));
    return [...sent, ...(entriesOf(this.place).filter((e) => !sent.some((s) => s.key === e.key)))];
  }

  /** @param {Message} message */
  rowOf(message) {
    return this.rows.get(message.id) ?? message.id;
  }

  /** The answer that is being written, or is next to be. */
  get active() {
    return this.messages.find((m) => m.status === 'in_progress' && m.request_id) ?? null;
  }

  /** @param {string} requestId */
  responseOf(requestId) {
    let response = this.responses.get(requestId);
    if (!response) this.responses.set(requestId, (response = newResponse()));
    return response;
  }

  /**
   * What an answer was made of that nobody followed here: its last event tells, and is asked for
   * once, when the answer comes into sight.
   *
   * @param {Message} message
   */
  recall(message) {
    const id = message.request_id;
    if (!id || message.steps.length === 0 || message.status === 'in_progress' || this.recalled.has(id) || this.responses.get(id)?.items.size) return;
    this.recalled.add(id);
    lastEvent(id).then((event) => {
      const response = newResponse();
      if (!event || !take(response, event)) return;
      response.spoken = true;
      this.responses.set(id, response);
      this.#changed();
    }, () => this.recalled.delete(id));
  }

  // ---- reading ------------------------------------------------------------------------

  /** Where it is being read, also for after a reload. @param {import('./views/log.js').Reader | null} reader by its row */
  readAt(reader) {
    const message = reader && this.messages.find((m) => this.rowOf(m) === reader.key);
    this.reader = message ? { key: message.id, offset: reader.offset } : null;
    const readers = new Map(Object.entries(keptHere('readers', /** @type {Record<string, any>} */ ({}))));
    readers.delete(this.place);
    if (this.reader) readers.set(this.place, this.reader);
    keepHere('readers', Object.fromEntries([...readers].slice(-READERS)));
  }

  open() {
    this.isOpen = true;
    void this.refresh();
  }

  leave() {
    this.isOpen = false;
    this.#unfollow();
  }

  /**
   * The newest messages. At most one read is under way, and one that was asked for meanwhile
   * follows it.
   *
   * @returns {Promise<void>}
   */
  refresh() {
    if (isNew(this.place)) return Promise.resolve();
    if (this.reading) {
      this.again = true;
      return this.reading;
    }
    this.reading = this.#read().finally(() => {
      this.reading = null;
      if (!this.again) return;
      this.again = false;
      void this.refresh();
    });
    return this.reading;
  }

  async #read() {
    try {
      const page = await get(withQuery(`/api/chats/${this.place}/messages`, { order: 'desc', limit: PAGE }));
      this.#merge(page.data.reverse(), page.next_cursor);
      this.fault = null;
      this.loaded = true;
    } catch (fault) {
      this.fault = /** @type {import('./api.js').Problem} */ (fault);
    }
    this.#changed();
    this.#follow();
  }

  /**
   * @param {Message[]} newest
   * @param {string | null} cursor
   */
  #merge(newest, cursor) {
    const at = newest.length > 0 ? this.messages.findIndex((m) => m.id === newest[0].id) : -1;
    // Another branch may be shown from further up: then what is known goes before something else.
    const fits = at >= 0 && (at === 0 || newest[0].parent_id === this.messages[at - 1].id);
    if (!fits) {
      this.messages = newest;
      this.older = cursor;
    } else {
      this.messages = [...this.messages.slice(0, at), ...newest];
    }
  }

  async loadOlder() {
    if (!this.older) return;
    const cursor = this.older;
    const page = await get(withQuery(`/api/chats/${this.place}/messages`, { order: 'desc', limit: 100, cursor }));
    if (this.older !== cursor) return;
    const known = new Set(this.messages.map((m) => m.id));
    this.messages = [...page.data.reverse().filter((/** @type {Message} */ m) => !known.has(m.id)), ...this.messages];
    this.older = page.next_cursor;
    this.#changed();
  }

  #changed() {
    tell(this.topic);
  }

  // ---- writing ------------------------------------------------------------------------

  /**
   * The server has it: its row becomes the row of the message.
   *
   * @param {Entry} entry
   * @param {import('./types.js').Accepted} accepted
   */
  async accept(entry, accepted) {
    this.sent.push(entry);
    await this.refresh();
    const answer = this.messages.findIndex((m) => m.id === accepted.message_id);
    const question = this.messages[answer - 1];
    if (question?.role === 'user') this.rows.set(question.id, entry.key);
    this.sent = this.sent.filter((e) => e !== entry || answer < 0);
    this.#changed();
  }

  // ---- following ----------------------------------------------------------------------

  #follow() {
    const active = this.isOpen ? this.active : null;
    if (this.following?.id === active?.request_id) return;
    this.#unfollow();
    if (!active?.request_id) return;
    const id = active.request_id;
    const response = this.responseOf(id);
    const live = new Live(`/api/requests/${id}/stream`, {
      after: response.seq,
      event: (event) => this.#take(id, response, event),
      lost: (times) => this.#lost(id, response, times),
    });
    this.following = { id, live, polling: false };
  }

  #unfollow() {
    this.following?.live.close();
    this.following = null;
  }

  /**
   * @param {string} id
   * @param {Response} response
   * @param {import('./live.js').LiveEvent} event
   */
  #take(id, response, event) {
    if (!take(response, event)) return;
    tell(this.topic, id);
    if (isOver(response)) this.#ended(id, response);
  }

  /**
   * A stream that was cut, or cannot be opened: the status says how things stand.
   *
   * @param {string} id
   * @param {Response} response
   * @param {number} times
   */
  async #lost(id, response, times) {
    const following = this.following;
    if (!following || following.polling || times < 2) return;
    following.polling = true;
    try {
      const wait = times > 3 ? POLL_WAIT_S : null;
      const status = await get(withQuery(`/api/requests/${id}`, { wait, after: wait && response.seq }));
      if (this.following !== following) return;
      takeStatus(response, status);
      following.live.after = response.seq;
      tell(this.topic, id);
      if (isOver(response)) this.#ended(id, response);
    } catch {
      return; // the next loss asks again
    } finally {
      following.polling = false;
    }
  }

  /**
   * @param {string} id
   * @param {Response} response
   */
  #ended(id, response) {
    this.#unfollow();
    const message = this.messages.find((m) => m.request_id === id);
    if (message) {
      message.status = /** @type {Message['status']} */ (response.status);
      message.content = textOf(response);
    }
    this.#changed();
    // Its sources, its trace, and what is next.
    void this.refresh();
  }
}

/* ---- those that are kept -------------------------------------------------------------- */

/** @type {Map<string, Conversation>} the last used last */
const known = new Map();

/** @param {string} place */
export function conversationOf(place) {
  const found = known.get(place) ?? new Conversation(place);
  known.delete(place);
  known.set(place, found);
  for (const [id, old] of known) {
    if (known.size <= KEPT) break;
    if (!old.isOpen && old.waiting.length === 0) known.delete(id);
  }
  return found;
}

/**
 * A chat that was yet to be made has its id.
 *
 * @param {string} from
 * @param {string} to
 */
export function moveConversation(from, to) {
  const conversation = known.get(from);
  if (!conversation || known.has(to)) return;
  known.delete(from);
  known.set(to, conversation);
  conversation.place = to;
  tell(`moved:${from}`, to);
}

on('feed', (event) => {
  const id = event.type === 'request' ? event.chat_id : event.id;
  const conversation = known.get(id);
  if (conversation && (event.type === 'request' || event.type === 'chat') && event.change !== 'read') void conversation.refresh();
});

on('refresh', () => {
  for (const conversation of known.values()) if (conversation.isOpen) void conversation.refresh();
});
