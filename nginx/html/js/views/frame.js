/* The frame: sidebar, the head of the page, and the page itself. */

import { attribute, fill, h, icon, iconButton } from '../dom.js';
import { beginRouter, go, otherwise, route } from '../router.js';
import { chatPage } from './chat.js';
import { keep, kept } from '../keep.js';
import { on, state, tell } from '../store.js';
import { sidebar, tellByTitle } from './sidebar.js';
import { t } from '../words.js';

/** @typedef {{element: HTMLElement, title?: Node | string, actions?: Node[], hide?: () => void}} View */

/** @param {HTMLElement} root */
export function frame(root) {
  const isWide = matchMedia('(min-width: 60rem)');
  const main = h('main', { class: 'page', id: 'main', tabindex: '-1' });
  const title = h('h1', { class: 'head-title' });
  const actions = h('div', { class: 'head-actions' });
  const banner = h('div', { class: 'banner', role: 'status' });
  const shell = h('div', { class: 'shell' });
  const toggle = (/** @type {boolean} */ open) => {
    shell.classList.toggle('side-open', open);
    attribute(openButton, 'aria-expanded', String(open));
    if (isWide.matches) keep('sidebar', open);
    side.inert = !open;
  };
  const openButton = iconButton('panel', t('side.open'), () => toggle(!shell.classList.contains('side-open')),
    { class: 'icon-button open-side', 'aria-controls': 'sidebar' });
  const side = sidebar({ search: () => tell('palette'), close: () => toggle(false) });
  const head = h('header', { class: 'head' }, openButton, title,
    h('a', { class: 'icon-button new-chat', href: '/', 'aria-label': t('side.new'), title: t('side.new') }, icon('compose')), actions);
  shell.append(side, h('button', { type: 'button', class: 'scrim', 'aria-label': t('side.hide'), tabindex: '-1', onclick: () => toggle(false) }),
    h('div', { class: 'body' }, head, banner, main));
  root.replaceChildren(h('a', { class: 'skip', href: '#main', onclick: (/** @type {Event} */ e) => {
    e.preventDefault();
    main.focus();
  } }, t('app.skip')), shell);
  toggle(isWide.matches && kept('sidebar', true));
  isWide.addEventListener('change', () => toggle(isWide.matches && kept('sidebar', true)));

  /** @type {View | null} */
  let view = null;
  let latest = 0;
  const show = (/** @type {View} */ next) => {
    latest += 1;
    if (view !== next) view?.hide?.();
    view = next;
    fill(main, next.element);
    fill(title, next.title ?? h('span', { class: 'hidden-text' }, t('app.name')));
    fill(actions, next.actions ?? []);
    if (!isWide.matches) toggle(false);
    tell('place');
  };
  on('net', () => fill(banner, state.net !== 'ok' && h('p', null, t(`net.${state.net}`))));

  const chat = chatPage();
  /** @type {View} */
  const chatView = { element: chat.element, title: chat.title, hide: chat.hide };
  route(/^\/$/, () => {
    show(chatView);
    chat.show(null);
    tell('place');
  });
  route(/^\/c\/([0-9a-f-]{36})$/, ({ params }) => {
    show(chatView);
    chat.show(params[0]);
    tell('place');
  });
  /** A page whose module, and whose data, may have to be fetched first. @param {() => Promise<View>} make */
  const lazy = async (make) => {
    const turn = ++latest;
    const next = await make().catch((fault) => missing(fault));
    if (turn === latest) show(next);
  };
  pages(lazy);
  otherwise(() => show(missing(null)));
  const lastAnswer = () => [...chat.conversation().messages].reverse().find((m) => m.role === 'assistant')?.content ?? '';
  on('palette', () => void import('./palette.js').then(({ openPalette }) => openPalette({ stop: chat.stop, isRunning: () => Boolean(chat.conversation().active), lastAnswer })));
  keys({ stop: chat.stop, focus: chat.focus });
  tellByTitle();
  notify();
  beginRouter();
}

/** Where it is allowed and wished: an answer that ends while nobody looks is told by the system. */
function notify() {
  on('feed', (event) => {
    if (event.type !== 'request' || !['completed', 'failed'].includes(event.status) || document.visibilityState === 'visible') return;
    if (!kept('notify', false) || Notification.permission !== 'granted') return;
    const told = new Notification(t(event.status === 'failed' ? 'notice.failed' : 'notice.finished'), {
      body: state.chats.get(event.chat_id)?.title ?? '', icon: '/img/icon.svg', tag: event.id });
    told.addEventListener('click', () => {
      window.focus();
      go(`/c/${event.chat_id}`);
    });
  });
}

/** @param {any} fault @returns {View} */
function missing(fault) {
  const isMissing = !fault || fault.status === 404 || fault.status === 422;
  return { element: h('div', { class: 'welcome' }, h('h2', null, isMissing ? t('app.not_found') : String(fault.message)),
    h('p', { class: 'quiet' }, isMissing ? t('app.not_found_hint') : ''), h('a', { class: 'button', href: '/' }, t('side.new'))) };
}

/** The other pages are fetched when they are first asked for. @param {(make: () => Promise<View>) => Promise<void>} lazy */
function pages(lazy) {
  const id = '([0-9A-Za-z-]+)';
  const page = (/** @type {string} */ pattern, /** @type {(params: string[], query: URLSearchParams) => Promise<View>} */ make) =>
    route(new RegExp(`^${pattern}$`), ({ params, query }) => void lazy(async () => {
      await styles();
      return make(params, query);
    }));
  page('/agents', async () => (await import('./agents.js')).agentsPage());
  page('/agents/new', async () => (await import('./agent.js')).agentPage(null, ''));
  page(`/agents/${id}`, async ([agent], query) => (await import('./agent.js')).agentPage(agent, query.get('tab') ?? ''));
  page(`/sources/${id}`, async ([source]) => (await import('./source.js')).sourcePage(source));
  page(`/pages/${id}`, async ([read]) => (await import('./source.js')).readPage(read));
  page('/chats', async (_, query) => (await import('./shelves.js')).shelvesPage(query.get('tab') ?? ''));
  page('/settings', async () => (await import('./settings.js')).settingsPage());
  page('/admin', async (_, query) => (await import('./admin.js')).adminPage(query.get('tab') ?? ''));
  page('/traces', async () => (await import('./traces.js')).tracesPage());
  page(`/traces/${id}`, async ([trace]) => (await import('./traces.js')).tracePage(trace));
}

/** @type {Promise<void> | null} */
let loadedStyles = null;

function styles() {
  loadedStyles ??= new Promise((resolve) => {
    const link = h('link', { rel: 'stylesheet', href: '/css/pages.css', onload: () => resolve(), onerror: () => resolve() });
    document.head.append(link);
  });
  return loadedStyles;
}

/** @param {{stop: () => void, focus: () => void}} act */
function keys(act) {
  document.addEventListener('keydown', (event) => {
    const isCommand = event.metaKey || event.ctrlKey;
    if (event.defaultPrevented || document.querySelector('dialog[open]')) return;
    if (event.key === 'Escape' && event.shiftKey) act.focus();
    else if (event.key === 'Escape') act.stop();
    else if (isCommand && event.key.toLowerCase() === 'k') tell('palette');
    else if (isCommand && event.key === '/') void import('./palette.js').then(({ showKeys }) => showKeys());
    else if (isCommand && event.shiftKey && event.key.toLowerCase() === 'o') go('/');
    else return;
    event.preventDefault();
  });
}
