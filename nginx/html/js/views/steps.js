/* What an agent did before and between its words: what it thought, and the tools that it called. */

import { fill, h, icon, say } from '../dom.js';
import { honest, Markdown } from '../markdown.js';
import { callsOf, reasoningOf } from '../response.js';
import { t } from '../words.js';

/** @typedef {import('../response.js').Response} Response */
/** @typedef {import('../response.js').Call} Call */

const PREVIEW = 80; // characters
const SHOWN = 20_000; // characters

/** The steps of one answer. What was opened stays open while more of them come. */
export function stepList() {
  /** @type {ReturnType<typeof thoughtBox> | null} */
  let thoughts = null;
  const element = h('div', { class: 'steps' });
  const list = h('div', { class: 'tool-calls' });
  /** @type {Map<number, ReturnType<typeof callBox>>} */
  const boxes = new Map();
  /** @param {Response | undefined} response @param {boolean} isThinking */
  const update = (response, isThinking) => {
    const reasoning = response ? reasoningOf(response) : '';
    const calls = response ? callsOf(response) : [];
    if (reasoning) thoughts ??= thoughtBox();
    thoughts?.update(reasoning, isThinking);
    fill(element, thoughts?.element, calls.length > 0 && list);
    fill(list, calls.map((call) => {
      const box = boxes.get(call.index) ?? callBox();
      boxes.set(call.index, box);
      box.update(call);
      return box.element;
    }));
  };
  return { element, update };
}

function thoughtBox() {
  const text = new Markdown();
  const label = h('span');
  const element = h('details', { class: 'thoughts', hidden: true }, h('summary', null, icon('spark'), label, icon('chevron')), text.element);
  /** @param {string} reasoning @param {boolean} isThinking */
  const update = (reasoning, isThinking) => {
    element.hidden = !reasoning;
    say(label, t(isThinking ? 'answer.thinking' : 'answer.thought'));
    element.classList.toggle('active', isThinking);
    if (reasoning) text.update(reasoning, !isThinking);
  };
  return { element, update };
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
  };
  return { element, update };
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
