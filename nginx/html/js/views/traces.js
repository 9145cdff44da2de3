/* Traces: the list, and one as tree and waterfall on one time axis. */

import { ago, badge, column, duration, empty, select } from './parts.js';
import { agentName } from './message.js';
import { attempt, toast } from '../ui.js';
import { back } from './source.js';
import { count, t, timeOf } from '../words.js';
import { attribute, fill, h, icon, say } from '../dom.js';
import { get, post, withQuery } from '../api.js';
import { go } from '../router.js';
import { honest } from '../markdown.js';
import { on, state } from '../store.js';

/**
 * @typedef {object} Span
 * @property {string} span_id
 * @property {string | null} parent_id
 * @property {string} name
 * @property {string} kind
 * @property {string} source
 * @property {number} start_ms
 * @property {number | null} duration_ms
 * @property {string} status
 * @property {string | null} error
 * @property {Record<string, any>} attributes
 * @property {any} inputs
 * @property {any} outputs
 *
 * @typedef {object} Trace
 * @property {string} id
 * @property {string} request_id
 * @property {string} chat_id
 * @property {string | null} agent_id
 * @property {string} source
 * @property {string} status
 * @property {string | null} error
 * @property {string} started_at
 * @property {number} duration_ms
 * @property {number | null} time_to_first_token_ms
 * @property {number | null} input_tokens
 * @property {number | null} output_tokens
 * @property {any} summary
 * @property {any} upstream
 * @property {string | null} fetched_at
 * @property {Span[]} spans
 */

/** @type {Record<string, string>} */
const ICONS = { agent: 'agent', llm: 'spark', chat_model: 'spark', model: 'spark', tool: 'tool', retriever: 'search', retrieval: 'search', search: 'search', attempt: 'redo',
  queue: 'clock', wait: 'clock' };
const TONES = { completed: 'good', failed: 'bad', running: 'accent', cancelled: 'warn' };
const POLL_MS = 2000;

/** @param {string} status */
const tone = (status) => /** @type {Record<string, string>} */ (TONES)[status] ?? '';

/* ---- the list --------------------------------------------------------------------------- */

export async function tracesPage() {
  const list = h('tbody');
  const more = h('button', { type: 'button', class: 'button', hidden: true }, t('app.more'));
  let status = '';
  /** @type {string | null} */
  let cursor = null;
  let turn = 0;
  const load = async (/** @type {boolean} */ isFirst) => {
    const mine = ++turn;
    const page = await attempt(get(withQuery('/api/traces', { status, agent_id: agent.value, min_duration_ms: slow.value,
      cursor: isFirst ? null : cursor, limit: 50 })));
    if (!page || mine !== turn) return;
    cursor = page.next_cursor;
    more.hidden = !cursor;
    fill(list, isFirst ? [] : [...list.children], page.data.map(traceRow));
    table.hidden = list.children.length === 0;
    say(/** @type {HTMLElement} */ (none.querySelector('p')), t(status || agent.value || slow.value ? 'trace.no_match' : 'trace.none'));
    none.hidden = !table.hidden;
  };
  more.addEventListener('click', () => void load(false));
  const table = h('table', { class: 'data-table' }, h('thead', null, h('tr', null,
    ['started', 'agent', 'status', 'duration', 'first', 'tokens', 'spans'].map((name) => h('th', { scope: 'col' }, t(`trace.${name}`))))), list);
  const none = empty('trace', t('trace.none'));
  const agent = select('agent', [{ value: '', label: t('trace.any_agent') }, ...state.agents.map((a) => ({ value: a.id, label: honest(a.name) }))], '');
  const slow = select('slow', ['', '1000', '5000', '30000', '120000'].map((ms) =>
    ({ value: ms, label: ms ? t('trace.slower', { time: duration(Number(ms)) }) : t('trace.any_time') })), '');
  for (const choice of [agent, slow]) choice.addEventListener('change', () => void load(true));
  attribute(agent, 'aria-label', t('trace.agent'));
  attribute(slow, 'aria-label', t('trace.duration'));
  const wanted = h('input', { type: 'search', placeholder: t('trace.open'), 'aria-label': t('trace.open'), maxlength: 100, spellcheck: 'false' });
  const open = h('form', { role: 'search', onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    if (/^[0-9A-Za-z-]+$/.test(wanted.value.trim())) go(`/traces/${wanted.value.trim()}`);
  } }, wanted);
  const filters = h('div', { class: 'segmented', role: 'group', 'aria-label': t('trace.status') }, ['', 'completed', 'failed', 'cancelled'].map((name) =>
    h('button', { type: 'button', 'aria-pressed': String(name === status), onclick: (/** @type {MouseEvent} */ event) => {
      status = name;
      for (const button of filters.children) button.setAttribute('aria-pressed', String(button === event.currentTarget));
      void load(true);
    } }, t(`trace.filter.${name || 'all'}`))));
  await load(true);
  return { element: column(h('div', { class: 'button-row' }, filters, agent, slow, open), h('div', { class: 'table-box', tabindex: '0', role: 'group', 'aria-label': t('side.traces') }, table), none, more), title: t('side.traces') };
}

