/*
 * Response: what the events of one response add up to. Pure: the same events, however they were
 * cut into connections, give the same response. A new attempt appends items of its own, and what
 * those before it said is left out once it speaks.
 */

/**
 * @typedef {object} Item
 * @property {'message' | 'reasoning' | 'function_call' | 'function_call_output' | 'other'} type
 * @property {string} text
 * @property {boolean} done
 * @property {boolean} dropped
 * @property {number} attempt that it came of
 * @property {any[]} annotations
 * @property {any} [data]
 *
 * @typedef {object} Response
 * @property {number} seq
 * @property {'queued' | 'in_progress' | 'completed' | 'failed' | 'cancelled'} status
 * @property {Map<number, Item>} items
 * @property {string | null} snapshot text up to `seq`, when it came from the status and not by events
 * @property {string | null} final
 * @property {boolean} restarted
 * @property {number} attempt
 * @property {{code?: string, message?: string} | null} error
 * @property {import('./types.js').Passage[]} passages
 * @property {boolean} spoken it was told of to the end, by voice
 */

/** @returns {Response} */
export function newResponse() {
  return {
    seq: -1, status: 'queued', items: new Map(), snapshot: null, final: null, restarted: false, attempt: 0, error: null,
    passages: [], spoken: false,
  };
}

/** @param {Response} r */
export const isOver = (r) => r.status !== 'queued' && r.status !== 'in_progress';

/** @param {string | undefined} type @returns {Item['type']} */
const itemType = (type) =>
  type === 'message' || type === 'reasoning' || type === 'function_call' || type === 'function_call_output' ? type : 'other';

/**
 * @param {Response} r
 * @param {number} index
 * @param {string} type
 * @returns {Item}
 */
function itemAt(r, index, type) {
  let item = r.items.get(index);
  if (!item) {
    item = { type: itemType(type), text: '', done: false, dropped: false, attempt: r.attempt, annotations: [] };
    // What the status told stands in for the item that was being written.
    if (type === 'message' && r.snapshot !== null) {
      item.text = r.snapshot;
      r.snapshot = null;
    }
    r.items.set(index, item);
  }
  return item;
}

/** What the status told is followed by other items: it becomes one. @param {Response} r */
function settle(r) {
  if (r.snapshot) r.items.set(-1 - r.items.size, { type: 'message', text: r.snapshot, done: true, dropped: false, attempt: r.attempt, annotations: [] });
  r.snapshot = null;
}

/** @type {Record<string, (r: Response, event: import('./live.js').LiveEvent) => void>} */
const STEPS = {
  'response.in_progress': (r) => {
    settle(r);
    r.status = 'in_progress';
    r.attempt += 1;
  },
  'response.output_item.added': (r, e) => {
    settle(r);
    const item = itemAt(r, e.output_index, e.item.type);
    item.data = e.item;
  },
  'response.output_text.delta': (r, e) => {
    itemAt(r, e.output_index, 'message').text += e.delta;
  },
  'response.reasoning_text.delta': (r, e) => {
    itemAt(r, e.output_index, 'reasoning').text += e.delta;
  },
  'response.function_call_arguments.delta': (r, e) => {
    itemAt(r, e.output_index, 'function_call').text += e.delta;
  },
  'response.output_text.annotation.added': (r, e) => {
    itemAt(r, e.output_index, 'message').annotations.push(e.annotation);
  },
  'response.output_item.done': (r, e) => {
    const item = itemAt(r, e.output_index, e.item.type);
    item.done = true;
    item.data = e.item;
    item.dropped = e.item.status === 'incomplete';
    if (e.item.type === 'message' && !item.dropped) item.text = outputText([e.item]);
  },
  'response.completed': (r, e) => end(r, e, 'completed'),
  'response.failed': (r, e) => end(r, e, 'failed'),
  'response.incomplete': (r, e) => end(r, e, e.response.status === 'cancelled' ? 'cancelled' : 'completed'),
};

/**
 * @param {Response} r
 * @param {import('./live.js').LiveEvent} e
 * @param {Response['status']} status
 */
function end(r, e, status) {
  r.status = status;
  r.error = e.response.error ?? null;
  r.final = outputText(e.response.output ?? []);
  // Also what was not seen being made.
  r.items = new Map((e.response.output ?? []).map((/** @type {any} */ data, /** @type {number} */ i) => [i, whole(data, r.attempt)]));
}

/** @param {any} data @param {number} attempt @returns {Item} */
function whole(data, attempt) {
  const text = data.type === 'message' ? outputText([data])
    : data.type === 'reasoning' ? (data.content ?? []).map((/** @type {any} */ part) => part.text ?? '').join('') : '';
  return { type: itemType(data.type), text, done: true, dropped: data.status === 'incomplete', attempt, annotations: [], data };
}

/** What is said before and after a tool is called is apart, as in the message that is stored. @param {string[]} texts */
const joined = (texts) => texts.filter(Boolean).join('\n\n');

/** @param {any[]} output */
function outputText(output) {
  return joined(output.filter((item) => item.type === 'message').map((item) => (item.content ?? [])
    .filter((/** @type {any} */ part) => part.type === 'output_text' || part.type === 'refusal')
    .map((/** @type {any} */ part) => part.text ?? part.refusal ?? '').join('')));
}

/**
 * Take one event; those that were taken before change nothing.
 *
 * @param {Response} r
 * @param {import('./live.js').LiveEvent} event
 * @returns {boolean} whether anything changed
 */
