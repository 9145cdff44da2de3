/* The sidebar: pages, chats by day, the account. */

import { count, dayOf, monthOf, t } from '../words.js';
import { attribute, fill, h, icon, iconButton, say } from '../dom.js';
import { chatMenu } from './chat_menu.js';
import { go } from '../router.js';
import { loadMoreChats, on, signOut, sortedChats, state } from '../store.js';
import { menu } from '../ui.js';

/** @typedef {import('../types.js').Chat} Chat */

const DAY_MS = 86_400_000;

/** @type {Map<string, ReturnType<typeof chatRow>>} */
const rows = new Map();

/** @param {{search: () => void, close: () => void}} act */
export function sidebar(act) {
  const list = h('div', { class: 'side-list', role: 'group', 'aria-label': t('side.chats') });
  const element = h('nav', { class: 'sidebar', id: 'sidebar', 'aria-label': t('side.label') },
    h('div', { class: 'side-top' },
      h('a', { class: 'brand', href: '/' }, h('img', { src: '/img/icon.svg', alt: '', width: 26, height: 26 }),
        h('span', null, t('app.name'))),
      iconButton('panel', t('side.hide'), act.close, { 'aria-controls': 'sidebar' })),
    h('div', { class: 'side-pages' },
      pageLink('/', 'compose', t('side.new'), 'Ctrl+Shift+O'),
      h('button', { type: 'button', class: 'side-link', onclick: act.search }, icon('search'), h('span', null, t('side.search')),
        h('kbd', null, shortcut('K'))),
      pageLink('/agents', 'agent', t('side.agents')),
      pageLink('/traces', 'trace', t('side.traces')),
      state.me?.role === 'admin' && pageLink('/admin', 'chart', t('side.admin'))),
    list,
    account());
  list.addEventListener('scroll', () => {
    if (list.scrollTop + list.clientHeight > list.scrollHeight - 300) void loadMoreChats();
  });
  list.addEventListener('keydown', moveByKey);
  const draw = () => drawChats(list);
  on('chats', draw);
  on('place', draw);
  draw();
  return element;
}

/** @param {string} key */
export function shortcut(key) {
  return /Mac|iP/.test(navigator.platform) ? `⌘${key}` : `Ctrl ${key}`;
}

/**
 * @param {string} path
 * @param {any} name
 * @param {string} label
 * @param {string} [title]
 */
function pageLink(path, name, label, title) {
  const link = h('a', { class: 'side-link', href: path, title }, icon(name), h('span', null, label));
  const draw = () => {
    const here = path === '/' ? location.pathname === '/' : location.pathname.startsWith(path);
    attribute(link, 'aria-current', here ? 'page' : null);
  };
  on('place', draw);
  draw();
  return link;
}

function account() {
  const me = state.me;
  if (!me) return null;
  const button = h('button', { type: 'button', class: 'side-link account', 'aria-haspopup': 'menu', 'aria-expanded': 'false',
    onclick: () => menu(button, [
      { label: t('shelf.label'), icon: 'archive', act: () => go('/chats') },
      { label: t('side.settings'), icon: 'gear', act: () => go('/settings') },
      null,
      { label: t('auth.sign_out'), icon: 'out', act: () => void signOut() },
    ]) },
  h('span', { class: 'avatar', 'aria-hidden': 'true' }, me.name.slice(0, 1).toUpperCase()),
  h('span', { class: 'account-name' }, h('span', null, me.name), h('small', null, me.email)));
  return button;
}

/* ---- chats ---------------------------------------------------------------------------- */

/** @param {HTMLElement} list */
function drawChats(list) {
  const chats = sortedChats();
  const parts = [];
  let last = '';
  for (const chat of chats) {
    const group = groupOf(chat);
    if (group !== last) parts.push(heading(group));
    last = group;
    const row = rows.get(chat.id) ?? chatRow(chat);
    rows.set(chat.id, row);
    row.update(chat);
    parts.push(row.element);
  }
  if (state.loaded && chats.length === 0) parts.push(h('p', { class: 'side-empty' }, t('side.empty')));
  fill(list, parts);
}

/** @type {Map<string, HTMLElement>} */
const headings = new Map();

/** @param {string} group */
function heading(group) {
  const made = headings.get(group) ?? h('h2', { class: 'side-group' }, group);
  headings.set(group, made);
  return made;
}

/** @param {Chat} chat */
function groupOf(chat) {
  if (chat.pinned) return t('side.pinned');
  const now = new Date();
  const midnight = new Date(now.getFullYear(), now.getMonth(), now.getDate()).getTime();
  const when = new Date(chat.active_at).getTime();
  if (when >= midnight) return t('side.today');
  if (when >= midnight - DAY_MS) return t('side.yesterday');
  if (when >= midnight - 7 * DAY_MS) return t('side.week');
  if (when >= midnight - 30 * DAY_MS) return t('side.month');
  return monthOf(chat.active_at);
}

/** @param {Chat} first */
function chatRow(first) {
  let chat = first;
  const title = h('span', { class: 'chat-title', dir: 'auto' });
  const mark = h('span', { class: 'mark' });
  const link = h('a', { class: 'chat-link', href: `/c/${chat.id}` }, title, mark);
  const more = iconButton('more', '', () => chatMenu(more, chat), { 'aria-haspopup': 'menu', 'aria-expanded': 'false' });
  const element = h('div', { class: 'chat-row', dataset: { chat: chat.id } }, link, more);
  const update = (/** @type {Chat} */ now) => {
    chat = now;
    say(title, chat.title || t('chat.untitled'));
    const running = Boolean(chat.active_request);
    mark.className = running ? 'mark running' : chat.unread ? 'mark unread' : 'mark';
    const words = running ? t('side.running') : chat.unread ? t('side.unread') : '';
    attribute(link, 'aria-current', location.pathname === `/c/${chat.id}` ? 'page' : null);
    attribute(link, 'title', dayOf(chat.active_at));
    if (mark.dataset.words !== words) {
      mark.dataset.words = words;
      fill(mark, words && h('span', { class: 'hidden-text' }, `, ${words}`));
    }
    const label = t('chat.menu', { title: chat.title || t('chat.untitled') });
    attribute(more, 'aria-label', label);
    attribute(more, 'title', label);
  };
  return { element, update };
}

/** Up and down go from chat to chat. @param {KeyboardEvent} event */
function moveByKey(event) {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
  const links = [...document.querySelectorAll('.side-list .chat-link')];
  const at = links.indexOf(/** @type {Element} */ (document.activeElement));
  const next = links[at + (event.key === 'ArrowDown' ? 1 : -1)];
  if (at < 0 || !(next instanceof HTMLElement)) return;
  event.preventDefault();
  next.focus();
}

/** The page's title and picture tell of answers that wait, while nobody looks. */
export function tellByTitle() {
  const picture = /** @type {HTMLLinkElement} */ (document.querySelector('link[rel=icon]'));
  const draw = () => {
    const news = [...state.chats.values()].filter((c) => c.unread && !c.active_request).length;
    const chat = state.chats.get(location.pathname.slice('/c/'.length));
    const name = chat?.title ? `${chat.title} · ${t('app.name')}` : t('app.name');
    document.title = news > 0 ? `(${count(news)}) ${name}` : name;
    attribute(picture, 'href', news > 0 ? '/img/icon-news.svg' : '/img/icon.svg');
  };
  on('chats', draw);
  on('place', draw);
  draw();
}