/** @param {Trace} trace */
function traceRow(trace) {
  return h('tr', null,
    h('td', null, h('a', { href: `/traces/${trace.id}`, title: timeOf(trace.started_at) }, ago(trace.started_at))),
    h('td', { class: 'clipped', title: agentName(trace.agent_id) }, agentName(trace.agent_id)), h('td', null, badge(trace.status, tone(trace.status))),
    h('td', { class: 'number' }, duration(trace.duration_ms)), h('td', { class: 'number' }, duration(trace.time_to_first_token_ms)),
    h('td', { class: 'number' }, tokens(trace)), h('td', { class: 'number' }, count(trace.summary?.spans ?? 0)));
}

/** @param {{input_tokens: number | null, output_tokens: number | null}} trace */
const tokens = (trace) => (trace.input_tokens === null && trace.output_tokens === null ? '–'
  : `${count(trace.input_tokens ?? 0)} → ${count(trace.output_tokens ?? 0)}`);

/* ---- one ---------------------------------------------------------------------------------- */

/** @param {string} id */
export async function tracePage(id) {
  let trace = /** @type {Trace} */ (await get(`/api/traces/${id}`));
  const facts = h('div', { class: 'facts' });
  const tree = h('div', { class: 'spans', role: 'tree', 'aria-label': t('trace.spans') });
  const detail = h('aside', { class: 'span-detail', 'aria-live': 'polite' });
  /** @type {Set<string>} */
  const closed = new Set();
  let chosen = trace.spans[0]?.span_id ?? '';
  const search = h('input', { type: 'search', placeholder: t('trace.search'), 'aria-label': t('trace.search'), maxlength: 200, oninput: () => draw() });
  const found = h('span', { class: 'quiet', role: 'status' });
  const draw = () => {
    drawFacts(facts, trace);
    fill(tree, ruler(trace), spanRows(trace, closed, chosen, pick, toggle));
    const hits = new Set(search.value.trim() ? trace.spans.filter((s) => has(s, search.value.trim())).map((s) => s.span_id) : []);
    for (const row of tree.querySelectorAll('[data-span]')) row.classList.toggle('hit', hits.has(/** @type {HTMLElement} */ (row).dataset.span ?? ''));
    say(found, search.value.trim() ? t('trace.hits', { n: hits.size }) : '');
    const span = trace.spans.find((s) => s.span_id === chosen);
    fill(detail, span && spanDetail(span));
  };
  const pick = (/** @type {string} */ spanId) => {
    chosen = spanId;
    draw();
    /** @type {HTMLElement | null} */ (tree.querySelector('[aria-selected=true]'))?.focus();
  };
  const toggle = (/** @type {string} */ spanId, /** @type {boolean} */ close) => {
    if (close) closed.add(spanId);
    else closed.delete(spanId);
    draw();
  };
  tree.addEventListener('keydown', (event) => treeKey(event, trace, closed, chosen, pick, toggle));
  const reload = async () => {
    trace = await get(`/api/traces/${id}`);
    draw();
  };
  const timer = window.setInterval(() => {
    if (trace.status === 'running' || trace.upstream?.status === 'pending') void reload().catch(() => {});
  }, POLL_MS);
  const endFeed = on('feed', (event) => {
    if (event.id === trace.request_id) void reload().catch(() => {});
  });
  const refresh = h('button', { type: 'button', class: 'button', onclick: async () => {
    const begun = await attempt(post(`/api/traces/${id}/refresh`));
    if (begun === undefined) return;
    toast(t('trace.refreshing'));
    await attempt(reload);
  } }, icon('redo'), t('trace.refresh'));
  const save = h('button', { type: 'button', class: 'button', onclick: () => download(trace) }, icon('download'), t('trace.download'));
  // Enter goes from one that has it to the next.
  search.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || !search.value.trim()) return;
    event.preventDefault();
    const hits = trace.spans.filter((s) => has(s, search.value.trim()));
    const next = hits[(hits.findIndex((s) => s.span_id === chosen) + 1) % hits.length];
    if (!next) return;
    closed.clear();
    chosen = next.span_id;
    draw();
    tree.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  });
  draw();
  return {
    element: column(back(`/c/${trace.chat_id}`), facts, h('div', { class: 'button-row' }, search, found), h('div', { class: 'trace-body' }, tree, detail)),
    title: t('trace.title', { name: agentName(trace.agent_id) }), actions: [refresh, save],
    hide: () => {
      clearInterval(timer);
      endFeed();
    },
  };
}

