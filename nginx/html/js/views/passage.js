/* The passage that an answer rests on. */

import { h, icon } from '../dom.js';
import { honest, safeLink } from '../markdown.js';
import { openDialog } from '../ui.js';
import { t } from '../words.js';

/** @typedef {import('../types.js').Passage} Passage */

/**
 * @param {Passage[]} passages
 * @param {number} n as the text counts them
 */
export function openPassage(passages, n) {
  const passage = passages.find((p, i) => (p.n ?? i + 1) === n);
  if (!passage) return;
  const url = safeLink(passage.url ?? '');
  const close = h('button', { type: 'button', class: 'icon-button', 'aria-label': t('app.close') }, icon('close'));
  const title = honest(passage.title || passage.url || '');
  const dialog = openDialog(h('article', { class: 'passage' },
    h('header', null, h('span', { class: 'source-n' }, n), h('h2', null, title), close),
    passage.heading && h('p', { class: 'quiet' }, honest(passage.heading)),
    h('blockquote', { dir: 'auto' }, honest(passage.snippet ?? passage.text ?? '')),
    h('footer', null,
      passage.page_id && h('a', { class: 'button', href: `/pages/${passage.page_id}` }, icon('file'), t('passage.page')),
      url && h('a', { class: 'button', href: url.href, target: '_blank', rel: 'noopener noreferrer' }, icon('link'), url.host))),
  { label: t('answer.citation', { n, title }) });
  close.addEventListener('click', () => dialog.close());
  dialog.querySelector('a[href^="/"]')?.addEventListener('click', () => dialog.close());
}
