/* What pages other than conversations are made of. */

import { h, icon, say, set } from '../dom.js';
import { sentence } from '../api.js';
import { t } from '../words.js';

/** @typedef {import('../dom.js').Child} Child */

/** The column of a page, which scrolls. @param {Child[]} children */
export function column(...children) {
  return h('div', { class: 'column', tabindex: '-1' }, h('div', { class: 'column-inner' }, children));
}

/** @param {string} name @param {string} text @param {...Child} more */
export const empty = (name, text, ...more) => h('div', { class: 'empty-note' }, icon(/** @type {any} */ (name)), h('p', null, text), more);

/**
 * @param {string} label
 * @param {HTMLElement} input
 * @param {string} [hint]
 */
export function field(label, input, hint) {
  const id = input.id || `f-${Math.random().toString(36).slice(2)}`;
  input.id = id;
  const note = h('small', { id: `${id}-hint` }, hint ?? '');
  input.setAttribute('aria-describedby', note.id);
  return h('div', { class: 'field' }, h('label', { for: id }, label), input, note);
}

/**
 * @param {string} name
 * @param {{value: string, label: string}[]} options
 * @param {string} value
 */
export function select(name, options, value) {
  return h('select', { name }, options.map((o) => h('option', { value: o.value, selected: o.value === value }, o.label)));
}

/** @param {string} text @param {string} [tone] good, bad, warn, accent */
export const badge = (text, tone = '') => h('span', { class: `badge ${tone}` }, text);

/** @param {HTMLFormElement} form */
export function clearFaults(form) {
  for (const old of form.querySelectorAll('.field-fault')) old.remove();
  for (const input of form.querySelectorAll('[aria-invalid]')) {
    input.removeAttribute('aria-invalid');
    input.setAttribute('aria-describedby', `${input.id}-hint`);
  }
  const rest = form.querySelector('.form-fault');
  if (rest) say(rest, '');
}

/**
 * Each fault at its field, the first of which is gone to; what is wrong with no field that can be
 * seen is said at the end of the form.
 *
 * @param {HTMLFormElement} form
 * @param {import('../api.js').Problem} problem
 */
export function showFaults(form, problem) {
  clearFaults(form);
  /** @type {string[]} */
  const rest = [];
  const { faults } = problem;
  faults.forEach(({ pointer, detail }, i) => {
    const input = inputOf(form, pointer.slice(1));
    if (!input) {
      rest.push(sentence(`${pointer} ${detail}`));
      return;
    }
    const note = h('p', { class: 'field-fault fault', role: 'alert', id: `${input.id}-fault${i}` }, sentence(detail));
    input.after(note);
    if (input.id) set(input, { 'aria-invalid': 'true', 'aria-describedby': `${note.id} ${input.id}-hint` });
    input.closest('details')?.setAttribute('open', '');
  });
  const first = form.querySelector('.field-fault')?.previousElementSibling;
  if (first instanceof HTMLElement) first.focus();
  const end = form.querySelector('.form-fault');
  if (end) say(end, faults.length > 0 ? rest.join(' ') : problem.message);
}

/**
 * The input of a member, or of what it is part of: of starter_questions/0, that of starter_questions.
 *
 * @param {HTMLFormElement} form
 * @param {string} member
 * @returns {HTMLElement | null}
 */
function inputOf(form, member) {
  const found = /** @type {HTMLElement | null} */ (form.querySelector(`[name="${CSS.escape(member)}"]:not([type=radio])`));
  if (found && !found.closest('[hidden]')) return found;
  const up = member.lastIndexOf('/');
  return up > 0 ? inputOf(form, member.slice(0, up)) : null;
}

/**
 * Tabs, with the keys that tabs have.
 *
 * @param {{id: string, label: string, show: () => Node}[]} all
 * @param {string} first
 * @param {string} label
 */
export function tabs(all, first, label) {
  const panel = h('div', { role: 'tabpanel', class: 'tab-panel', tabindex: '-1' });
  const buttons = all.map((tab) => h('button', { type: 'button', role: 'tab', id: `tab-${tab.id}`, onclick: () => pick(tab.id) }, tab.label));
  const pick = (/** @type {string} */ id) => {
    all.forEach((tab, i) => {
      buttons[i].setAttribute('aria-selected', String(tab.id === id));
      buttons[i].tabIndex = tab.id === id ? 0 : -1;
      if (tab.id === id) panel.replaceChildren(tab.show());
    });
    // On a phone not all of them are in sight.
    requestAnimationFrame(() => list.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }));
    panel.setAttribute('aria-labelledby', `tab-${id}`);
  };
  const list = h('div', { role: 'tablist', class: 'tabs', 'aria-label': label, onkeydown: (/** @type {KeyboardEvent} */ event) => {
    const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    const at = buttons.indexOf(/** @type {any} */ (document.activeElement));
    const next = buttons[(at + step + buttons.length) % buttons.length];
    if (!step || at < 0) return;
    next.focus();
    next.click();
  } }, buttons);
  pick(all.some((tab) => tab.id === first) ? first : all[0].id);
  return h('div', { class: 'tabbed' }, list, panel);
}

/** @param {number | null} ms */
export function duration(ms) {
  if (ms === null) return '–';
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s` : `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** @param {string} when @returns {string} how long ago, in few letters */
export function ago(when) {
  const s = Math.max(0, (Date.now() - new Date(when).getTime()) / 1000);
  if (s < 60) return t('ago.now');
  if (s < 3600) return t('ago.min', { n: Math.floor(s / 60) });
  if (s < 86400) return t('ago.hour', { n: Math.floor(s / 3600) });
  return t('ago.day', { n: Math.floor(s / 86400) });
}
