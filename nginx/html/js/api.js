/* The HTTP interface: one function, and errors that can be shown to people. */

import { t } from './words.js';

/** What the server answered instead, or status 0 when it could not be reached. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {any} [body]
   * @param {number} [retryAfter] seconds
   */
  constructor(status, message, body, retryAfter = 0) {
    super(message);
    this.status = status;
    this.body = body;
    this.retryAfter = retryAfter;
  }

  /** Whether the same call may succeed later without anybody changing it. */
  get passing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }

  /** What is wrong with which fields. @returns {{pointer: string, detail: string}[]} */
  get faults() {
    return (this.body?.errors ?? []).filter((/** @type {any} */ fault) => fault.pointer);
  }
}

/** @type {(problem: Problem) => void} */
let signedOut = () => {};

/** @param {(problem: Problem) => void} act called whenever the session turns out to be over */
export function onSignedOut(act) {
  signedOut = act;
}

/**
 * @typedef {{key?: string, signal?: AbortSignal, keepalive?: boolean, quiet?: boolean, form?: FormData | Blob}} Options
 *   key: of an idempotent POST; quiet: a 401 is the caller's matter; form: a body that says its own type
 */

/** @param {string} method @param {string} path @param {object | null} [body] @param {Options} [options] @returns {Promise<any>} */
export async function call(method, path, body = null, options = {}) {
  return read(await ask(method, path, body, options), options.quiet ?? false);
}

/** The reply with its headers. @param {string} path @param {Options} [options] */
export async function getReply(path, options = {}) {
  const reply = await ask('GET', path, null, options);
  if (!reply.ok) await read(reply, options.quiet ?? false);
  return reply;
}

/** @param {string} method @param {string} path @param {object | null} body @param {Options} options */
async function ask(method, path, body, options) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json' };
  if (body !== null) headers['Content-Type'] = 'application/json';
  if (options.key) headers['Idempotency-Key'] = options.key;
  try {
    return await fetch(path, {
      method,
      headers,
      body: options.form ?? (body === null ? undefined : JSON.stringify(body)),
      signal: options.signal,
      keepalive: options.keepalive,
    });
  } catch (fault) {
    if (options.signal?.aborted) throw fault;
    throw new Problem(0, t('net.away'));
  }
}

/**
 * @param {Response} reply
 * @param {boolean} quiet
 */
async function read(reply, quiet) {
  let text;
  try {
    text = await reply.text();
  } catch {
    throw new Problem(0, t('net.away'));
  }
  const isJson = (reply.headers.get('Content-Type') ?? '').includes('json');
  const body = isJson && text ? JSON.parse(text) : text;
  if (reply.ok) return body;
  const problem = new Problem(reply.status, sentence(body?.detail || body?.title || reply.statusText), body,
    Number(reply.headers.get('Retry-After')) || 0);
  if (reply.status === 401 && !quiet) signedOut(problem);
  throw problem;
}

/** @param {string} text that may begin with the pointer to a field */
export function sentence(text) {
  const named = text.replace(/^\/(\w+)/, (_, name) => name.replaceAll('_', ' '));
  return named ? `${named[0].toUpperCase()}${named.slice(1)}${/[.!?]$/.test(named) ? '' : '.'}` : t('net.away');
}

/** @param {string} path @param {{signal?: AbortSignal, quiet?: boolean}} [options] */
export const get = (path, options) => call('GET', path, null, options);
/** @param {string} path @param {object} [body] @param {{key?: string}} [options] */
export const post = (path, body, options) => call('POST', path, body ?? null, options);
/** @param {string} path @param {object} body */
export const patch = (path, body) => call('PATCH', path, body);
/** @param {string} path @param {{keepalive?: boolean}} [options] */
export const remove = (path, options) => call('DELETE', path, null, options);

/** A key under which a POST is done once, however often it is sent. */
export const newKey = () => crypto.randomUUID();

/**
 * @param {string} path
 * @param {Record<string, string | number | boolean | null | undefined>} values those that are null are left out
 */
export function withQuery(path, values) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  }
  return query.size > 0 ? `${path}?${query}` : path;
}
