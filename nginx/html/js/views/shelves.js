/* Chats that are not in the sidebar: the archive, and the bin until it is emptied. */

import { agentName } from './message.js';
import { ago, column, empty, tabs } from './parts.js';
import { archiveChat, deleteForGood, removeChat } from './chat_menu.js';
import { attempt, toast } from '../ui.js';
import { fill, h, icon, iconButton } from '../dom.js';
import { get, withQuery } from '../api.js';
import { honest } from '../markdown.js';
import { on, restoreChat } from '../store.js';
import { t, timeOf } from '../words.js';

/** @typedef {import('../types.js').Chat} Chat */
/** @typedef {'archive' | 'bin'} Shelf */

const PAGE = 50;
const WAIT_MS = 250;

/** @param {string} tab */
export async function shelvesPage(tab) {
  /** @type {() => void} */
  let reload = () => {};
  const shown = (/** @type {Shelf} */ shelf) => () => {
    const list = chatList(shelf);
    reload = list.reload;
    list.reload();
    return list.element;
  };
  const ends = [on('feed', (event) => event.type === 'chat' && reload()), on('refresh', () => reload())];
  const body = tabs([
    { id: 'archive', label: t('shelf.archive'), show: shown('archive') },
    { id: 'bin', label: t('shelf.bin'), show: shown('bin') },
  ], tab, t('shelf.label'));
  return { element: column(body), title: t('shelf.label'), hide: () => ends.forEach((end) => end()) };
}

/** @param {Shelf} shelf */
function chatList(shelf) {
  const list = h('div', { class: 'stack' });
  const search = h('input', { type: 'search', placeholder: t('shelf.search'), 'aria-label': t('shelf.search'), maxlength: 200 });
  const more = h('button', { type: 'button', class: 'button', hidden: true, onclick: () => void load(false) }, t('app.more'));
  /** @type {string | null} */
  let cursor = null;
  let turn = 0;
  const load = async (/** @type {boolean} */ isFirst) => {
    const mine = ++turn;
    const page = await attempt(get(withQuery('/api/chats', { [shelf === 'bin' ? 'deleted' : 'archived']: true, q: search.value.trim(),
      limit: PAGE, cursor: isFirst ? null : cursor })));
    if (!page || mine !== turn) return;
    cursor = page.next_cursor;
    more.hidden = !cursor;
    const rows = page.data.map((/** @type {Chat} */ chat) => chatRow(chat, shelf, reload));
    const all = isFirst ? rows : [...list.children, ...rows];
    fill(list, all.length > 0 ? all : empty(shelf === 'bin' ? 'trash' : 'archive', t(search.value ? 'shelf.nothing' : `shelf.none.${shelf}`)));
  };
  const reload = soon(() => void load(true));
  search.addEventListener('input', reload);
  return { element: h('div', { class: 'stack' }, h('p', { class: 'lead' }, t(`shelf.lead.${shelf}`)), search, list, h('div', null, more)), reload };
}

/** Once, however often it is asked for meanwhile; at once the first time. @param {() => void} act */
function soon(act) {
  let timer = 0;
  let last = -WAIT_MS;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => {
      last = performance.now();
      act();
    }, Math.max(0, last + WAIT_MS - performance.now()));
  };
}

/** @param {Chat} chat @param {Shelf} shelf @param {() => void} reload */
function chatRow(chat, shelf, reload) {
  const title = honest(chat.title) || t('chat.untitled');
  const then = (/** @type {Promise<unknown>} */ work) => void attempt(work).then(reload);
  const back = () => then(shelf === 'bin' ? takeBack(chat) : archiveChat(chat, false));
  const drop = () => then(shelf === 'bin' ? deleteForGood(chat) : removeChat(chat));
  const label = t(shelf === 'bin' ? 'shelf.restore' : 'chat.unarchive');
  const when = chat.deleted_at ?? chat.active_at;
  return h('article', { class: 'source-row', dataset: { chat: chat.id } },
    h('span', { class: 'card-icon' }, icon(shelf === 'bin' ? 'trash' : 'archive')),
    h('div', { class: 'source-main' }, shelf === 'bin' ? h('strong', { dir: 'auto' }, title) : h('a', { href: `/c/${chat.id}`, dir: 'auto' }, title),
      h('small', { class: 'quiet', title: timeOf(when) }, t(shelf === 'bin' ? 'shelf.deleted' : 'shelf.active', { when: ago(when) }), ' · ', agentName(chat.agent_id))),
    h('button', { type: 'button', class: 'button', 'aria-label': `${label}: ${title}`, onclick: back }, icon('redo'), h('span', { class: 'wide-only' }, label)),
    iconButton('trash', `${t(shelf === 'bin' ? 'shelf.forever' : 'chat.delete')}: ${title}`, drop));
}

/** @param {Chat} chat */
async function takeBack(chat) {
  await restoreChat(chat.id);
  toast(t('shelf.restored'));
}
