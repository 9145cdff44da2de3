/* The client's beginning: who is it, then the frame with its pages. */

import { get, onSignedOut } from './api.js';
import { h } from './dom.js';
import { conversationOf, moveConversation } from './conversation.js';
import { showLogin } from './views/login.js';
import { beginOutbox, isNew } from './outbox.js';
import { keepFor } from './keep.js';
import { frame } from './views/frame.js';
import * as store from './store.js';
import { paint } from './ui.js';
import { t } from './words.js';

const RETRY_MS = 3000;
const root = /** @type {HTMLElement} */ (document.getElementById('app'));

function signIn() {
  showLogin(root, { done: (user) => {
    if (location.hash || location.pathname === '/register' || location.pathname === '/login') history.replaceState(null, '', '/');
    void enter(user);
  } });
}

/** A page with somebody's chats does not go on without them; what was written is kept. */
function signInAgain() {
  store.end();
  onSignedOut(() => {});
  showLogin(root, { notice: t('auth.signed_out'), done: () => location.reload() });
}

/** @param {import('./types.js').User} user */
async function enter(user) {
  keepFor(user.id);
  paint();
  onSignedOut(signInAgain);
  const ready = store.begin(user);
  frame(root);
  await ready;
  await beginOutbox({
    accepted: async (entry, accepted) => {
      const conversation = conversationOf(entry.place);
      if (isNew(entry.place)) moveConversation(entry.place, accepted.chat_id);
      void store.loadChat(accepted.chat_id);
      await conversation.accept(entry, accepted);
    },
    changed: (entry) => store.tell(conversationOf(entry.place).topic),
  });
}

/** Before anything could be read. @param {Error} fault */
function wait(fault) {
  root.replaceChildren(h('main', { class: 'login' }, h('div', { class: 'login-card' },
    h('img', { src: '/img/icon.svg', alt: '', width: 44, height: 44 }),
    h('h1', null, t('app.name')), h('p', { role: 'alert' }, fault.message), h('p', { class: 'quiet' }, t('net.away_hint')),
    h('button', { type: 'button', class: 'button primary', onclick: () => location.reload() }, t('app.retry')))));
  const timer = window.setInterval(async () => {
    const reply = await fetch('/api/auth/me').catch(() => null);
    if (!reply || reply.status >= 500) return;
    clearInterval(timer);
    location.reload();
  }, RETRY_MS);
}

try {
  const user = await get('/api/auth/me', { quiet: true });
  await enter(user);
} catch (fault) {
  const problem = /** @type {import('./api.js').Problem} */ (fault);
  if (problem.status === 401) signIn();
  else wait(problem);
}