/** Whether a span says so anywhere: name, kind, error, inputs, outputs, attributes. @param {Span} span @param {string} words */
const has = (span, words) => JSON.stringify([span.name, span.kind, span.error, span.inputs, span.outputs, span.attributes]).toLowerCase()
  .includes(JSON.stringify(words).slice(1, -1).toLowerCase());

/** @param {HTMLElement} facts @param {Trace} trace */
function drawFacts(facts, trace) {
  const fact = (/** @type {string} */ name, /** @type {any} */ value) => h('div', { class: 'fact' }, h('small', { class: 'quiet' }, t(`trace.${name}`)), h('strong', null, value));
  fill(facts, badge(trace.status, tone(trace.status)), badge(trace.source === 'mlflow' ? 'MLflow' : t('app.name')),
    fact('duration', duration(trace.duration_ms)), fact('first', duration(trace.time_to_first_token_ms)), fact('tokens', tokens(trace)),
    fact('spans', count(trace.spans.length)), fact('started', timeOf(trace.started_at)),
    trace.fetched_at && fact('fetched', ago(trace.fetched_at)),
    trace.upstream?.error && h('p', { class: 'note fault' }, honest(String(trace.upstream.error))),
    trace.error && h('p', { class: 'note fault' }, icon('warn'), honest(trace.error)));
}

/** @param {Trace} trace */
const lengthOf = (trace) => Math.max(1, trace.duration_ms, ...trace.spans.map((s) => s.start_ms + (s.duration_ms ?? 0)));

/** @param {Trace} trace */
function ruler(trace) {
  const all = lengthOf(trace);
  return h('div', { class: 'span-row ruler', 'aria-hidden': 'true' }, h('span'), h('span', { class: 'span-track' },
    [0, 0.25, 0.5, 0.75].map((at) => h('small', { class: 'tick', style: { left: `${at * 100}%` } }, duration(all * at)))));
}

/**
 * The spans as rows, children below their parents.
 *
 * @param {Trace} trace
 * @param {Set<string>} closed
 */
function order(trace, closed) {
  const known = new Set(trace.spans.map((s) => s.span_id));
  /** @type {Map<string, Span[]>} */
  const children = new Map();
  for (const span of trace.spans) {
    const parent = span.parent_id && known.has(span.parent_id) ? span.parent_id : '';
    children.set(parent, [...(children.get(parent) ?? []), span]);
  }
  /** @type {{span: Span, depth: number, hasChildren: boolean}[]} */
  const rows = [];
  const walk = (/** @type {string} */ parent, /** @type {number} */ depth) => {
    const list = (children.get(parent) ?? []).sort((a, b) => a.start_ms - b.start_ms);
    for (const span of depth < 100 ? list : []) {
      rows.push({ span, depth, hasChildren: children.has(span.span_id) });
      if (!closed.has(span.span_id)) walk(span.span_id, depth + 1);
    }
  };
  walk('', 0);
  return rows;
}

/**
 * @param {Trace} trace
 * @param {Set<string>} closed
 * @param {string} chosen
 * @param {(id: string) => void} pick
 * @param {(id: string, close: boolean) => void} toggle
 */
function spanRows(trace, closed, chosen, pick, toggle) {
  const all = lengthOf(trace);
  return order(trace, closed).map(({ span, depth, hasChildren }) => {
    const isOpen = span.duration_ms === null;
    const left = Math.min(99.5, (span.start_ms / all) * 100);
    const width = Math.max(0.5, ((isOpen ? all - span.start_ms : span.duration_ms ?? 0) / all) * 100);
    const isBad = span.status === 'error';
    return h('div', { class: `span-row${isBad ? ' bad' : ''}`, role: 'treeitem', 'aria-level': depth + 1, 'aria-selected': String(span.span_id === chosen),
      'aria-expanded': hasChildren ? String(!closed.has(span.span_id)) : null, tabindex: span.span_id === chosen ? '0' : '-1',
      dataset: { span: span.span_id }, onclick: () => pick(span.span_id) },
    h('span', { class: 'span-name', style: { 'padding-inline-start': `min(${depth * 1.125}rem, 50%)` } },
      hasChildren ? h('span', { class: `twisty${closed.has(span.span_id) ? '' : ' open'}`, onclick: (/** @type {Event} */ event) => {
        event.stopPropagation();
        toggle(span.span_id, !closed.has(span.span_id));
      } }, icon('right')) : h('span', { class: 'twisty' }),
      icon(/** @type {any} */ (ICONS[span.kind.toLowerCase()] ?? 'trace')), h('span', { class: 'span-label', title: honest(span.name) }, honest(span.name)),
      h('span', { class: 'hidden-text' }, `, ${span.kind}${isBad ? `, ${honest(span.error ?? span.status)}` : ''}`)),
    h('span', { class: 'span-track' },
      h('span', { class: `span-bar kind-${span.kind.toLowerCase().replace(/\W/g, '')}${isOpen ? ' open' : ''}`, style: { left: `${left}%`, width: `${Math.min(width, 100 - left)}%` } }),
      h('small', { class: `span-time${width > 25 ? ' inside' : ''}`, style: timeAt(left, width) }, duration(span.duration_ms))));
  });
}

