/* The rows of a conversation: what a person wrote, and what an agent answers. */

import { attribute, fill, h, icon, iconButton, say } from '../dom.js';
import { agentOf, regenerate } from '../store.js';
import { complain, copyText } from '../ui.js';
import { count, t, timeOf } from '../words.js';
import { discard } from '../outbox.js';
import { honest, Markdown } from '../markdown.js';
import { isOver, reasoningOf, textOf, toolsOf } from '../response.js';
import { get, newKey } from '../api.js';
import { openPassage } from './passage.js';

/** @typedef {import('../types.js').Message} Message */
/** @typedef {import('../conversation.js').Conversation} Conversation */
/** @typedef {import('../outbox.js').Entry} Entry */

/* ---- what a person wrote --------------------------------------------------------------- */

/** @param {{edit: (text: string) => void, changed: () => void}} act */
export function userRow(act) {
  const text = h('div', { class: 'bubble', dir: 'auto' });
  const note = h('div', { class: 'row-note', hidden: true });
  const copy = iconButton('copy', t('answer.copy'), () => void copyText(copy, text.textContent ?? ''));
  const tools = h('div', { class: 'row-tools' }, copy);
  const element = h('article', { class: 'row user' }, h('h3', { class: 'hidden-text' }, t('chat.you')), text, note, tools);

  /** @param {Message} message */
  const update = (message) => {
    say(text, honest(message.content));
    note.hidden = true;
    tools.hidden = false;
    element.classList.remove('pending');
    attribute(tools, 'title', timeOf(message.created_at));
  };
  /** @param {Entry} entry @param {boolean} isSent */
  const wait = (entry, isSent) => {
    say(text, honest(entry.text));
    element.classList.toggle('pending', !isSent);
    tools.hidden = true;
    note.hidden = isSent;
    if (entry.refused) fill(note, ...refused(entry, act));
    else say(note, t(navigator.onLine ? 'message.pending' : 'message.waiting'));
  };
  return { element, update, wait };
}

/** @param {Entry} entry @param {{edit: (text: string) => void, changed: () => void}} act */
function refused(entry, act) {
  const drop = () => {
    discard(entry.key);
    act.changed();
  };
  return [
    h('span', { class: 'fault' }, t('message.refused', { why: entry.refused ?? '' })),
    h('button', { type: 'button', class: 'link-button', onclick: () => {
      drop();
      act.edit(entry.text);
    } }, t('message.edit')),
    h('button', { type: 'button', class: 'link-button', onclick: drop }, t('message.discard')),
  ];
}

/* ---- what an agent answers --------------------------------------------------------------- */

/** @param {Conversation} conversation */
export function answerRow(conversation) {
  /** @type {Message | null} */
  let message = null;
  const heading = h('h3', { class: 'hidden-text' }, t('chat.answer'));
  const thoughts = thoughtBox();
  const tools = h('div', { class: 'tool-calls' });
  const markdown = new Markdown({ onCitation: (n) => message?.sources && openPassage(message.sources, n) });
  const status = h('div', { class: 'row-status' });
  const sources = h('div', { class: 'row-sources' });
  const bar = answerBar(() => message, conversation, () => markdown.text);
  const element = h('article', { class: 'row answer' }, heading, thoughts.element, tools, markdown.element, status, sources, bar.element);
  let citations = 0;

  /** @param {Message} now @param {string} agentName @param {boolean} isLast */
  const update = (now, agentName, isLast) => {
    message = now;
    say(heading, t('chat.agent_said', { name: agentName }));
    const response = now.request_id ? conversation.responses.get(now.request_id) : undefined;
    const isOpen = now.status === 'in_progress';
    const text = response && (isOpen || !now.content) ? textOf(response) || now.content : now.content;
    element.classList.toggle('streaming', isOpen);
    attribute(element, 'aria-busy', isOpen ? 'true' : null);
    thoughts.update(response ? reasoningOf(response) : '', isOpen && !text);
    fill(tools, response ? toolsOf(response).map(toolCall) : []);
    markdown.update(text, !isOpen);
    citations = Math.max(citations, now.sources?.length ?? 0);
    markdown.cite(citations);
    drawStatus(status, now, response, text, conversation);
    drawSources(sources, now);
    bar.update(now, isLast);
  };
  return { element, update };
}

function thoughtBox() {
  const text = new Markdown();
  const label = h('span');
  const element = h('details', { class: 'thoughts', hidden: true }, h('summary', null, icon('spark'), label), text.element);
  /** @param {string} reasoning @param {boolean} isThinking */
  const update = (reasoning, isThinking) => {
    element.hidden = !reasoning;
    say(label, t(isThinking ? 'answer.thinking' : 'answer.thought'));
    element.classList.toggle('active', isThinking);
    if (reasoning) text.update(reasoning, false);
  };
  return { element, update };
}

