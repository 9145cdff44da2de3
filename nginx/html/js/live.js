/*
 * Live: numbered events over a WebSocket that comes back after every cut, continuing after the
 * last event it has. WebSockets and not event streams, because a browser opens six connections
 * to a server over HTTP/1.1, in all tabs together, and a WebSocket takes none of them. Where
 * none gets through, the caller polls: `lost` says how often in a row it failed.
 */

import { get, withQuery } from './api.js';

const FIRST_MS = 250;
const LONGEST_MS = 10_000;
const OPEN_MS = 8_000;

/** @typedef {{type: string, sequence_number: number, [member: string]: any}} LiveEvent */

export class Live {
  /**
   * @param {string} path
   * @param {{after?: number,
   *          event: (event: LiveEvent) => void,
   *          open?: () => void,
   *          lost?: (times: number) => void}} listener
   */
  constructor(path, listener) {
    this.path = path;
    this.listener = listener;
    /** @type {number | null} the last event that arrived */
    this.after = listener.after ?? null;
    this.failures = 0;
    this.closed = false;
    /** @type {WebSocket | null} */
    this.socket = null;
    this.timer = 0;
    this.wake = () => this.#again();
    window.addEventListener('online', this.wake);
    document.addEventListener('visibilitychange', this.wake);
    this.#connect();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    window.removeEventListener('online', this.wake);
    document.removeEventListener('visibilitychange', this.wake);
    this.#drop();
  }

  get open() {
    return this.socket?.readyState === WebSocket.OPEN;
  }

  #connect() {
    this.#drop();
    const url = new URL(this.path, location.href);
    url.protocol = url.protocol.replace('http', 'ws');
    if (this.after !== null) url.searchParams.set('after', String(this.after));
    const socket = new WebSocket(url);
    this.socket = socket;
    this.timer = window.setTimeout(() => socket.close(), OPEN_MS);
    socket.onopen = () => {
      clearTimeout(this.timer);
      this.failures = 0;
      this.listener.open?.();
    };
    socket.onmessage = (message) => this.#take(message);
    socket.onclose = () => this.#lose(socket);
  }

  /** @param {MessageEvent<string>} message */
  #take(message) {
    const event = /** @type {LiveEvent} */ (JSON.parse(message.data));
    const isNew = this.after === null || event.sequence_number > this.after || event.type === 'reset';
    if (!isNew) return;
    this.after = event.sequence_number;
    this.listener.event(event);
  }

  /** @param {WebSocket} socket */
  #lose(socket) {
    if (this.closed || socket !== this.socket) return;
    clearTimeout(this.timer);
    this.socket = null;
    this.failures += 1;
    const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(this.failures - 1, 8));
    // Spread, so that a server that comes back is not met by all at once.
    this.timer = window.setTimeout(() => this.#connect(), wait * (0.5 + Math.random() / 2));
    this.listener.lost?.(this.failures);
  }

  /** The network or the reader is back: no need to wait out the pause. */
  #again() {
    if (this.closed || this.socket || document.visibilityState === 'hidden') return;
    clearTimeout(this.timer);
    this.#connect();
  }

  #drop() {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}

/**
 * The event that a response ended with, which has the whole of it.
 *
 * @param {string} requestId
 * @returns {Promise<LiveEvent | null>}
 */
export async function lastEvent(requestId) {
  const { sequence_number: last } = await get(`/api/requests/${requestId}`);
  const text = String(await get(withQuery(`/api/requests/${requestId}/stream`, { after: last - 1 })));
  const data = text.split('\n').findLast((line) => line.startsWith('data: '));
  return data ? JSON.parse(data.slice('data: '.length)) : null;
}
