/* What an agent knows: its sources, and how the reading of websites goes, live. */

import { ago, badge, empty, field, select, showFaults } from './parts.js';
import { ask, attempt, menu, openDialog } from '../ui.js';
import { call, get, newKey, post, Problem, remove, withQuery } from '../api.js';
import { count, t } from '../words.js';
import { fill, h, icon, iconButton, say } from '../dom.js';
import { go } from '../router.js';
import { honest } from '../markdown.js';
import { on } from '../store.js';

/**
 * @typedef {object} Source
 * @property {string} id
 * @property {'text' | 'url' | 'file'} type
 * @property {string} title
 * @property {string} [url]
 * @property {string} status
 * @property {string | null} error
 * @property {number} [page_count]
 * @property {number} chunk_count
 * @property {number} [max_pages]
 * @property {string} updated_at
 *
 * @typedef {object} Crawl
 * @property {string} status
 * @property {number} progress
 * @property {Record<string, number>} pages
 * @property {string | null} message
 */

const ASK_MS = 2500;
const BUSY = new Set(['queued', 'indexing', 'crawling', 'running', 'paused']);

/** @param {Source | Crawl} thing */
export const isBusy = (thing) => BUSY.has(thing.status);

/**
 * @param {import('../types.js').Agent} agent
 * @param {(() => void)[]} ends what is to be ended with the page
 */
export function sourcesPanel(agent, ends) {
  const list = h('div', { class: 'stack' });
  /** @type {Map<string, ReturnType<typeof sourceRow>>} */
  const rows = new Map();
  const load = async () => {
    const page = await attempt(get(withQuery(`/api/agents/${agent.id}/sources`, { limit: 100 })));
    if (!page) return;
    fill(list, page.data.length === 0 && empty('source', t('sources.none')), page.data.map((/** @type {Source} */ source) => {
      const row = rows.get(source.id) ?? sourceRow(source, load);
      rows.set(source.id, row);
      row.update(source);
      return row.element;
    }));
  };
  ends.push(on('feed', (event) => {
    if (!event.data_source_id || event.agent_id !== agent.id) return;
    const row = rows.get(event.data_source_id);
    if (row) row.progress(event);
    else void load(); // added by somebody else, or elsewhere
  }));
  const timer = window.setInterval(() => {
    if ([...rows.values()].some((row) => row.isBusy())) void load();
  }, ASK_MS);
  ends.push(() => clearInterval(timer));
  void load();
  const add = (/** @type {() => Promise<unknown>} */ dialog) => () => void dialog().then((made) => made && load());
  return h('div', { class: 'stack' }, h('div', { class: 'button-row' },
    h('button', { type: 'button', class: 'button primary', onclick: add(() => addWebsite(agent)) }, icon('source'), t('sources.add_site')),
    h('button', { type: 'button', class: 'button', onclick: add(() => addText(agent)) }, icon('edit'), t('sources.add_text')),
    h('button', { type: 'button', class: 'button', onclick: add(() => addFile(agent)) }, icon('file'), t('sources.add_file'))), list);
}

/** @param {Source} first @param {() => Promise<void>} reload */
function sourceRow(first, reload) {
  let source = first;
  const bar = progressBar();
  const state = h('span', { class: 'source-state' });
  const facts = h('small', { class: 'quiet' });
  const more = iconButton('more', t('sources.menu', { title: first.title || first.url || '' }), () => sourceMenu(more, source, reload),
    { 'aria-haspopup': 'menu', 'aria-expanded': 'false' });
  const element = h('div', { class: 'source-row' },
    h('span', { class: 'card-icon' }, icon(first.type === 'url' ? 'source' : first.type === 'file' ? 'file' : 'edit')),
    h('div', { class: 'source-main' }, h('a', { href: `/sources/${first.id}` }, honest(first.title || first.url || '')), facts, bar.element), state, more);
  const update = (/** @type {Source} */ now) => {
    source = now;
    const pages = now.page_count === undefined ? '' : `${t('sources.pages', { n: now.page_count })} · `;
    say(facts, now.error ? honest(now.error) : `${pages}${t('sources.chunks', { n: now.chunk_count })} · ${ago(now.updated_at)}`);
    facts.classList.toggle('fault', Boolean(now.error));
    fill(state, statusBadge(now.status));
    bar.element.hidden = !isBusy(now) || now.type !== 'url';
    if (isBusy(now) && now.type === 'url') void get(`/api/crawl/${now.id}`).then(bar.update, () => {});
  };
  return { element, update, progress: (/** @type {any} */ event) => {
    bar.element.hidden = false;
    bar.update(event);
    if (event.progress === 100) void reload();
  }, isBusy: () => isBusy(source) };
}

/** @param {string} status */
export function statusBadge(status) {
  const tone = /ready|indexed|completed/.test(status) ? 'good' : /failed/.test(status) ? 'bad' : BUSY.has(status) ? 'accent' : '';
  return badge(status.replaceAll('_', ' '), tone);
}

/** How far a crawl is: bar, counts, and what is read now. */
export function progressBar() {
  const bar = h('progress', { max: 100, value: 0, 'aria-label': t('crawl.progress') });
  const message = h('small', { class: 'crawl-message' });
  const counts = h('small', { class: 'quiet' });
  const page = h('small', { class: 'page-url' });
  const element = h('div', { class: 'crawl' }, bar, message, page, counts);
  const update = (/** @type {any} */ crawl) => {
    bar.value = crawl.progress ?? 0;
    // Only the feed says which page was read last.
    if (crawl.url) say(page, honest(crawl.url));
    say(message, honest(crawl.message ?? ''));
    const pages = crawl.pages ?? {};
    say(counts, ['found', 'fetched', 'indexed', 'unchanged', 'skipped', 'failed'].filter((name) => pages[name])
      .map((name) => t(`crawl.${name}`, { n: count(pages[name]) })).join(' · '));
  };
  return { element, update };
}

