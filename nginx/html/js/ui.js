/* Small things that every view uses: toasts, menus, questions, and the voice for screen readers. */

import { fill, h, icon, iconButton } from './dom.js';
import { kept } from './keep.js';
import { t } from './words.js';

/** Light or dark, if the user prefers one of them to what the system says. */
export const paint = () => document.documentElement.style.setProperty('color-scheme', kept('look', '') || 'light dark');

/* ---- the voice ------------------------------------------------------------------------ */

const BATCH_MS = 1500;
const BATCH_LONGEST = 400; // characters without the end of a sentence
const SAID = 5; // kept, since what leaves at once may not be heard

// Here from the start: screen readers tell what is added to such a place, not that it is new.
const voice = h('div', { class: 'hidden-text', 'aria-live': 'polite', role: 'log', 'aria-label': t('app.voice') });
document.body.append(voice);

/** @param {string} text */
export function announce(text) {
  voice.append(h('p', null, text));
  while (voice.children.length > SAID) voice.firstChild?.remove();
}

/**
 * A text that grows, said in batches: whole sentences, and not more often than one can listen.
 *
 * @returns {(text: string, over: boolean) => void} what is called with all of it, as often as it has grown
 */
export function announcer() {
  let text = '';
  let said = 0;
  let timer = 0;
  const say = (/** @type {number} */ to) => {
    const words = text.slice(said, to).replace(/[*_`#>|~]+/g, ' ').replace(/\s+/g, ' ').trim();
    said = to;
    if (words) announce(words);
  };
  const batch = () => {
    timer = 0;
    const end = [...text.slice(said).matchAll(/[.!?:;…。！？\n](?=\s)/g)].at(-1);
    if (end) say(said + end.index + 1);
    else if (text.length - said > BATCH_LONGEST) say(Math.max(text.lastIndexOf(' '), said + BATCH_LONGEST));
  };
  return (now, over) => {
    // Another attempt: what was said is not said again from the start.
    if (!now.startsWith(text.slice(0, said))) said = Math.min(said, now.length);
    text = now;
    if (over) {
      clearTimeout(timer);
      say(text.length);
    } else if (!timer) {
      timer = window.setTimeout(batch, BATCH_MS);
    }
  };
}

/* ---- toasts --------------------------------------------------------------------------- */

const toasts = h('div', { class: 'toasts', role: 'region', 'aria-label': t('app.toasts') });

/**
 * @param {string} text
 * @param {{action?: string, act?: () => void, ms?: number, gone?: () => void, bad?: boolean}} [options]
 * @returns {() => void} takes it away
 */
export function toast(text, options = {}) {
  if (!toasts.isConnected) document.body.append(toasts);
  let timer = 0;
  const close = () => {
    clearTimeout(timer);
    if (!element.isConnected) return;
    element.remove();
    options.gone?.();
  };
  const act = () => {
    options.gone = undefined;
    close();
    options.act?.();
  };
  const element = h('div', { class: options.bad ? 'toast bad' : 'toast', role: options.bad ? 'alert' : 'status' },
    h('span', null, text),
    options.action && h('button', { type: 'button', class: 'link-button', onclick: act }, options.action),
    iconButton('close', t('app.close'), close));
  toasts.append(element);
  timer = window.setTimeout(close, options.ms ?? 6000);
  return close;
}

/** @param {unknown} fault */
export function complain(fault) {
  toast(fault instanceof Error ? fault.message : String(fault), { bad: true });
}

/** Run it; what goes wrong is shown. @template T @param {Promise<T> | (() => Promise<T>)} work */
export async function attempt(work) {
  try {
    return await (typeof work === 'function' ? work() : work);
  } catch (fault) {
    complain(fault);
    return undefined;
  }
}

/* ---- menus ---------------------------------------------------------------------------- */

/** @typedef {{label: string, icon?: any, act: () => void, danger?: boolean, checked?: boolean, note?: string}} MenuItem */

/** @type {(() => void) | null} */
let closeMenu = null;

/**
 * A menu below (or above) a button, with the keys that menus have.
 *
 * @param {HTMLElement} anchor
 * @param {(MenuItem | null)[]} items null is a line between
 * @param {{label?: string}} [options]
 */
export function menu(anchor, items, options = {}) {
  const wasOpen = anchor.getAttribute('aria-expanded') === 'true';
  closeMenu?.();
  if (wasOpen) return;
  const buttons = items.map((item) => item && menuItem(item));
  const element = h('div', { class: 'menu', role: 'menu', 'aria-label': options.label },
    buttons.map((b) => b ?? h('hr', { role: 'separator' })));
  const close = (/** @type {boolean} */ focus = true) => {
    closeMenu = null;
    element.remove();
    anchor.setAttribute('aria-expanded', 'false');
    document.removeEventListener('pointerdown', outside, true);
    if (focus) anchor.focus();
  };
  const outside = (/** @type {Event} */ event) => {
    if (event.target instanceof Node && !element.contains(event.target) && !anchor.contains(event.target)) close(false);
  };
  element.addEventListener('click', () => close());
  element.addEventListener('keydown', (event) => menuKey(event, element, close));
  element.addEventListener('focusout', (event) => {
    if (event.relatedTarget instanceof Node && !element.contains(event.relatedTarget)) close(false);
  });
  closeMenu = () => close(false);
  (anchor.closest('dialog') ?? document.body).append(element);
  place(element, anchor);
  anchor.setAttribute('aria-expanded', 'true');
  document.addEventListener('pointerdown', outside, true);
  element.querySelector('button')?.focus();
}

/** @param {MenuItem} item */
function menuItem(item) {
  const isChoice = item.checked !== undefined;
  return h('button', {
    type: 'button', role: isChoice ? 'menuitemradio' : 'menuitem', tabindex: '-1', class: item.danger ? 'danger' : '',
    'aria-checked': isChoice ? String(item.checked) : null, onclick: item.act,
  }, item.icon && icon(item.icon), h('span', { class: 'menu-text' }, h('span', null, item.label),
    item.note && h('small', null, item.note)), isChoice && item.checked && icon('check'));
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLElement} element
 * @param {() => void} close
 */
function menuKey(event, element, close) {
  const buttons = [...element.querySelectorAll('button')];
  const at = buttons.indexOf(/** @type {HTMLButtonElement} */ (document.activeElement));
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowDown: () => buttons[(at + 1) % buttons.length].focus(),
    ArrowUp: () => buttons[(at - 1 + buttons.length) % buttons.length].focus(),
    Home: () => buttons[0].focus(),
    End: () => buttons[buttons.length - 1].focus(),
    Escape: close,
    Tab: close,
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  event.stopPropagation();
  keys[event.key]();
}

/** @param {HTMLElement} element @param {HTMLElement} anchor */
function place(element, anchor) {
  const at = anchor.getBoundingClientRect();
  const own = element.getBoundingClientRect();
  const below = at.bottom + own.height + 8 < window.innerHeight;
  const left = Math.max(8, Math.min(at.left, window.innerWidth - own.width - 8));
  element.style.setProperty('left', `${left}px`);
  element.style.setProperty('top', `${Math.max(8, below ? at.bottom + 4 : at.top - own.height - 4)}px`);
}

/* ---- questions ------------------------------------------------------------------------ */

/**
 * A dialog with a form; the values, or null when it was left.
 *
 * @param {{title: string, text?: string, submit: string, danger?: boolean, body?: any}} options
 * @returns {Promise<FormData | null>}
 */
export function ask(options) {
  return new Promise((resolve) => {
    const form = h('form', { method: 'dialog', onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      resolve(new FormData(form));
      dialog.close();
    } },
    h('h2', null, options.title),
    options.text && h('p', null, options.text),
    options.body,
    h('div', { class: 'dialog-buttons' },
      h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, t('app.cancel')),
      h('button', { type: 'submit', class: options.danger ? 'button danger' : 'button primary' }, options.submit)));
    const dialog = openDialog(form, { label: options.title });
    dialog.addEventListener('close', () => resolve(null));
  });
}

/**
 * @param {Node} body
 * @param {{label: string, class?: string}} options
 */
export function openDialog(body, options) {
  const dialog = h('dialog', { class: options.class ?? 'dialog', 'aria-label': options.label }, body);
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/* ---- the clipboard -------------------------------------------------------------------- */

/**
 * @param {HTMLElement} button that says so afterwards
 * @param {string} text
 */
export async function copyText(button, text) {
  await navigator.clipboard.writeText(text);
  const before = [...button.childNodes];
  fill(button, icon('check'), button.querySelector('span') && h('span', null, t('answer.copied')));
  announce(t('answer.copied'));
  setTimeout(() => fill(button, before), 1500);
}
