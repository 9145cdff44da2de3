/*
 * Response: what the events of one response add up to. Pure: the same events, however they were
 * cut into connections, give the same response. A new attempt closes the partial item as
 * incomplete and appends a new one, so an item that ended incomplete is left out.
 */

/**
 * @typedef {object} Item
 * @property {'message' | 'reasoning' | 'function_call' | 'function_call_output' | 'other'} type
 * @property {string} text
 * @property {boolean} done
 * @property {boolean} dropped
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
    item = { type: itemType(type), text: '', done: false, dropped: false, annotations: [] };
    // What the status told stands in for the item that was being written.
    if (type === 'message' && r.snapshot !== null) {
      item.text = r.snapshot;
      r.snapshot = null;
    }
    r.items.set(index, item);
  }
  return item;
}

/** @type {Record<string, (r: Response, event: import('./live.js').LiveEvent) => void>} */
const STEPS = {
  'response.in_progress': (r) => {
    r.status = 'in_progress';
    r.attempt += 1;
  },
  'response.output_item.added': (r, e) => {
    r.snapshot = null;
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
  // Who did not see it being made has what it was made of from its end.
  if (r.items.size === 0) (e.response.output ?? []).forEach((/** @type {any} */ data, /** @type {number} */ i) => r.items.set(i, whole(data)));
}

/** @param {any} data @returns {Item} */
function whole(data) {
  const text = data.type === 'message' ? outputText([data])
    : data.type === 'reasoning' ? (data.content ?? []).map((/** @type {any} */ part) => part.text ?? '').join('') : '';
  return { type: itemType(data.type), text, done: true, dropped: data.status === 'incomplete', annotations: [], data };
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
  if (event.type === 'response.output_item.added' && [...r.items.values()].some((i) => i.dropped)) r.restarted = true;
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
  // It tells of the text only: what is known of other items stays.
  for (const [index, item] of r.items) if (item.type === 'message') r.items.delete(index);
  r.snapshot = status.partial_content ?? '';
  r.error = status.error;
  r.attempt = status.attempt;
  r.status = status.status === 'streaming' ? 'in_progress' : status.status;
  if (!isOver(r)) return;
  r.final = status.final_response ?? status.partial_content ?? '';
  // What came of the other items is in its last event.
  r.items.clear();
}

/**
 * The text of the answer as it stands. What was interrupted stays until the next attempt speaks.
 *
 * @param {Response} r
 */
export function textOf(r) {
  if (r.final !== null) return r.final;
  const messages = [...r.items.values()].filter((i) => i.type === 'message');
  const kept = messages.filter((i) => !i.dropped);
  const shown = kept.length > 0 ? kept : messages.slice(-1);
  return (r.snapshot ?? '') + joined(shown.map((i) => i.text));
}

/** @param {Response} r */
export function reasoningOf(r) {
  return [...r.items.values()].filter((i) => i.type === 'reasoning' && !i.dropped).map((i) => i.text).join('\n\n');
}

/**
 * @typedef {{index: number, name: string, given: string, result: string | null, isRunning: boolean}} Call
 */

/** The tools that were called, each with what it returned. @param {Response} r @returns {Call[]} */
export function callsOf(r) {
  const kept = [...r.items].filter(([, item]) => !item.dropped);
  const results = new Map(kept.filter(([, item]) => item.type === 'function_call_output').map(([, item]) => [item.data?.call_id, item]));
  return kept.filter(([, item]) => isCall(item)).map(([index, item]) => {
    const result = item.type === 'function_call' ? results.get(item.data?.call_id) : item;
    return {
      index,
      name: item.data?.name ?? String(item.data?.type ?? '').replace(/_call$/, '').replaceAll('_', ' '),
      given: item.text || item.data?.arguments || '',
      result: textOfResult(result?.data?.output),
      isRunning: !isOver(r) && !(result?.done ?? false),
    };
  });
}

/** Also those that run at the model's own place, such as web_search_call. @param {Item} item */
const isCall = (item) => item.type === 'function_call' || (item.type === 'other' && /^\w+_call$/.test(item.data?.type ?? ''));

/** @param {any} output @returns {string | null} */
function textOfResult(output) {
  if (output === undefined || output === null) return null;
  return typeof output === 'string' ? output : JSON.stringify(output);
}