/** Where a bar's time stands: in it, behind it, or before it. @param {number} left @param {number} width */
function timeAt(left, width) {
  if (width > 25) return { left: `${left}%` };
  return left + width > 75 ? { right: `${100 - left}%` } : { left: `${left + width}%` };
}

/**
 * @param {KeyboardEvent} event
 * @param {Trace} trace
 * @param {Set<string>} closed
 * @param {string} chosen
 * @param {(id: string) => void} pick
 * @param {(id: string, close: boolean) => void} toggle
 */
function treeKey(event, trace, closed, chosen, pick, toggle) {
  const rows = order(trace, closed);
  const at = rows.findIndex((row) => row.span.span_id === chosen);
  if (at < 0) return;
  /** @type {Record<string, () => void>} */
  const keys = {
    ArrowDown: () => rows[at + 1] && pick(rows[at + 1].span.span_id),
    ArrowUp: () => rows[at - 1] && pick(rows[at - 1].span.span_id),
    Home: () => pick(rows[0].span.span_id),
    End: () => pick(rows[rows.length - 1].span.span_id),
    ArrowLeft: () => (rows[at].hasChildren && !closed.has(chosen) ? toggle(chosen, true) : rows[at].span.parent_id && pick(rows[at].span.parent_id)),
    ArrowRight: () => toggle(chosen, false),
  };
  if (!keys[event.key]) return;
  event.preventDefault();
  keys[event.key]();
  /** @type {HTMLElement | null} */ (/** @type {HTMLElement} */ (event.currentTarget).querySelector('[aria-selected=true]'))?.focus();
}

/** @param {Span} span */
function spanDetail(span) {
  const part = (/** @type {string} */ name, /** @type {any} */ value) => {
    const isNothing = value === null || value === undefined || (typeof value === 'object' && Object.keys(value).length === 0);
    return !isNothing && h('section', null, h('h3', null, t(`trace.${name}`)), readable(value));
  };
  return h('div', { class: 'stack' }, h('h2', null, honest(span.name)),
    h('div', { class: 'facts' }, badge(span.kind), badge(span.status, span.status === 'error' ? 'bad' : ''), badge(duration(span.duration_ms)), badge(`+${duration(span.start_ms)}`)),
    span.error && h('p', { class: 'fault' }, honest(span.error)),
    part('inputs', span.inputs), part('outputs', span.outputs), part('attributes', span.attributes));
}

/** Texts as they read, conversations by who spoke, the rest as JSON. @param {any} value @returns {any} */
function readable(value) {
  if (isConversation(value)) {
    return value.map((/** @type {any} */ { role, content, ...rest }) => [h('h4', null, honest(role)), content && plain(content), Object.keys(rest).length > 0 && plain(rest)]);
  }
  const members = value !== null && typeof value === 'object' && !Array.isArray(value) ? Object.entries(value) : [];
  if (!members.some(([, member]) => isConversation(member) || /\n/.test(member))) return plain(value);
  return members.map(([name, member]) => [h('h4', null, honest(name)), isConversation(member) ? readable(member) : plain(member)]);
}

/** @param {any} value */
const isConversation = (value) => Array.isArray(value) && value.length > 0 && value.every((turn) => typeof turn?.role === 'string');

/** @param {any} value */
const plain = (value) => h('pre', { class: 'plain', tabindex: '0', dir: 'auto' }, honest(typeof value === 'string' ? value : JSON.stringify(value, null, 2)));

/** @param {Trace} trace */
function download(trace) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(trace, null, 2)], { type: 'application/json' }));
  const anchor = h('a', { href: url, download: `trace-${trace.id}.json` });
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
