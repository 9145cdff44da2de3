/* One's own account: name, password, notifications, sessions, keys. */

import { ago, badge, clearFaults, column, empty, field, select, showFaults } from './parts.js';
import { attempt, copyText, paint, toast } from '../ui.js';
import { fill, h, icon, iconButton } from '../dom.js';
import { get, newKey, patch, post, Problem, remove } from '../api.js';
import { honest } from '../markdown.js';
import { keep, kept } from '../keep.js';
import { state } from '../store.js';
import { t } from '../words.js';
import { transfers } from './transfers.js';

export async function settingsPage() {
  return { element: column(profile(), password(), look(), notifications(), section(t('transfer.title'), transfers()), keys(), sessions()), title: t('side.settings') };
}

/** @param {string} title @param {any[]} children */
const section = (title, ...children) => h('section', { class: 'stack form' }, h('h2', { class: 'section-title' }, title), children);

/**
 * @param {any[]} fields
 * @param {string} submit
 * @param {(values: FormData) => Promise<unknown>} send
 */
function smallForm(fields, submit, send) {
  const button = h('button', { type: 'submit', class: 'button' }, submit);
  const form = h('form', { class: 'stack', onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    button.disabled = true;
    clearFaults(form);
    try {
      await send(new FormData(form));
    } catch (fault) {
      showFaults(form, fault instanceof Problem ? fault : new Problem(0, String(fault)));
    } finally {
      button.disabled = false;
    }
  } }, fields, h('p', { class: 'form-fault', role: 'alert' }), h('div', null, button));
  return form;
}

function profile() {
  return section(t('settings.profile'), smallForm([
    field(t('auth.name'), h('input', { name: 'name', value: state.me?.name, maxlength: 200, required: true, autocomplete: 'name' })),
  ], t('app.save'), async (values) => {
    state.me = await patch('/api/auth/me', { name: String(values.get('name')).trim() });
    toast(t('agent.saved'));
  }));
}

function password() {
  const form = smallForm([
    h('input', { type: 'text', name: 'username', autocomplete: 'username', value: state.me?.email, hidden: true }),
    h('div', { class: 'two' },
      field(t('settings.current'), h('input', { name: 'current_password', type: 'password', autocomplete: 'current-password', required: true })),
      field(t('settings.new'), h('input', { name: 'new_password', type: 'password', autocomplete: 'new-password', required: true, minlength: 8 }), t('auth.password_hint'))),
  ], t('settings.change'), async (values) => {
    await post('/api/auth/password', { current_password: values.get('current_password'), new_password: values.get('new_password') });
    form.reset();
    toast(t('settings.changed'));
  });
  return section(t('auth.password'), form);
}

function look() {
  const choice = select('look', ['', 'light', 'dark'].map((v) => ({ value: v, label: t(`settings.look.${v || 'system'}`) })), kept('look', ''));
  choice.addEventListener('change', () => {
    keep('look', choice.value);
    paint();
  });
  return section(t('settings.look'), field(t('settings.colours'), choice));
}

function notifications() {
  const box = h('input', { type: 'checkbox', checked: kept('notify', false) && Notification.permission === 'granted', onchange: async () => {
    if (box.checked && (await Notification.requestPermission()) !== 'granted') {
      box.checked = false;
      toast(t('settings.notify_refused'), { bad: true });
    }
    keep('notify', box.checked);
  } });
  return section(t('settings.notifications'), h('label', { class: 'check' }, box, t('settings.notify')));
}

/* ---- keys ------------------------------------------------------------------------------- */

function keys() {
  const list = h('div', { class: 'stack' });
  const fresh = h('div');
  const load = async () => {
    const page = await attempt(get('/api/keys?limit=100'));
    if (page) fill(list, page.data.length === 0 && empty('key', t('settings.no_keys')), page.data.map((/** @type {any} */ key) => keyRow(key, load)));
  };
  void load();
  return section(t('settings.keys'), h('p', { class: 'quiet' }, t('settings.keys_hint')), list, fresh, smallForm([
    h('div', { class: 'two' }, field(t('agent.name'), h('input', { name: 'name', required: true, maxlength: 200 })),
      field(t('settings.scope'), select('scope', ['read', 'write', 'admin'].map((v) => ({ value: v, label: t(`settings.scope.${v}`) })), 'write'))),
  ], t('settings.make_key'), async (values) => {
    const made = await post('/api/keys', { name: values.get('name'), scope: values.get('scope') }, { key: newKey() });
    const copy = h('button', { type: 'button', class: 'button primary' }, icon('copy'), h('span', null, t('answer.copy')));
    copy.addEventListener('click', () => void copyText(copy, made.key));
    fill(fresh, h('div', { class: 'fresh-key', role: 'status' }, h('p', null, t('settings.key_once')), h('code', { class: 'mono' }, made.key), copy));
    await load();
  }));
}

/** @param {any} key @param {() => Promise<void>} reload */
function keyRow(key, reload) {
  return h('div', { class: 'source-row' }, h('span', { class: 'card-icon' }, icon('key')),
    h('div', { class: 'source-main' }, h('strong', null, honest(key.name)),
      h('small', { class: 'quiet' }, `…${key.hint} · ${key.last_used_at ? t('settings.used', { when: ago(key.last_used_at) }) : t('settings.unused')}`)),
    badge(key.scope), iconButton('trash', t('settings.end_key', { name: key.name }), () => void attempt(remove(`/api/keys/${key.id}`)).then(reload)));
}

/* ---- sessions --------------------------------------------------------------------------- */

function sessions() {
  const list = h('div', { class: 'stack' });
  const load = async () => {
    const page = await attempt(get('/api/auth/sessions'));
    if (page) fill(list, page.data.map((/** @type {any} */ session) => sessionRow(session, load)));
  };
  void load();
  return section(t('settings.sessions'), list);
}

/** @param {any} session @param {() => Promise<void>} reload */
function sessionRow(session, reload) {
  const agent = String(session.user_agent ?? '');
  const name = /(Firefox|Edg|OPR|Chrome|Safari)\/?/.exec(agent)?.[1] ?? t('settings.unknown');
  return h('div', { class: 'source-row' }, h('span', { class: 'card-icon' }, icon('user')),
    h('div', { class: 'source-main' }, h('strong', null, honest(`${name} · ${session.address ?? ''}`)), h('small', { class: 'quiet' }, ago(session.last_seen_at))),
    session.current ? badge(t('settings.this'), 'good')
      : iconButton('out', t('settings.end_session'), () => void attempt(remove(`/api/auth/sessions/${session.id}`)).then(reload)));
}
