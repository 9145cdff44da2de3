/* The content viewer: what was read from a source, and what was not, and why. */

import { ago, badge, column, empty } from './parts.js';
import { attempt } from '../ui.js';
import { fill, h, icon } from '../dom.js';
import { get, post, withQuery } from '../api.js';
import { honest, safeLink } from '../markdown.js';
import { isBusy, progressBar, statusBadge } from './sources.js';
import { on } from '../store.js';
import { t } from '../words.js';

/**
 * @typedef {object} SitePage
 * @property {string} id
 * @property {string} source_id
 * @property {string | null} url of a website
 * @property {string} status
 * @property {string | null} reason
 * @property {string | null} detail
 * @property {number | null} http_status
 * @property {string | null} title
 * @property {number} chunk_count
 * @property {string | null} fetched_at
 * @property {string} [preview]
 * @property {string | null} [content]
 * @property {{position: number, heading: string | null, content: string}[]} [chunks]
 */

const ASK_MS = 2500;

/** @param {string} id */
export async function sourcePage(id) {
  const source = await get(`/api/sources/${id}`);
  const bar = progressBar();
  const list = h('div', { class: 'page-list' });
  const more = h('button', { type: 'button', class: 'button', hidden: true }, t('app.more'));
  const search = h('input', { type: 'search', placeholder: t('source.search'), 'aria-label': t('source.search') });
  const facts = h('div', { class: 'facts' });
  let status = '';
  /** @type {string | null} */
  let cursor = null;

  const load = async (/** @type {boolean} */ isFirst) => {
    const page = await attempt(get(withQuery(`/api/sources/${id}/pages`, { status, q: search.value.trim(), cursor: isFirst ? null : cursor, limit: 50 })));
    if (!page) return;
    cursor = page.next_cursor;
    more.hidden = !cursor;
    const rows = page.data.map(pageRow);
    fill(list, isFirst ? rows : [...list.children, ...rows], list.children.length + rows.length === 0 && empty('file', t('source.nothing')));
    if (isFirst && rows.length === 0) fill(list, empty('file', t('source.nothing')));
  };
  const refresh = async () => {
    const now = await get(`/api/sources/${id}`).catch(() => null);
    if (!now) return;
    Object.assign(source, now);
    fill(facts, statusBadge(now.status), now.url && h('a', { href: safeLink(now.url)?.href, target: '_blank', rel: 'noopener noreferrer' }, honest(now.url)),
      h('span', { class: 'quiet' }, t('sources.chunks', { n: now.chunk_count })), now.error && h('span', { class: 'fault' }, honest(now.error)));
    bar.element.hidden = !isBusy(now) || now.type !== 'url';
    if (!bar.element.hidden) bar.update(await get(`/api/crawl/${id}`).catch(() => ({})));
  };
  more.addEventListener('click', () => void load(false));
  search.addEventListener('input', debounce(() => void load(true)));
  const endFeed = on('feed', (event) => {
    if (event.data_source_id === id) bar.update(event);
  });
  let wasBusy = isBusy(source);
  const timer = window.setInterval(async () => {
    if (!wasBusy) return;
    await refresh();
    wasBusy = isBusy(source);
    await load(true);
  }, ASK_MS);
  const filters = h('div', { class: 'segmented', role: 'group', 'aria-label': t('source.filter') }, ['', 'indexed', 'skipped', 'failed'].map((name) =>
    h('button', { type: 'button', 'aria-pressed': String(name === status), onclick: (/** @type {MouseEvent} */ event) => {
      status = name;
      for (const button of filters.children) button.setAttribute('aria-pressed', String(button === event.currentTarget));
      void load(true);
    } }, t(`source.filter.${name || 'all'}`))));
  await refresh();
  void load(true);
  const act = (/** @type {string} */ what) => async () => {
    await attempt(post(`/api/sources/${id}/${what}`, {}));
    wasBusy = true;
    await refresh();
  };
  const actions = source.type === 'url' ? [h('button', { type: 'button', class: 'button', onclick: act('crawl') }, icon('redo'), t('sources.recrawl'))] : [];
  return {
    element: column(back(`/agents/${source.agent_id}`), facts, bar.element,
      source.type === 'url' && h('div', { class: 'button-row' }, filters, search), list, more),
    title: honest(source.title || source.url || ''), actions,
    hide: () => {
      clearInterval(timer);
      endFeed();
    },
  };
}

/** @param {string} path */
export const back = (path) => h('a', { class: 'back', href: path }, icon('left'), t('app.back'));

/** @param {() => void} act */
function debounce(act) {
  let timer = 0;
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(act, 250);
  };
}

/** @param {SitePage} page */
function pageRow(page) {
  return h('a', { class: 'page-row', href: `/pages/${page.id}` },
    h('span', { class: 'page-row-head' }, h('strong', null, honest(page.title || page.url || '')), statusBadge(page.status)),
    page.url && h('small', { class: 'page-url' }, honest(page.url)),
    h('small', { class: 'quiet' }, honest(page.detail || page.preview?.slice(0, 200) || '')));
}

/** @param {string} id */
export async function readPage(id) {
  const page = /** @type {SitePage} */ (await get(`/api/pages/${id}`));
  const url = page.url ? safeLink(page.url) : null;
  const chunks = page.chunks ?? [];
  const body = h('div', { class: 'page-text', dir: 'auto' });
  const text = () => fill(body, page.content ? h('pre', { class: 'plain' }, honest(page.content)) : empty('file', page.detail ?? t('source.nothing')));
  const inChunks = () => fill(body, chunks.map((chunk) => h('section', { class: 'chunk' },
    h('h3', null, badge(`#${chunk.position}`), ' ', honest(chunk.heading ?? '')), h('pre', { class: 'plain' }, honest(chunk.content)))));
  const toggle = h('div', { class: 'segmented', role: 'group', 'aria-label': t('source.view') }, [['text', text], ['chunks', inChunks]].map(([name, draw], i) =>
    h('button', { type: 'button', 'aria-pressed': String(i === 0), onclick: (/** @type {MouseEvent} */ event) => {
      for (const button of toggle.children) button.setAttribute('aria-pressed', String(button === event.currentTarget));
      /** @type {() => void} */ (draw)();
    } }, t(`source.view.${name}`, { n: chunks.length }))));
  text();
  return {
    element: column(back(`/sources/${page.source_id}`),
      h('div', { class: 'facts' }, statusBadge(page.status), page.http_status && badge(`HTTP ${page.http_status}`),
        url && h('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer' }, honest(page.url ?? '')),
        page.fetched_at && h('span', { class: 'quiet' }, ago(page.fetched_at)), page.detail && h('span', { class: 'quiet' }, honest(page.detail))),
      h('div', null, toggle), body),
    title: honest(page.title || page.url || ''),
  };
}

