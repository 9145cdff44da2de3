/* All chats as one file: asked for page by page, and never in memory as one text. */

import { getReply } from '../api.js';
import { patiently } from './patience.js';

const PAGE = 100;
const WHO = { user: 'User', system: 'System', assistant: 'Assistant' };

/** @typedef {'json' | 'markdown'} Format */
/** @typedef {{role: keyof typeof WHO, content: string, shown: boolean, created_at: string}} FileMessage */
/** @typedef {{id: string, title: string, error?: string, messages: FileMessage[]}} FileChat */
/** @typedef {{blob: Blob, count: number, leftOut: string[]}} Exported leftOut: titles of what is too long for a file */

/**
 * @param {Format} format
 * @param {(chats: number) => void} told
 * @param {AbortSignal} signal
 * @returns {Promise<Exported>}
 */
export async function exportAll(format, told, signal) {
  const write = format === 'json' ? JSON.stringify : markdown;
  /* One that goes on meanwhile comes again, and then is whole. */
  /** @type {Map<string, Blob>} */
  const chats = new Map();
  /** @type {Map<string, string>} */
  const leftOut = new Map();
  for await (const chat of allChats(signal)) {
    if (chat.error) leftOut.set(chat.id, chat.title);
    else chats.set(chat.id, new Blob([write(chat)]));
    told(chats.size);
  }
  return { blob: joined(format, [...chats.values()]), count: chats.size, leftOut: [...leftOut.values()] };
}

/** @param {AbortSignal} signal @returns {AsyncGenerator<FileChat>} */
async function* allChats(signal) {
  /** @type {string | undefined} */
  let where = `/api/chats/export?limit=${PAGE}`;
  while (where) {
    const reply = await onePage(where, signal);
    yield* (await reply.json()).chats;
    where = /<([^>]+)>; rel="next"/.exec(reply.headers.get('Link') ?? '')?.[1];
  }
}

/** @param {string} where @param {AbortSignal} signal */
const onePage = (where, signal) => patiently(() => getReply(where, { signal }), signal);

/** @param {Format} format @param {Blob[]} chats */
function joined(format, chats) {
  const between = format === 'json' ? ',\n' : '\n';
  const parts = chats.flatMap((chat, i) => (i === 0 ? [chat] : [between, chat]));
  if (format === 'markdown') return new Blob(parts, { type: 'text/markdown' });
  return new Blob(['{"format":"offstage","version":1,"chats":[\n', ...parts, '\n]}\n'], { type: 'application/json' });
}

/** As the server writes one chat. @param {FileChat} chat */
function markdown(chat) {
  const shown = chat.messages.filter((message) => message.shown);
  return `# ${chat.title}\n${shown.map((m) => `\n## ${WHO[m.role]}, ${m.created_at}\n\n${m.content}\n`).join('')}`;
}
