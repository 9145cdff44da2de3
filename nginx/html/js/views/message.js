/* The rows of a conversation: what a person wrote, and what an agent answers. */

import { attribute, fill, h, icon, iconButton, putOff, say } from '../dom.js';
import { agentOf, cancel, editMessage, rate, regenerate, showBranch } from '../store.js';
import { attempt, complain, copyText, toast } from '../ui.js';
import { count, t, timeOf } from '../words.js';
import { discard } from '../outbox.js';
import { honest } from '../markdown.js';
import { piecesOf, storedPieces } from '../response.js';
import { get, newKey } from '../api.js';
import { openPassage } from './passage.js';
import { saidList } from './steps.js';

/** @typedef {import('../types.js').Message} Message */
/** @typedef {import('../conversation.js').Conversation} Conversation */
/** @typedef {import('../outbox.js').Entry} Entry */

const LONG_TEXT = 1800; // characters
const LONG_LINES = 24;

/* ---- what a person wrote --------------------------------------------------------------- */

/**
 * @param {Conversation} conversation
 * @param {{edit: (text: string) => void, changed: () => void}} act
 */
export function userRow(conversation, act) {
  /** @type {Message | null} */
  let shown = null;
  const text = h('div', { class: 'bubble', dir: 'auto' });
  const note = h('div', { class: 'row-note', hidden: true });
  const more = h('button', { type: 'button', class: 'link-button bubble-more', hidden: true, 'aria-expanded': 'false', onclick: () => {
    if (!shown) return;
    if (!conversation.unfolded.delete(shown.id)) conversation.unfolded.add(shown.id);
    fold();
  } });
  /** What is long, such as a text that was pasted, takes little room until somebody wants to read it. */
  const fold = () => {
    const isLong = shown !== null && (shown.content.length > LONG_TEXT || shown.content.split('\n').length > LONG_LINES);
    const isOpen = isLong && shown !== null && conversation.unfolded.has(shown.id);
    more.hidden = !isLong;
    say(more, t(isOpen ? 'message.less' : 'message.more'));
    attribute(more, 'aria-expanded', String(isOpen));
    text.classList.toggle('folded', isLong && !isOpen);
  };
  const edit = () => shown && element.isConnected && editor(element, shown, conversation);
  const tools = h('div', { class: 'row-tools' });
  const bar = later(tools, () => {
    const copy = iconButton('copy', t('answer.copy'), () => void copyText(copy, text.textContent ?? ''));
    const pager = branchPager(() => shown, conversation);
    tools.append(pager.element, copy, iconButton('edit', t('message.edit'), edit));
    return (message) => {
      pager.update(message);
      attribute(tools, 'title', timeOf(message.created_at));
    };
  });
  const element = h('article', { class: 'row user' }, h('h2', { class: 'hidden-text' }, t('chat.you')), text, more, note, tools);

  /** @param {Message} message */
  const update = (message) => {
    shown = message;
    say(text, honest(message.content));
    fold();
    bar(message);
    note.hidden = true;
    tools.hidden = false;
    element.classList.remove('pending');
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
  return { element, update, wait, edit };
}

/**
 * What stands beside the text is not waited for: of the rows that are only passed by, it is never made.
 *
 * @param {HTMLElement} place where it will stand
 * @param {() => (message: Message) => void} make
 * @returns {(message: Message) => void} tells what is made of the message
 */
function later(place, make) {
  /** @type {((message: Message) => void) | null} */
  let update = null;
  let isDue = false;
  /** @type {Message} */
  let latest;
  return (message) => {
    latest = message;
    update?.(message);
    if (update || isDue) return;
    isDue = true;
    putOff(() => {
      isDue = false;
      if (!place.isConnected) return;
      update = make();
      update(latest);
    });
  };
}

/**
 * Write it differently: what followed stays as another branch.
 *
 * @param {HTMLElement} row
 * @param {Message} message
 * @param {Conversation} conversation
 */
function editor(row, message, conversation) {
  const key = newKey();
  const before = [...row.children];
  const box = h('textarea', { class: 'edit-box', rows: Math.min(12, message.content.split('\n').length + 1), 'aria-label': t('message.edit'), dir: 'auto' });
  box.value = message.content;
  const close = () => fill(row, before);
  const submit = async () => {
    const content = box.value.trim();
    if (!content) return;
    await attempt(async () => {
      await editMessage(message.id, content, key);
      close();
      await conversation.refresh();
    });
  };
  const form = h('form', { class: 'edit-form', onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    void submit();
  }, onkeydown: (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape') close();
    else if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) void submit();
    else return;
    event.preventDefault();
    event.stopPropagation();
  } }, box, h('div', { class: 'dialog-buttons' }, h('button', { type: 'button', class: 'button', onclick: close }, t('app.cancel')),
    h('button', { type: 'submit', class: 'button primary' }, t('compose.send'))));
  fill(row, form);
  box.focus();
}

