/* The client's beginning: who is it, then the frame with its pages. */

import { get, onSignedOut } from './api.js';
import { conversationOf, moveConversation } from './conversation.js';
import { showLogin } from './views/login.js';
import { beginOutbox, isNew } from './outbox.js';
import { keepFor } from './keep.js';
import { frame } from './views/frame.js';
import * as store from './store.js';
import { t } from './words.js';

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

try {
  const user = await get('/api/auth/me', { quiet: true });
  await enter(user);
} catch (fault) {
  if (/** @type {any} */ (fault).status === 401) signIn();
  else root.replaceChildren(/** @type {Error} */ (fault).message);
}
