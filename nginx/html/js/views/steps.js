/* What an agent said, and between its words what it thought and which tools it called. */

import { fill, h, icon, say } from '../dom.js';
import { honest, Markdown } from '../markdown.js';
import { t } from '../words.js';

/** @typedef {import('../response.js').Piece} Piece */
/** @typedef {import('../response.js').Call} Call */

const PREVIEW = 80; // characters
const SHOWN = 20_000; // characters

/**
 * The pieces of one answer. What was opened stays open while more of them come.
 *
 * @param {(n: number) => void} onCitation
 */
export function saidList(onCitation) {
  const element = h('div', { class: 'said' });
  /* Each is known by its kind and its place among those: so it stays, however much of the answer is known yet. */
  /** @type {Map<string, ReturnType<typeof textBox> | ReturnType<typeof thoughtBox> | ReturnType<typeof callBox>>} */
  const boxes = new Map();
  /** @template {() => any} T @param {string} key @param {T} make @returns {ReturnType<T>} */
  const boxOf = (key, make) => {
    const box = boxes.get(key) ?? make();
    boxes.set(key, box);
    return /** @type {ReturnType<T>} */ (box);
  };
  /** @param {Piece[]} pieces @param {boolean} isOver @param {number} citations */
  const update = (pieces, isOver, citations) => {
    const counts = { text: 0, thoughts: 0, call: 0 };
    fill(element, pieces.map((piece, i) => {
      const key = `${piece.kind} ${counts[piece.kind]++}`;
      const isActive = !isOver && i === pieces.length - 1;
      if (piece.kind === 'call') return boxOf(key, callBox).update(piece);
      if (piece.kind === 'thoughts') return boxOf(key, thoughtBox).update(piece.text, isActive);
      return boxOf(key, () => textBox(onCitation)).update(piece.text, !isActive, citations);
    }));
  };
  return { element, update };
}

/** @param {(n: number) => void} onCitation */
function textBox(onCitation) {
  const markdown = new Markdown({ onCitation });
  /** @param {string} text @param {boolean} isOver @param {number} citations */
  const update = (text, isOver, citations) => {
    markdown.cite(citations);
    markdown.update(text, isOver);
    return markdown.element;
  };
  return { update };
}

function thoughtBox() {
  const text = new Markdown();
  const label = h('span');
  const element = h('details', { class: 'thoughts' }, h('summary', null, icon('spark'), label, icon('chevron')), text.element);
  /** @param {string} reasoning @param {boolean} isThinking */
  const update = (reasoning, isThinking) => {
    say(label, t(isThinking ? 'answer.thinking' : 'answer.thought'));
    element.classList.toggle('active', isThinking);
    text.update(reasoning, !isThinking);
    return element;
  };
  return { update };
}

function callBox() {
  const label = h('span', { class: 'tool-name' });
  const preview = h('span', { class: 'tool-preview', dir: 'auto' });
  const given = part('answer.tool_given');
  const result = part('answer.tool_result');
  const tool = icon('tool');
  const warn = icon('warn');
  const element = h('details', { class: 'tool-call' }, h('summary', null, tool, label, preview, icon('chevron')), given.element, result.element);
  /** @param {Call} call */
  const update = (call) => {
    const isBad = call.result?.startsWith('Error: ') ?? false;
    say(label, t(call.isRunning ? 'answer.tool_running' : isBad ? 'answer.tool_failed' : 'answer.tool', { name: honest(call.name) }));
    say(preview, honest(call.given.replace(/\s+/g, ' ').slice(0, PREVIEW)));
    element.classList.toggle('active', call.isRunning);
    element.classList.toggle('bad', isBad);
    element.querySelector('summary > .icon')?.replaceWith(isBad ? warn : tool);
    given.update(call.given);
    result.update(call.result ?? '');
    return element;
  };
  return { update };
}

/** @param {string} name */
function part(name) {
  const text = h('pre', { class: 'plain', tabindex: '0', dir: 'auto', role: 'group', 'aria-label': t(name) });
  const element = h('div', { class: 'tool-part' }, h('p', { class: 'label', 'aria-hidden': 'true' }, t(name)), text);
  let shown = '';
  /** @param {string} now */
  const update = (now) => {
    element.hidden = !now;
    if (now === shown) return;
    shown = now;
    say(text, honest(readable(now)));
  };
  return { element, update };
}

/** JSON on lines of its own; of what is very long, the beginning. @param {string} text */
function readable(text) {
  if (text.length > SHOWN) return `${text.slice(0, SHOWN)}…`;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