/**
 * @param {HTMLElement} anchor
 * @param {Source} source
 * @param {() => Promise<void>} reload
 */
function sourceMenu(anchor, source, reload) {
  const act = (/** @type {string} */ what) => () => void attempt(post(`/api/sources/${source.id}/${what}`, what === 'crawl' ? {} : undefined)).then(reload);
  menu(anchor, [
    { label: t('sources.look'), icon: 'file', act: () => go(`/sources/${source.id}`) },
    ...(source.type === 'url' ? crawlActs(source, act) : []),
    null,
    { label: t('sources.delete'), icon: 'trash', danger: true, act: () => void destroy(source, reload) },
  ]);
}

/** @param {Source} source @param {(what: string) => () => void} act */
function crawlActs(source, act) {
  if (source.status === 'paused') return [{ label: t('admin.resume'), icon: 'play', act: act('resume') }, { label: t('admin.cancel'), icon: 'close', act: act('cancel') }];
  if (isBusy(source)) return [{ label: t('admin.pause'), icon: 'pause', act: act('pause') }, { label: t('admin.cancel'), icon: 'close', act: act('cancel') }];
  return [{ label: t('sources.recrawl'), icon: 'redo', act: act('crawl') }];
}

/** @param {Source} source @param {() => Promise<void>} reload */
async function destroy(source, reload) {
  const sure = await ask({ title: t('sources.delete'), text: t('sources.delete_sure', { title: source.title || source.url || '' }),
    submit: t('sources.delete'), danger: true });
  if (sure) await attempt(remove(`/api/sources/${source.id}`)).then(reload);
}

/* ---- adding ----------------------------------------------------------------------------- */

/**
 * @param {string} title
 * @param {any[]} fields
 * @param {(values: FormData, key: string) => Promise<unknown>} send
 * @returns {Promise<boolean>}
 */
function addDialog(title, fields, send) {
  const key = newKey();
  return new Promise((resolve) => {
    const button = h('button', { type: 'submit', class: 'button primary' }, t('sources.add'));
    const form = h('form', { novalidate: true, onsubmit: async (/** @type {Event} */ event) => {
      event.preventDefault();
      button.disabled = true;
      try {
        await send(new FormData(form), key);
        resolve(true);
        dialog.close();
      } catch (fault) {
        showFaults(form, fault instanceof Problem ? fault : new Problem(0, String(fault)));
      } finally {
        button.disabled = false;
      }
    } }, h('h2', null, title), fields, h('p', { class: 'form-fault', role: 'alert' }),
    h('div', { class: 'dialog-buttons' }, h('button', { type: 'button', class: 'button', onclick: () => dialog.close() }, t('app.cancel')), button));
    const dialog = openDialog(form, { label: title });
    dialog.addEventListener('close', () => resolve(false));
  });
}

/** @param {import('../types.js').Agent} agent */
function addWebsite(agent) {
  const lines = (/** @type {FormDataEntryValue | null} */ value) => String(value ?? '').split('\n').map((line) => line.trim()).filter(Boolean);
  return addDialog(t('sources.add_site'), [
    field(t('sources.url'), h('input', { name: 'url', type: 'url', required: true, placeholder: 'https://docs.example.com/', inputmode: 'url' })),
    h('div', { class: 'two' },
      field(t('sources.max_pages'), h('input', { name: 'max_pages', type: 'number', min: 1, value: 50 })),
      field(t('sources.recrawl_every'), select('recrawl_every', ['never', 'daily', 'weekly', 'monthly'].map((v) => ({ value: v, label: t(`sources.every.${v}`) })), 'never'))),
    h('details', { class: 'advanced' }, h('summary', null, icon('chevron'), t('sources.more')), h('div', { class: 'stack' },
      field(t('sources.max_depth'), h('input', { name: 'max_depth', type: 'number', min: 0 })),
      field(t('sources.include'), h('textarea', { name: 'include', rows: 2 }), t('sources.pattern_hint')),
      field(t('sources.exclude'), h('textarea', { name: 'exclude', rows: 2 })),
      h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'use_sitemap', checked: true }), t('sources.sitemap')))),
  ], (values, key) => post(`/api/agents/${agent.id}/sources`, {
    type: 'url', url: String(values.get('url')).trim(), max_pages: Number(values.get('max_pages')) || 50, recrawl_every: values.get('recrawl_every'),
    max_depth: values.get('max_depth') ? Number(values.get('max_depth')) : null, include: lines(values.get('include')), exclude: lines(values.get('exclude')),
    use_sitemap: values.has('use_sitemap'),
  }, { key }));
}

/** @param {import('../types.js').Agent} agent */
function addText(agent) {
  return addDialog(t('sources.add_text'), [
    field(t('sources.title'), h('input', { name: 'title', required: true, maxlength: 300 })),
    field(t('sources.content'), h('textarea', { name: 'content', rows: 10, required: true }), t('sources.content_hint')),
  ], (values, key) => post(`/api/agents/${agent.id}/sources`, { type: 'text', title: values.get('title'), content: values.get('content') }, { key }));
}

/** @param {import('../types.js').Agent} agent */
function addFile(agent) {
  return addDialog(t('sources.add_file'), [
    field(t('sources.file'), h('input', { name: 'file', type: 'file', required: true, accept: '.html,.htm,.md,.markdown,.txt,.pdf,.docx' }), t('sources.file_hint')),
  ], (values, key) => {
    values.set('type', 'file');
    return call('POST', `/api/agents/${agent.id}/sources`, null, { key, form: values });
  });
}
