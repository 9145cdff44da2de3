/* Trying what an agent would find. */

import { attempt } from '../ui.js';
import { badge, empty } from './parts.js';
import { fill, h, icon } from '../dom.js';
import { get, withQuery } from '../api.js';
import { honest } from '../markdown.js';
import { t } from '../words.js';

/** @param {import('../types.js').Agent} agent */
export function tryPanel(agent) {
  const input = h('input', { name: 'q', type: 'search', 'aria-label': t('try.question'), placeholder: t('try.question'), maxlength: 1000 });
  const results = h('div', { class: 'stack', 'aria-live': 'polite' });
  const search = async () => {
    const q = input.value.trim();
    if (!q) return;
    const found = await attempt(get(withQuery(`/api/agents/${agent.id}/search`, { q })));
    if (!found) return;
    const best = Math.max(...found.data.map((/** @type {any} */ p) => p.score ?? 0), 1e-9);
    fill(results, found.data.length === 0 ? empty('search', t('try.nothing')) : found.data.map((/** @type {any} */ passage, /** @type {number} */ i) =>
      h('article', { class: 'passage-hit' },
        h('header', null, badge(String(i + 1), 'accent'), h('strong', null, honest(passage.title || passage.url || '')),
          h('meter', { min: 0, max: 1, value: (passage.score ?? 0) / best, 'aria-label': t('try.score') }), h('small', { class: 'mono' }, (passage.score ?? 0).toFixed(4))),
        passage.heading && h('small', { class: 'quiet' }, honest(passage.heading)),
        h('p', { dir: 'auto' }, honest(passage.text ?? passage.content ?? passage.snippet ?? '')))));
  };
  return h('div', { class: 'stack' }, h('p', { class: 'lead' }, t('try.lead')),
    h('form', { class: 'button-row', onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      void search();
    } }, input, h('button', { type: 'submit', class: 'button primary' }, icon('search'), t('try.go'))), results);
}
