/* A conversation, and the page that begins one. */

import { agentOf, cancel, loadChat, markRead, on, state, tell, usualAgent } from '../store.js';
import { announce, announcer, attempt, copyText } from '../ui.js';
import { answerRow, agentName, userRow } from './message.js';
import { composer } from './composer.js';
import { conversationOf } from '../conversation.js';
import { fill, h, icon, iconButton, say } from '../dom.js';
import { go } from '../router.js';
import { isNew, newPlace, send as post } from '../outbox.js';
import { isOver, textOf } from '../response.js';
import { Log } from './log.js';
import { archiveChat, rename } from './chat_menu.js';
import { t } from '../words.js';

/** @typedef {import('../types.js').Message} Message */

const CHARACTERS_A_LINE = 75;
const LINE_PX = 28;
const FOLDED_PX = 330; // what a long question takes

/** The one page of conversations; showing another chat changes what it shows. */
export function chatPage() {
  let place = '';
  let conversation = conversationOf('new:');
  /** @type {string | null} */
  let picked = null;
  /** @type {(() => void)[]} */
  let subscriptions = [];

  const chat = () => state.chats.get(place) ?? null;
  const agentId = () => picked ?? (isNew(place) ? usualAgent()?.id ?? null : chat()?.agent_id ?? usualAgent()?.id ?? null);
  const log = new Log({ label: t('chat.log'), top: () => void older(), moved: () => {
    latest.hidden = log.isAtEnd || specs.length === 0;
  } });
  /** @type {import('./log.js').Spec[]} */
  let specs = [];
  const latest = iconButton('down_to', t('chat.latest'), () => {
    wanted = null;
    log.toEnd();
  }, { class: 'latest', hidden: true });
  const title = h('button', { type: 'button', class: 'page-title', onclick: () => {
    const now = chat();
    if (now) void rename(now);
  } });
  const unnamed = h('span', { class: 'hidden-text' }, t('side.new'));
  const heading = h('span', null, title, unnamed);
  const welcome = h('div', { class: 'welcome' });
  const notice = h('div', { class: 'page-notice' });
  const compose = composer({
    place: () => place,
    agentId,
    pick: (id) => {
      picked = id;
      draw();
    },
    send: (text) => {
      post(place, agentId(), text);
      picked = null;
      wanted = null;
      log.sticks = true;
      draw();
    },
    stop: () => stop(),
    isRunning: () => Boolean(conversation.active),
    isStopping: () => stopping === conversation.active?.request_id && stopping !== null,
    editLast: () => {
      const last = conversation.messages.findLast((m) => m.role === 'user');
      if (last) log.rowOf(conversation.rowOf(last))?.edit?.();
    },
  });
  const element = h('div', { class: 'chat-page' }, log.element, welcome,
    h('div', { class: 'compose-area' }, latest, notice, compose.element));

  /** @type {string | null} */
  let stopping = null;
  const stop = () => {
    const id = conversation.active?.request_id;
    const here = conversation;
    if (!id || id === stopping) return;
    stopping = id;
    compose.draw();
    void attempt(cancel(id)).then(() => here.refresh()).finally(() => {
      if (stopping === id) stopping = null;
      compose.draw();
    });
  };
  /** @type {import('./log.js').Reader | null} where this chat was left, until it is there again */
  let wanted = null;
  const goBack = () => {
    if (!wanted || !conversation.loaded) return;
    const { key, offset } = wanted;
    if (!conversation.older || conversation.messages.some((m) => m.id === key)) {
      wanted = null;
      log.goTo({ key: conversation.rows.get(key) ?? key, offset });
    } else {
      void older();
    }
  };
  const older = async () => {
    if (conversation.older && conversation.loaded) await conversation.loadOlder().catch(() => {});
  };

  /* ---- drawing ------------------------------------------------------------------------ */

  const specOf = (/** @type {Message} */ message) => ({
    key: conversation.rowOf(message),
    guess: Math.min(message.role === 'user' ? FOLDED_PX : Infinity, Math.max(2, Math.ceil(message.content.length / CHARACTERS_A_LINE)) * LINE_PX + 48),
    keep: message.status === 'in_progress',
    make: () => (message.role === 'user' ? makeUser(message.id) : makeAnswer(message.id)),
  });
  const find = (/** @type {string} */ id) => conversation.messages.find((m) => m.id === id);
  const makeUser = (/** @type {string} */ id) => {
    const row = userRow(conversation, { edit: compose.write, changed: draw });
    return { element: row.element, edit: row.edit, draw: () => {
      const message = find(id);
      if (message) row.update(message);
    } };
  };
  const makeAnswer = (/** @type {string} */ id) => {
    const row = answerRow(conversation);
    return { element: row.element, draw: () => {
      const message = find(id);
      if (message) row.update(message, agentName(chat()?.agent_id ?? agentId()), conversation.messages.at(-1) === message);
    } };
  };
  const makeWaiting = (/** @type {import('../outbox.js').Entry} */ entry) => {
    const row = userRow(conversation, { edit: compose.write, changed: draw });
    return { element: row.element, edit: row.edit, draw: () => {
      const message = conversation.messages.find((m) => conversation.rows.get(m.id) === entry.key);
      const now = conversation.waiting.find((e) => e.key === entry.key);
      if (message) row.update(message);
      else if (now) row.wait(now, conversation.sent.includes(now));
    } };
  };

  const drawLog = () => {
    specs = conversation.messages.filter((m) => m.role !== 'system').map(specOf);
    for (const entry of conversation.waiting) {
      specs.push({ key: entry.key, guess: 80, keep: true, make: () => makeWaiting(entry) });
    }
    log.show(specs);
    const isMissing = conversation.fault?.status === 404;
    const isEmpty = specs.length === 0 && (conversation.loaded || conversation.fault !== null);
    welcome.hidden = !isEmpty && !isMissing;
    element.classList.toggle('empty', !welcome.hidden);
    element.classList.toggle('missing', isMissing);
    if (!welcome.hidden) drawWelcome(welcome, conversation, agentId(), compose.write);
  };
  const drawTitle = () => {
    say(title, chat()?.title || (isNew(place) || conversation.fault?.status === 404 ? '' : t('chat.untitled')));
    title.hidden = !title.textContent;
    unnamed.hidden = !title.hidden;
  };
  const drawNotice = () => {
    const now = isNew(place) ? null : chat();
    const key = !now ? '' : now.archived ? 'archived' : !now.agent_id && !picked ? 'agent' : '';
    if (notice.dataset.key === key) return;
    notice.dataset.key = key;
    fill(notice, key === 'agent' && h('p', { class: 'note' }, t('chat.agent_gone')),
      key === 'archived' && now && h('p', { class: 'note' }, icon('archive'), t('chat.in_archive'), ' ',
        h('button', { type: 'button', class: 'link-button', onclick: () => void attempt(archiveChat(now, false)) }, t('chat.unarchive'))));
  };
  const draw = () => {
    drawLog();
    compose.draw();
    drawTitle();
    drawNotice();
  };
  const drawSome = frame(() => {
    for (const message of conversation.messages) {
      if (message.status === 'in_progress') log.redraw(conversation.rowOf(message));
    }
  });
  const listen = () => {
    subscriptions.forEach((end) => end());
    subscriptions = [
      on(conversation.topic, (requestId) => {
        if (requestId) {
          drawSome();
          speak(requestId);
        } else {
          draw();
          goBack();
          seen();
        }
      }),
      on(`moved:${place}`, (id) => {
        place = id;
        go(`/c/${id}`, { replace: true, quiet: true });
        void loadChat(id);
        listen();
        tell('place');
      }),
      on(`gone:${place}`, () => go('/')),
      on('chats', () => {
        drawTitle();
        drawNotice();
        seen();
      }),
      on('net', drawLog),
    ];
  };
  const seen = () => {
    if (document.visibilityState === 'visible' && !isNew(place) && element.isConnected) void markRead(place);
  };
  const speak = speaker(() => conversation);
  document.addEventListener('visibilitychange', seen);
  element.addEventListener('click', copyCode);
  on('agents', () => element.isConnected && draw());

  /** @param {string | null} id null: a new chat */
  const show = (id) => {
    leave();
    place = id ?? newPlace();
    picked = null;
    conversation = conversationOf(place);
    log.clear();
    listen();
    if (id && !state.chats.has(id)) void loadChat(id);
    conversation.open();
    compose.load();
    draw();
    wanted = conversation.reader;
    goBack();
    seen();
    if (matchMedia('(hover: hover)').matches) compose.box.focus();
  };
  const remember = () => {
    if (conversation.isOpen && conversation.loaded && !wanted && !isNew(place)) conversation.readAt(log.reader());
  };
  window.addEventListener('pagehide', remember);
  const leave = () => {
    remember();
    conversation.leave();
  };
  const hide = () => {
    leave();
    subscriptions.forEach((end) => end());
    subscriptions = [];
  };
  return { element, title: heading, show, hide, stop, focus: () => compose.box.focus(), conversation: () => conversation,
    current: () => (isNew(place) ? null : place) };
}