/**
 * Which of several messages in one place is shown: ‹ 2/3 ›.
 *
 * @param {() => Message | null} message
 * @param {Conversation} conversation
 */
function branchPager(message, conversation) {
  const go = (/** @type {number} */ step) => {
    const now = message();
    const next = now?.siblings?.[now.siblings.indexOf(now.id) + step];
    if (next) void attempt(showBranch(next)).then(() => conversation.refresh());
  };
  const left = iconButton('left', t('branch.before'), () => go(-1));
  const right = iconButton('right', t('branch.after'), () => go(1));
  const text = h('span', { class: 'branch-n' });
  const element = h('div', { class: 'branches', role: 'group', 'aria-label': t('branch.label') }, left, text, right);
  /** @param {Message} now */
  const update = (now) => {
    const all = now.siblings ?? [];
    const at = all.indexOf(now.id);
    element.hidden = all.length < 2;
    left.disabled = at <= 0;
    right.disabled = at === all.length - 1;
    say(text, `${at + 1}/${all.length}`);
  };
  return { element, update };
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
  const heading = h('h2', { class: 'hidden-text' }, t('chat.answer'));
  const said = saidList((n) => message?.sources && openPassage(message.sources, n));
  const status = h('div', { class: 'row-status' });
  const sources = h('div', { class: 'row-sources' });
  const tools = h('div', { class: 'row-tools', role: 'group', 'aria-label': t('answer.tools') });
  const bar = later(tools, () => answerBar(tools, () => message, conversation));
  const element = h('article', { class: 'row answer' }, heading, said.element, status, sources, tools);
  let citations = 0;

  /** @param {Message} now @param {string} agentName @param {boolean} isLast */
  const update = (now, agentName, isLast) => {
    message = now;
    say(heading, t('chat.agent_said', { name: agentName }));
    const response = now.request_id ? conversation.responses.get(now.request_id) : undefined;
    const isOpen = now.status === 'in_progress';
    const pieces = piecesFor(now, response);
    element.classList.toggle('streaming', isOpen);
    attribute(element, 'aria-busy', isOpen ? 'true' : null);
    conversation.recall(now);
    citations = Math.max(citations, now.sources?.length ?? 0);
    said.update(pieces, !isOpen, citations);
    drawStatus(status, now, response, pieces.at(-1), conversation);
    drawSources(sources, now);
    tools.hidden = isOpen;
    tools.classList.toggle('last', isLast);
    bar(now);
  };
  return { element, update };
}

/**
 * @param {Message} message
 * @param {import('../response.js').Response | undefined} response
 * @returns {import('../response.js').Piece[]}
 */
function piecesFor(message, response) {
  if (message.steps.length > 0) return storedPieces(message, response);
  const live = response ? piecesOf(response) : [];
  const isLive = message.status === 'in_progress' || !message.content || live.some((piece) => piece.kind !== 'text');
  return isLive && live.length > 0 ? live : [{ kind: 'text', text: message.content }];
}

/**
 * @param {HTMLElement} status
 * @param {Message} message
 * @param {import('../response.js').Response | undefined} response
 * @param {import('../response.js').Piece | undefined} last
 * @param {Conversation} conversation
 */
function drawStatus(status, message, response, last, conversation) {
  const notes = [];
  if (message.status === 'in_progress') {
    const isNext = conversation.active === message;
    const isQueued = !isNext || !response || response.status === 'queued';
    if (response?.restarted || (response && [...response.items.values()].some((i) => i.dropped))) {
      notes.push(h('p', { class: 'note' }, icon('redo'), t('answer.restarted')));
    }
    const attempts = isNext && response ? response.attempt : 0;
    const state = !isNext ? 'queued' : attempts > 1 ? 'retrying' : isQueued ? 'starting' : 'thinking';
    // What thinks or works says so itself.
    const isQuiet = !last || (last.kind === 'call' ? !last.isRunning : !last.text);
    if (isQuiet) notes.push(h('p', { class: 'waiting' }, dots(), h('span', null, t(`answer.${state}`, { n: attempts })), !isNext && withdraw(message, conversation)));
  } else if (message.status === 'failed') {
    notes.push(failure(message, response, conversation));
  } else if (message.status === 'cancelled') {
    notes.push(h('p', { class: 'note' }, t('answer.cancelled')));
  } else if (message.finish_reason === 'length' || message.finish_reason === 'content_filter') {
    notes.push(h('p', { class: 'note' }, icon('warn'), t(message.finish_reason === 'length' ? 'answer.length' : 'answer.filter')));
  }
  const key = notes.map((n) => n.textContent).join('|');
  if (status.dataset.key === key) return;
  status.dataset.key = key;
  fill(status, notes);
}

