/* For admins: queues, jobs, workers, users. What is shown is asked for again while somebody looks. */

import { agentName } from './message.js';
import { ago, badge, column, duration, empty, field, select, tabs } from './parts.js';
import { attempt, copyText } from '../ui.js';
import { count, t, timeOf } from '../words.js';
import { fill, h, icon, iconButton } from '../dom.js';
import { get, newKey, patch, post, Problem, withQuery } from '../api.js';
import { honest } from '../markdown.js';
import { agentOf, state } from '../store.js';

const ASK_MS = 3000;
const KEPT = 60; // readings of a chart
const SVG = 'http://www.w3.org/2000/svg';
const STATES = ['available', 'running', 'scheduled', 'retryable', 'completed', 'discarded', 'cancelled'];
/** @type {Record<string, string>} */
const TONES = { running: 'accent', completed: 'good', discarded: 'bad', retryable: 'warn', cancelled: '' };

/** @typedef {(name: string) => HTMLElement} Head */

/** @param {string} tab */
export async function adminPage(tab) {
  if (state.me?.role !== 'admin') throw new Problem(404, '');
  /** @type {{load: () => Promise<void>} | null} */
  let shown = null;
  const show = (/** @type {() => {element: HTMLElement, load: () => Promise<void>}} */ make) => () => {
    const panel = make();
    shown = panel;
    void panel.load();
    return panel.element;
  };
  // Only while somebody looks.
  const timer = window.setInterval(() => {
    if (document.visibilityState === 'visible') void shown?.load();
  }, ASK_MS);
  const body = tabs([
    { id: 'queues', label: t('admin.queues'), show: show(queues) },
    { id: 'jobs', label: t('admin.jobs'), show: show(jobs) },
    { id: 'workers', label: t('admin.workers'), show: show(workers) },
    { id: 'users', label: t('admin.users'), show: show(users) },
    { id: 'use', label: t('admin.use'), show: show(use) },
  ], tab || 'queues', t('side.admin'));
  return { element: column(body), title: t('side.admin'), hide: () => clearInterval(timer) };
}

/**
 * @param {string} label
 * @param {string[]} names
 */
function table(label, names) {
  const rows = h('tbody');
  const element = h('div', { class: 'table-box', tabindex: '0', role: 'group', 'aria-label': label }, h('table', { class: 'data-table' },
    h('thead', null, h('tr', null, names.map((name) => h('th', { scope: 'col' }, name ? t(name) : h('span', { class: 'hidden-text' }, t('admin.acts')))))), rows));
  return { element, rows };
}