export function take(r, event) {
  if (event.sequence_number <= r.seq || isOver(r)) return false;
  r.seq = event.sequence_number;
  // A restart shows when the attempt after it begins to speak.
  if (event.type === 'response.output_item.added' && [...r.items.values()].some((i) => i.attempt < r.attempt)) r.restarted = true;
  STEPS[event.type]?.(r, event);
  return true;
}

/**
 * Take a status in the place of events.
 *
 * @param {Response} r
 * @param {import('./types.js').Request} status
 */
export function takeStatus(r, status) {
  if (status.sequence_number < r.seq) return;
  r.seq = status.sequence_number;
  // It tells of the newest text only: what is known of other items stays.
  for (const [index, item] of r.items) if (item.attempt < status.attempt) r.items.delete(index);
  const [index, last] = [...r.items].findLast(([, item]) => item.type === 'message') ?? [];
  r.snapshot = status.partial_content ?? '';
  if (last?.done && last.text === r.snapshot) r.snapshot = '';
  else if (index !== undefined && last && !last.done) r.items.delete(index);
  r.error = status.error;
  r.attempt = status.attempt;
  r.status = status.status === 'streaming' ? 'in_progress' : status.status;
  if (!isOver(r)) return;
  r.final = status.final_response ?? status.partial_content ?? '';
  // What came of the other items is in its last event.
  r.items.clear();
}

/** What was interrupted stays until the next attempt speaks. @param {Response} r */
function shown(r) {
  const items = [...r.items.values()];
  const last = Math.max(0, ...items.map((item) => item.attempt));
  return items.filter((item) => item.attempt === last);
}

/**
 * The text of the answer as it stands.
 *
 * @param {Response} r
 */
export function textOf(r) {
  if (r.final !== null) return r.final;
  return joined([...shown(r).filter((i) => i.type === 'message').map((i) => i.text), r.snapshot ?? '']);
}

/**
 * What an answer is made of, in the order in which it came about.
 *
 * @typedef {{kind: 'text' | 'thoughts', text: string}} Words
 * @typedef {{kind: 'call', name: string, given: string, result: string | null, isRunning: boolean}} Call with what it returned
 * @typedef {Words | Call} Piece
 */

/** @param {Response} r @returns {Piece[]} */
export function piecesOf(r) {
  /** @type {Piece[]} */
  const pieces = [];
  const items = shown(r);
  const results = new Map(items.filter((item) => item.type === 'function_call_output').map((item) => [item.data?.call_id, item]));
  const say = (/** @type {string} */ text) => {
    const last = pieces.at(-1);
    if (last?.kind === 'text') last.text = joined([last.text, text]);
    else if (text) pieces.push({ kind: 'text', text });
  };
  for (const item of items) {
    if (item.type === 'message') say(item.text);
    else if (item.type === 'reasoning' && item.text) pieces.push({ kind: 'thoughts', text: item.text });
    else if (isCall(item)) pieces.push(callOf(item, results, !isOver(r)));
  }
  say(r.snapshot ?? '');
  return pieces;
}

/**
 * Of an answer that was stored: its text, cut where something else came about, of which the
 * response tells more once it is there.
 *
 * @param {import('./types.js').Message} message
 * @param {Response | undefined} response
 * @returns {Piece[]}
 */
export function storedPieces(message, response) {
  const known = (response ? piecesOf(response) : []).filter((piece) => piece.kind !== 'text');
  /** @type {Piece[]} */
  const pieces = [];
  let [from, at] = [0, 0]; // of the text: in code units, and in the characters that the server counts
  const say = (/** @type {number} */ to) => {
    // An answer that failed may show less than it said: that is not cut within a sentence.
    if (to < message.content.length && !message.content.startsWith('\n\n', to)) return;
    const text = message.content.slice(from, to).replace(/^\n\n/, '');
    if (text) pieces.push({ kind: 'text', text });
    from = to;
  };
  message.steps.forEach((step, i) => {
    let to = from;
    for (; at < step.at; at++) to += (message.content.codePointAt(to) ?? 0) > 0xffff ? 2 : 1;
    say(to);
    if (step.type === 'reasoning') pieces.push(known[i]?.kind === 'thoughts' ? known[i] : { kind: 'thoughts', text: '' });
    else pieces.push(known[i]?.kind === 'call' ? known[i] : { kind: 'call', name: step.name ?? spoken(step.type), given: '', result: null, isRunning: false });
  });
  say(message.content.length);
  return pieces;
}

/**
 * @param {Item} item
 * @param {Map<any, Item>} results by call
 * @param {boolean} mayRun
 * @returns {Call}
 */
function callOf(item, results, mayRun) {
  const result = item.type === 'function_call' ? results.get(item.data?.call_id) : item;
  return {
    kind: 'call',
    name: item.data?.name ?? spoken(item.data?.type ?? ''),
    given: item.text || item.data?.arguments || '',
    result: textOfResult(result?.data?.output),
    isRunning: mayRun && !(result?.done ?? false),
  };
}

/** @param {string} type of what has no name */
const spoken = (type) => type.replace(/_call$/, '').replaceAll('_', ' ');

/** Also those that run at the model's own place, such as web_search_call. @param {Item} item */
const isCall = (item) => item.type === 'function_call' || (item.type === 'other' && /^\w+_call$/.test(item.data?.type ?? ''));

/** @param {any} output @returns {string | null} */
function textOfResult(output) {
  if (output === undefined || output === null) return null;
  return typeof output === 'string' ? output : JSON.stringify(output);
}