const dots = () => h('span', { class: 'dots', 'aria-hidden': 'true' }, h('i'), h('i'), h('i'));

/** What waits for its turn need not be answered. @param {Message} message @param {Conversation} conversation */
const withdraw = (message, conversation) => h('button', { type: 'button', class: 'link-button', onclick: () =>
  void attempt(cancel(message.request_id ?? '')).then(() => conversation.refresh()) }, t('answer.withdraw'));

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
    h('summary', null, icon('source'), t('answer.sources', { n: list.length }), icon('chevron')),
    h('ol', null, list.map((passage, i) => h('li', null,
      h('button', { type: 'button', class: 'source-card', onclick: () => openPassage(list, passage.n ?? i + 1) },
        h('span', { class: 'source-n' }, count(passage.n ?? i + 1)),
        h('span', { class: 'source-text' }, h('strong', null, honest(passage.title || passage.url || '')),
          h('small', null, honest(passage.heading || passage.snippet || '')))))))));
}

/**
 * @param {HTMLElement} element
 * @param {() => Message | null} message
 * @param {Conversation} conversation
 */
function answerBar(element, message, conversation) {
  const copy = iconButton('copy', t('answer.copy'), () => void copyText(copy, honest(message()?.content ?? '')));
  const again = iconButton('redo', t('answer.regenerate'), () => {
    const now = message();
    if (now) void answerAgain(now, again, conversation);
  });
  const trace = h('a', { class: 'icon-button', 'aria-label': t('answer.trace'), title: t('answer.trace') }, icon('trace'));
  const vote = (/** @type {'up' | 'down'} */ rating) => iconButton(rating, t(rating === 'up' ? 'answer.good' : 'answer.bad'), () => {
    const now = message();
    if (!now) return;
    const wanted = now.feedback?.rating === rating ? null : rating;
    now.feedback = wanted && { rating: wanted, comment: null };
    update(now);
    void attempt(rate(now.id, wanted));
    if (!words.element.isConnected) element.after(words.element);
    words.ask(now);
  });
  const up = vote('up');
  const down = vote('down');
  const pager = branchPager(message, conversation);
  const words = feedbackForm();
  fill(element, pager.element, copy, up, down, again, trace);
  /** @param {Message} now */
  const update = (now) => {
    again.hidden = up.hidden = down.hidden = now.status === 'failed';
    pager.update(now);
    attribute(up, 'aria-pressed', String(now.feedback?.rating === 'up'));
    attribute(down, 'aria-pressed', String(now.feedback?.rating === 'down'));
    copy.hidden = !now.content;
    trace.hidden = !now.trace_id;
    attribute(trace, 'href', now.trace_id && `/traces/${now.trace_id}`);
  };
  return update;
}

/** Why an answer is good or bad, for whoever looks after the agent; asked for once it was judged. */
function feedbackForm() {
  /** @type {Message | null} */
  let message = null;
  const box = h('textarea', { rows: 2, maxlength: 2000, dir: 'auto' });
  const close = () => {
    element.hidden = true;
  };
  const element = h('form', { class: 'feedback', hidden: true, onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    const now = message;
    const comment = box.value.trim();
    if (!now?.feedback || !comment) return;
    const { rating } = now.feedback;
    if (!(await attempt(rate(now.id, rating, comment)))) return;
    now.feedback = { rating, comment };
    close();
    toast(t('feedback.thanks'));
  }, onkeydown: (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    close();
  } }, box, h('div', { class: 'dialog-buttons' }, h('button', { type: 'button', class: 'button', onclick: close }, t('feedback.skip')),
    h('button', { type: 'submit', class: 'button primary' }, t('feedback.send'))));
  /** @param {Message} now */
  const ask = (now) => {
    message = now;
    element.hidden = !now.feedback;
    if (!now.feedback) return;
    const label = t(now.feedback.rating === 'up' ? 'feedback.good' : 'feedback.bad');
    attribute(box, 'aria-label', label);
    attribute(box, 'placeholder', label);
    box.value = '';
    box.focus();
    element.scrollIntoView({ block: 'nearest' });
  };
  return { element, ask };
}

/** @param {string | null} id */
export const agentName = (id) => agentOf(id)?.name ?? t('compose.agent');