/** @param {number} seconds */
const age = (seconds) => (seconds < 1 ? '–' : seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`);

/* ---- queues ----------------------------------------------------------------------------- */

function queues() {
  const list = h('div', { class: 'cards' });
  /** @type {Map<string, {depths: number[], rates: number[]}>} */
  const readings = new Map();
  const load = async () => {
    const page = await get('/api/admin/queues').catch(() => null);
    if (!page) return;
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.queue : undefined;
    fill(list, page.data.map((/** @type {any} */ queue) => {
      const before = readings.get(queue.name);
      const rate = queue.kinds.reduce((/** @type {number} */ sum, /** @type {any} */ kind) => sum + kind.per_minute, 0);
      const seen = { depths: [...(before?.depths ?? []), queue.available + queue.retryable].slice(-KEPT), rates: [...(before?.rates ?? []), rate].slice(-KEPT) };
      readings.set(queue.name, seen);
      return queueCard(queue, seen, load);
    }));
    if (focused) /** @type {HTMLElement | null} */ (list.querySelector(`[data-queue="${CSS.escape(focused)}"]`))?.focus();
  };
  return { element: list, load };
}

/** @param {any} queue @param {{depths: number[], rates: number[]}} seen @param {() => Promise<void>} reload */
function queueCard(queue, seen, reload) {
  const number = (/** @type {string} */ name) => h('div', { class: 'fact' }, h('small', { class: 'quiet' }, t(`admin.${name}`)), h('strong', null, count(queue[name])));
  const label = t(queue.paused ? 'admin.resume' : 'admin.pause');
  return h('section', { class: 'card plain-card' },
    h('div', { class: 'card-head' }, h('strong', null, queue.name), queue.paused && badge(t('admin.paused'), 'warn'), h('span', { class: 'grow' }),
      iconButton(queue.paused ? 'play' : 'pause', `${label}: ${queue.name}`, () => void attempt(post(`/api/admin/queues/${queue.name}/${queue.paused ? 'resume' : 'pause'}`)).then(reload),
        { dataset: { queue: queue.name } })),
    h('div', { class: 'charts' }, labelled(seen.depths, t('admin.depth')), labelled(seen.rates, t('admin.rate'))),
    h('div', { class: 'facts' }, ['available', 'running', 'scheduled', 'retryable', 'discarded'].map(number),
      h('div', { class: 'fact' }, h('small', { class: 'quiet' }, t('admin.oldest')), h('strong', null, age(queue.oldest_s)))),
    queue.kinds.length > 0 && h('small', { class: 'quiet' }, queue.kinds.map((/** @type {any} */ kind) => h('div', null, t('admin.kind_times', {
      kind: kind.kind, n: count(kind.completed), wait: duration(kind.wait_ms?.p95 ?? null), run: duration(kind.run_ms?.p95 ?? null) })))));
}

/** @param {number[]} values @param {string} label */
const labelled = (values, label) => h('figure', { class: 'labelled' }, chart(values, label),
  h('figcaption', { class: 'quiet' }, h('span', null, label), h('strong', null, count(Math.round(values.at(-1) ?? 0)))));

/** A line of numbers, the newest at the right. @param {number[]} values @param {string} label */
function chart(values, label) {
  const most = Math.max(1, ...values);
  const points = values.map((value, i) => `${((KEPT - values.length + i) / (KEPT - 1)) * 200},${38 - (value / most) * 34}`);
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 200 40');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('class', 'chart');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', `${label}: ${values.at(-1) ?? 0}`);
  const line = document.createElementNS(SVG, 'polyline');
  line.setAttribute('points', points.length > 1 ? points.join(' ') : `0,38 200,38`);
  svg.append(line);
  return svg;
}

/* ---- jobs ------------------------------------------------------------------------------- */

function jobs() {
  let wanted = 'running';
  /** @type {string | null} */
  let cursor = null;
  let isFirst = true;
  const { element, rows } = table(t('admin.jobs'), ['admin.kind', 'admin.state', 'admin.attempt', 'admin.made', 'admin.error', '']);
  const none = empty('clock', t('admin.no_jobs'));
  const more = h('button', { type: 'button', class: 'button', hidden: true, onclick: async () => {
    const page = await attempt(get(withQuery('/api/jobs', { state: wanted, limit: 50, cursor })));
    if (!page) return;
    isFirst = false;
    cursor = page.next_cursor;
    more.hidden = !cursor;
    rows.append(...page.data.map((/** @type {any} */ job) => jobRow(job, load)));
  } }, t('app.more'));
  const load = async () => {
    if (!isFirst) return;
    const page = await get(withQuery('/api/jobs', { state: wanted, limit: 50 })).catch(() => null);
    if (!page || rows.contains(document.activeElement)) return;
    cursor = page.next_cursor;
    more.hidden = !cursor;
    fill(rows, page.data.map((/** @type {any} */ job) => jobRow(job, load)));
    none.hidden = page.data.length > 0;
    element.hidden = page.data.length === 0;
  };
  const filter = h('div', { class: 'segmented', role: 'group', 'aria-label': t('admin.state') }, STATES.map((name) =>
    h('button', { type: 'button', 'aria-pressed': String(name === wanted), onclick: (/** @type {MouseEvent} */ event) => {
      wanted = name;
      isFirst = true;
      for (const button of filter.children) button.setAttribute('aria-pressed', String(button === event.currentTarget));
      void load();
    } }, t(`admin.${name}`))));
  return { element: h('div', { class: 'stack' }, h('div', { class: 'table-box' }, filter), element, none, h('div', null, more)), load };
}

/** @param {any} job @param {() => Promise<void>} reload */
function jobRow(job, reload) {
  const act = (/** @type {string} */ what) => (/** @type {MouseEvent} */ event) => {
    if (event.currentTarget instanceof HTMLElement) event.currentTarget.blur();
    void attempt(post(`/api/jobs/${job.id}/${what}`)).then(reload);
  };
  const canRetry = ['discarded', 'cancelled', 'retryable'].includes(job.state);
  const canCancel = ['available', 'scheduled', 'running', 'retryable'].includes(job.state);
  return h('tr', { dataset: { job: job.id } }, h('td', null, h('strong', null, job.kind), ' ', h('small', { class: 'quiet' }, job.queue)), h('td', null, badge(t(`admin.${job.state}`), TONES[job.state])),
    h('td', { class: 'number' }, `${job.attempt}/${job.max_attempts}`), h('td', { title: timeOf(job.created_at) }, ago(job.created_at)),
    h('td', { class: 'job-error' }, honest(job.error ?? job.message ?? '')),
    h('td', null, canRetry && iconButton('redo', t('admin.retry'), act('retry')), canCancel && iconButton('close', t('admin.cancel'), act('cancel'))));
}

/* ---- use ---------------------------------------------------------------------------------- */

/** What was asked in the last 30 days, by everybody: a line of days, and each agent. */
function use() {
  const days = h('div', { class: 'card plain-card' });
  const { element, rows } = table(t('admin.use'), ['trace.agent', 'admin.requests', 'trace.filter.failed', 'admin.tokens_in', 'admin.tokens_out', 'admin.p50', 'admin.p99']);
  let isLoaded = false;
  const load = async () => {
    if (isLoaded) return;
    const found = await get('/api/analytics?all=true').catch(() => null);
    if (!found) return;
    isLoaded = true;
    const ends = new Date(found.to).getTime();
    const counts = Array.from({ length: KEPT / 2 }, () => 0);
    /** @type {Map<string, any[]>} */
    const agents = new Map();
    for (const bucket of found.data) {
      const day = counts.length - 1 - Math.floor((ends - new Date(bucket.bucket).getTime()) / 86_400_000);
      if (day >= 0) counts[day] += bucket.requests;
      agents.set(bucket.agent_id ?? '', [...(agents.get(bucket.agent_id ?? '') ?? []), bucket]);
    }
    fill(days, h('div', { class: 'card-head' }, h('strong', null, t('admin.by_day')), h('span', { class: 'grow' }), badge(count(counts.reduce((a, b) => a + b, 0)), 'accent')),
      chart(counts.flatMap((n) => [n, n]), t('admin.by_day')));
    fill(rows, [...agents].map(([id, list]) => useRow(id, list)));
  };
  return { element: h('div', { class: 'stack' }, days, element), load };
}

/** Of agents that others keep to themselves admins know the id. @param {string} id */
const nameOf = (id) => (agentOf(id) ? agentName(id) : id ? t('admin.agent_of_another', { id: id.slice(-6) }) : t('admin.agent_deleted'));

/** @param {string} id @param {any[]} buckets */
function useRow(id, buckets) {
  const sum = (/** @type {string} */ name) => buckets.reduce((all, bucket) => all + bucket[name], 0);
  const worst = (/** @type {string} */ name) => Math.max(...buckets.map((bucket) => bucket.latency_ms[name] ?? 0)) || null;
  const cell = (/** @type {string | number} */ value) => h('td', { class: 'number' }, value);
  return h('tr', null, h('td', null, h('strong', null, nameOf(id))), cell(count(sum('requests'))), cell(count(sum('failed'))),
    cell(count(sum('input_tokens'))), cell(count(sum('output_tokens'))), cell(duration(worst('p50'))), cell(duration(worst('p99'))));
}

/* ---- workers and users -------------------------------------------------------------------- */

function workers() {
  const { element, rows } = table(t('admin.workers'), ['admin.host', 'admin.pid', 'admin.serves', 'admin.running', 'admin.made', 'admin.seen']);
  const load = async () => {
    const page = await get('/api/admin/workers').catch(() => null);
    if (page) fill(rows, page.data.map(workerRow));
  };
  return { element, load };
}

/** @param {any} worker */
function workerRow(worker) {
  return h('tr', null, h('td', null, h('strong', null, honest(worker.host))), h('td', { class: 'number' }, worker.pid),
    h('td', null, worker.queues || t('admin.all')), h('td', { class: 'number' }, count(worker.running)),
    h('td', null, ago(worker.started_at)), h('td', null, ago(worker.seen_at)));
}

function users() {
  const { element, rows } = table(t('admin.users'), ['auth.name', 'auth.email', 'admin.role', 'admin.made', '']);
  const none = h('p', { class: 'fault', role: 'alert' });
  let shown = 100;
  const more = h('button', { type: 'button', class: 'button', hidden: true, onclick: () => {
    shown += 100;
    void load();
  } }, t('app.more'));
  const load = async () => {
    if (rows.contains(document.activeElement)) return;
    /** @type {any[]} */
    const all = [];
    /** @type {string | null} */
    let cursor = null;
    do {
      /** @type {any} */
      const page = await get(withQuery('/api/users', { limit: 100, cursor })).catch((fault) => fault);
      if (page instanceof Error) {
        none.replaceChildren(page.message);
        return;
      }
      all.push(...page.data);
      cursor = page.next_cursor;
    } while (cursor && all.length < shown);
    more.hidden = !cursor;
    fill(rows, all.map((user) => userRow(user, load)));
  };
  return { element: h('div', { class: 'stack' }, element, h('div', null, more), none, invite()), load };
}

/** Somebody is let in by a link, which is shown once, and mailed where mail is sent. */
function invite() {
  const result = h('div');
  const email = h('input', { name: 'email', type: 'email', required: true, maxlength: 320 });
  const role = select('role', [{ value: 'user', label: t('admin.user') }, { value: 'admin', label: t('admin.admin') }], 'user');
  return h('form', { class: 'stack form', onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    const made = await attempt(post('/api/invitations', { email: email.value.trim(), role: role.value }, { key: newKey() }));
    if (!made) return;
    const copy = h('button', { type: 'button', class: 'button primary' }, icon('copy'), h('span', null, t('answer.copy')));
    copy.addEventListener('click', () => void copyText(copy, made.link));
    fill(result, h('div', { class: 'fresh-key', role: 'status' }, h('p', null, t('admin.invited')), h('code', { class: 'mono' }, made.link), copy));
  } }, h('h2', { class: 'section-title' }, t('admin.invite')), h('div', { class: 'two' }, field(t('auth.email'), email), field(t('admin.role'), role)),
  h('div', null, h('button', { type: 'submit', class: 'button' }, t('admin.invite'))), result);
}

/** @param {any} user @param {() => Promise<void>} reload */
function userRow(user, reload) {
  const change = (/** @type {any} */ what) => (/** @type {MouseEvent} */ event) => {
    if (event.currentTarget instanceof HTMLElement) event.currentTarget.blur();
    void attempt(patch(`/api/users/${user.id}`, what)).then(reload);
  };
  const isAdmin = user.role === 'admin';
  return h('tr', null, h('td', null, h('strong', null, honest(user.name))), h('td', { class: 'clipped', title: honest(user.email) }, honest(user.email)),
    h('td', null, badge(user.role, isAdmin ? 'accent' : ''), ' ', user.disabled && badge(t('admin.disabled'), 'bad')), h('td', { title: timeOf(user.created_at) }, ago(user.created_at)),
    h('td', null, user.id !== state.me?.id && h('span', { class: 'row-acts' },
      h('button', { type: 'button', class: 'button', onclick: change({ role: isAdmin ? 'user' : 'admin' }) }, icon('key'), t(isAdmin ? 'admin.make_user' : 'admin.make_admin')),
      h('button', { type: 'button', class: 'button', onclick: change({ disabled: !user.disabled }) }, t(user.disabled ? 'admin.enable' : 'admin.disable')))));
}