/** Once a frame at most, and in a hidden tab now and then. @param {() => void} act */
function frame(act) {
  let isDue = false;
  const run = () => {
    isDue = false;
    act();
  };
  return () => {
    if (isDue) return;
    isDue = true;
    if (document.visibilityState === 'visible') requestAnimationFrame(run);
    else setTimeout(run, 500);
  };
}

/**
 * @param {HTMLElement} element
 * @param {import('../conversation.js').Conversation} conversation
 * @param {string | null} agentId
 * @param {(text: string) => void} write
 */
function drawWelcome(element, conversation, agentId, write) {
  if (conversation.fault) {
    const isMissing = conversation.fault.status === 404;
    fill(element, h('h2', null, isMissing ? t('app.not_found') : conversation.fault.message),
      h('p', { class: 'quiet' }, isMissing ? t('app.not_found_hint') : ''),
      isMissing ? h('a', { class: 'button', href: '/' }, t('side.new'))
        : h('button', { type: 'button', class: 'button', onclick: () => void conversation.refresh() }, t('app.retry')));
    return;
  }
  const agent = agentOf(agentId);
  if (!agent) {
    fill(element, h('h2', null, t('chat.no_agent')), h('p', { class: 'quiet' }, t('chat.no_agent_hint')),
      h('a', { class: 'button primary', href: '/agents/new' }, icon('plus'), t('chat.make_agent')));
    return;
  }
  fill(element, h('h2', null, t('chat.greeting', { name: state.me?.name.split(' ')[0] ?? '' })),
    agent.description && h('p', { class: 'quiet' }, agent.description),
    h('div', { class: 'starters' }, agent.starter_questions.slice(0, 4).map((question) =>
      h('button', { type: 'button', class: 'starter', onclick: () => write(question) }, question))));
}

/** @param {MouseEvent} event */
function copyCode(event) {
  const button = event.target instanceof Element ? event.target.closest('[data-act=copy-code]') : null;
  if (button instanceof HTMLElement) void copyText(button, button.closest('.code')?.querySelector('code')?.textContent ?? '');
}

/**
 * For screen readers: that an answer begins, its text in batches, and that it is there.
 *
 * @param {() => import('../conversation.js').Conversation} conversation
 */
function speaker(conversation) {
  let last = '';
  let grow = announcer();
  return (/** @type {string} */ requestId) => {
    const response = conversation().responses.get(requestId);
    if (!response) return;
    if (requestId !== last) {
      grow = announcer();
      announce(t('answer.began'));
    } else if (response.spoken) {
      return;
    }
    last = requestId;
    const over = isOver(response);
    grow(textOf(response), over);
    if (!over) return;
    response.spoken = true;
    announce(t(response.status === 'completed' ? 'answer.finished' : `answer.${response.status}`));
  };
}
