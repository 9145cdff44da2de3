/* ⌘K: chats, what was said in them, and commands. */

import { agentName } from './message.js';
import { fill, h, icon } from '../dom.js';
import { get, withQuery } from '../api.js';
import { go } from '../router.js';
import { honest } from '../markdown.js';
import { openDialog, toast } from '../ui.js';
import { shortcut } from './sidebar.js';
import { sortedChats, state } from '../store.js';
import { t } from '../words.js';

/** @typedef {{label: any, note?: any, icon: any, act: () => void}} Item */
/** @typedef {{title: string, items: Item[]}} Group */

const WAIT_MS = 150;
const MOST = 6;

/** @param {{stop: () => void, isRunning: () => boolean, lastAnswer: () => string}} act */
export function openPalette(act) {
  if (document.querySelector('dialog.palette')) return;
  const box = h('input', { class: 'palette-box', type: 'text', role: 'combobox', 'aria-expanded': 'true', 'aria-controls': 'palette-list',
    'aria-label': t('palette.label'), 'aria-autocomplete': 'list', placeholder: t('palette.placeholder'), autocomplete: 'off' });
  const list = h('div', { class: 'palette-list', id: 'palette-list', role: 'listbox', 'aria-label': t('palette.label') });
  /** @type {Item[]} */
  let items = [];
  let chosen = 0;
  let timer = 0;
  /** @type {AbortController | null} */
  let asked = null;
  const dialog = openDialog(h('div', null, box, list), { label: t('palette.label'), class: 'palette' });

  const run = (/** @type {Item} */ item) => {
    dialog.close();
    item.act();
  };
  const mark = () => {
    list.querySelectorAll('[role=option]').forEach((row, i) => {
      row.setAttribute('aria-selected', String(i === chosen));
      if (i === chosen) row.scrollIntoView({ block: 'nearest' });
    });
    box.setAttribute('aria-activedescendant', items.length > 0 ? `palette-${chosen}` : '');
  };
  const draw = (/** @type {Group[]} */ groups) => {
    const shown = groups.filter((group) => group.items.length > 0);
    items = shown.flatMap((group) => group.items);
    chosen = Math.min(chosen, Math.max(0, items.length - 1));
    let n = 0;
    fill(list, shown.map((group) => h('div', { role: 'group', 'aria-label': group.title }, h('h3', { 'aria-hidden': 'true' }, group.title),
      group.items.map((item) => option(item, n++, run)))), items.length === 0 && h('p', { class: 'side-empty' }, t('palette.nothing')));
    mark();
  };
  const search = async () => {
    const q = box.value.trim();
    const groups = [{ title: t('palette.chats'), items: chats(q) }, { title: t('palette.commands'), items: commands(q, act) }];
    draw(groups);
    clearTimeout(timer);
    asked?.abort();
    if (q.length < 2) return;
    asked = new AbortController();
    const { signal } = asked;
    timer = window.setTimeout(async () => {
      const found = await get(withQuery('/api/search', { q, limit: 12 }), { signal }).catch(() => null);
      if (found && !signal.aborted) draw([groups[0], { title: t('palette.messages'), items: found.data.map(hit) }, groups[1]]);
    }, WAIT_MS);
  };
  box.addEventListener('input', () => {
    chosen = 0;
    void search();
  });
  box.addEventListener('keydown', (event) => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step && items.length > 0) chosen = (chosen + step + items.length) % items.length;
    else if (event.key === 'Enter' && items[chosen]) run(items[chosen]);
    else return;
    event.preventDefault();
    mark();
  });
  void search();
  box.focus();
}

/** @param {Item} item @param {number} n @param {(item: Item) => void} run */
function option(item, n, run) {
  return h('div', { class: 'palette-item', role: 'option', id: `palette-${n}`, 'aria-selected': 'false', onclick: () => run(item) }, icon(item.icon),
    h('span', { class: 'palette-text' }, h('span', { dir: 'auto' }, item.label), item.note && h('small', null, item.note)));
}

/** @param {string} q */
function chats(q) {
  const wanted = q.toLowerCase();
  return sortedChats().filter((c) => c.title.toLowerCase().includes(wanted)).slice(0, MOST)
    .map((c) => ({ label: c.title || t('chat.untitled'), note: agentName(c.agent_id), icon: 'chat', act: () => go(`/c/${c.id}`) }));
}

/** @param {any} found */
function hit(found) {
  return { label: honest(found.chat_title), icon: 'chat', act: () => go(`/c/${found.chat_id}`),
    note: found.snippet.map((/** @type {any} */ piece) => (piece.match ? h('mark', null, honest(piece.text)) : honest(piece.text))) };
}

/** @param {string} q @param {{stop: () => void, isRunning: () => boolean, lastAnswer: () => string}} act */
function commands(q, act) {
  /** @type {Item[]} */
  const all = [
    { label: t('side.new'), icon: 'plus', act: () => go('/') },
    ...(act.isRunning() ? [{ label: t('palette.stop'), icon: 'stop', act: act.stop }] : []),
    ...(act.lastAnswer() ? [{ label: t('palette.copy_answer'), icon: 'copy', act: () => void navigator.clipboard.writeText(act.lastAnswer()).then(() => toast(t('answer.copied'))) }] : []),
    { label: t('side.agents'), icon: 'agent', act: () => go('/agents') },
    { label: t('agents.new'), icon: 'plus', act: () => go('/agents/new') },
    { label: t('side.traces'), icon: 'trace', act: () => go('/traces') },
    { label: t('shelf.label'), icon: 'archive', act: () => go('/chats') },
    { label: t('side.settings'), icon: 'gear', act: () => go('/settings') },
    ...(state.me?.role === 'admin' ? [{ label: t('side.admin'), icon: 'chart', act: () => go('/admin') }] : []),
    { label: t('palette.keys'), icon: 'key', act: showKeys },
  ];
  return all.filter((item) => item.label.toLowerCase().includes(q.toLowerCase()));
}

export function showKeys() {
  const rows = [['keys.send', 'Enter'], ['keys.line', 'Shift Enter'], ['keys.stop', 'Esc'], ['keys.focus', 'Shift Esc'], ['keys.palette', shortcut('K')],
    ['keys.new', shortcut('Shift O')], ['keys.edit', '↑'], ['keys.help', shortcut('/')]];
  openDialog(h('dl', { class: 'key-list' }, h('h2', null, t('palette.keys')),
    rows.map(([name, keys]) => [h('dt', null, t(name)), h('dd', null, h('kbd', null, keys))])), { label: t('palette.keys') });
}