/** @param {import('../response.js').Item} item */
function toolCall(item) {
  const name = honest(item.data?.name ?? item.data?.call_id ?? '');
  return h('details', { class: 'tool-call' }, h('summary', null, icon('tool'), t('answer.tool', { name })),
    h('pre', { class: 'plain' }, honest(item.text || item.data?.arguments || item.data?.output || '')));
}

/**
 * @param {HTMLElement} status
 * @param {Message} message
 * @param {import('../response.js').Response | undefined} response
 * @param {string} text
 * @param {Conversation} conversation
 */
function drawStatus(status, message, response, text, conversation) {
  const notes = [];
  if (message.status === 'in_progress') {
    const isNext = conversation.active === message;
    const isQueued = !isNext || !response || response.status === 'queued';
    if (response?.restarted || (response && [...response.items.values()].some((i) => i.dropped))) {
      notes.push(h('p', { class: 'note' }, icon('redo'), t('answer.restarted')));
    }
    if (!text) notes.push(h('p', { class: 'waiting' }, dots(), h('span', null, t(!isNext ? 'answer.queued' : isQueued ? 'answer.starting' : 'answer.thinking'))));
  } else if (message.status === 'failed') {
    notes.push(failure(message, response, conversation));
  } else if (message.status === 'cancelled') {
    notes.push(h('p', { class: 'note' }, t('answer.cancelled')));
  } else if (response && isOver(response) && response.reason) {
    notes.push(h('p', { class: 'note' }, icon('warn'), t(response.reason === 'content_filter' ? 'answer.filter' : 'answer.length')));
  }
  const key = notes.map((n) => n.textContent).join('|');
  if (status.dataset.key === key) return;
  status.dataset.key = key;
  fill(status, notes);
}

const dots = () => h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'));

/**
 * @param {Message} message
 * @param {import('../response.js').Response | undefined} response
 * @param {Conversation} conversation
 */
function failure(message, response, conversation) {
  const why = h('span', { class: 'why' }, honest(response?.error?.message ?? ''));
  if (!response?.error && message.request_id) {
    void get(`/api/requests/${message.request_id}`).then((r) => say(why, honest(r.error?.message ?? '')), () => {});
  }
  const again = h('button', { type: 'button', class: 'button', onclick: () => void answerAgain(message, again, conversation) },
    icon('redo'), t('app.retry'));
  return h('div', { class: 'failure', role: 'alert' }, icon('warn'),
    h('div', null, h('strong', null, t('answer.failed')), ' ', why), again);
}

/**
 * @param {Message} message
 * @param {HTMLButtonElement} button
 * @param {Conversation} conversation
 */
async function answerAgain(message, button, conversation) {
  button.disabled = true;
  try {
    await regenerate(message.id, newKey());
    await conversation.refresh();
  } catch (fault) {
    complain(fault);
  } finally {
    button.disabled = false;
  }
}

/**
 * @param {HTMLElement} element
 * @param {Message} message
 */
function drawSources(element, message) {
  const list = message.sources ?? [];
  const key = `${message.id}:${list.length}`;
  if (element.dataset.key === key) return;
  element.dataset.key = key;
  fill(element, list.length > 0 && h('details', { class: 'sources' },
    h('summary', null, icon('source'), t('answer.sources', { n: list.length })),
    h('ol', null, list.map((passage, i) => h('li', null,
      h('button', { type: 'button', class: 'source-card', onclick: () => openPassage(list, passage.n ?? i + 1) },
        h('span', { class: 'source-n' }, count(passage.n ?? i + 1)),
        h('span', { class: 'source-text' }, h('strong', null, honest(passage.title || passage.url || '')),
          h('small', null, honest(passage.heading || passage.snippet || '')))))))));
}

/**
 * @param {() => Message | null} message
 * @param {Conversation} conversation
 * @param {() => string} text
 */
function answerBar(message, conversation, text) {
  const copy = iconButton('copy', t('answer.copy'), () => void copyText(copy, text()));
  const again = iconButton('redo', t('answer.regenerate'), () => {
    const now = message();
    if (now) void answerAgain(now, again, conversation);
  });
  const trace = h('a', { class: 'icon-button', 'aria-label': t('answer.trace'), title: t('answer.trace') }, icon('trace'));
  const element = h('div', { class: 'row-tools', role: 'group' }, copy, again, trace);
  /** @param {Message} now @param {boolean} isLast */
  const update = (now, isLast) => {
    element.hidden = now.status === 'in_progress';
    again.hidden = now.status === 'failed';
    copy.hidden = !now.content;
    trace.hidden = !now.trace_id;
    attribute(trace, 'href', now.trace_id && `/traces/${now.trace_id}`);
    element.classList.toggle('last', isLast);
  };
  return { element, update };
}

/** @param {string | null} id */
export const agentName = (id) => agentOf(id)?.name ?? t('compose.agent');
