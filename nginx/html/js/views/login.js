/* The way in: signing in, registering, also by invitation, and a forgotten password. */

import { call, Problem } from '../api.js';
import { h, say } from '../dom.js';
import { t } from '../words.js';
import { toast } from '../ui.js';

/** @typedef {'sign_in' | 'register' | 'forgot' | 'reset'} Mode */
/** @typedef {{notice?: string, done: (user: import('../types.js').User) => void}} Options */

/**
 * @param {HTMLElement} root
 * @param {Options} options
 */
export function showLogin(root, options) {
  // Links in mails carry their secret behind #, which browsers send to no server.
  const secrets = new URLSearchParams(location.hash.slice(1));
  const reset = secrets.get('reset');
  const invitation = secrets.get('invitation');
  const draw = (/** @type {Mode} */ mode) => {
    root.replaceChildren(page(mode, { ...options, reset, invitation }, draw));
    /** @type {HTMLElement | null} */ (root.querySelector('input'))?.focus();
  };
  draw(reset ? 'reset' : invitation || location.pathname === '/register' ? 'register' : 'sign_in');
}

/** @typedef {Options & {reset: string | null, invitation: string | null}} Secrets */

/** @type {Record<Mode, {title: string, submit: string, fields: string[]}>} */
const MODES = {
  sign_in: { title: 'auth.welcome', submit: 'auth.sign_in', fields: ['email', 'password'] },
  register: { title: 'auth.start', submit: 'auth.register', fields: ['name', 'email', 'new_password'] },
  forgot: { title: 'auth.forgot', submit: 'auth.send_link', fields: ['email'] },
  reset: { title: 'auth.choose', submit: 'settings.change', fields: ['new_password'] },
};

/**
 * @param {Mode} mode
 * @param {Secrets} options
 * @param {(mode: Mode) => void} change
 */
function page(mode, options, change) {
  const { title, submit, fields } = MODES[mode];
  const fault = h('p', { class: 'form-fault', role: 'alert' });
  const button = h('button', { type: 'submit', class: 'button primary wide' }, t(submit));
  const form = h('form', { class: 'login-form', novalidate: true, onsubmit: (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    void send(form, mode, fault, button, options, change);
  } }, fields.map(fieldOf), fault, button);
  const link = (/** @type {string} */ text, /** @type {Mode} */ to) =>
    h('button', { type: 'button', class: 'link-button', onclick: () => change(to) }, t(text));
  return h('main', { class: 'login' },
    h('div', { class: 'login-card' },
      h('img', { src: '/img/icon.svg', alt: '', width: 44, height: 44 }),
      h('h1', null, t(title)),
      h('p', { class: 'quiet' }, options.notice ?? t(mode === 'forgot' ? 'auth.forgot_hint' : 'auth.tagline')),
      form,
      mode === 'sign_in'
        ? h('p', { class: 'login-other' }, t('auth.to_register'), ' ', link('auth.register', 'register'), ' · ', link('auth.forgot', 'forgot'))
        : h('p', { class: 'login-other' }, t('auth.to_sign_in'), ' ', link('auth.sign_in', 'sign_in'))));
}

/** @type {Record<string, Record<string, any>>} */
const FIELDS = {
  name: { autocomplete: 'name', maxlength: 200 },
  email: { type: 'email', autocomplete: 'username', required: true, maxlength: 320, inputmode: 'email' },
  password: { type: 'password', autocomplete: 'current-password', required: true, maxlength: 1024 },
  new_password: { type: 'password', autocomplete: 'new-password', required: true, maxlength: 1024 },
};

/** @param {string} name */
function fieldOf(name) {
  const id = `login-${name}`;
  const isNew = name === 'new_password';
  return h('div', { class: 'field' }, h('label', { for: id }, t(isNew ? 'auth.password' : `auth.${name}`)),
    h('input', { id, name: isNew ? 'password' : name, type: 'text', 'aria-describedby': `${id}-hint`, ...FIELDS[name] }),
    h('small', { id: `${id}-hint` }, isNew ? t('auth.password_hint') : ''));
}

/**
 * @param {HTMLFormElement} form
 * @param {Mode} mode
 * @param {HTMLElement} fault
 * @param {HTMLButtonElement} button
 * @param {Secrets} options
 * @param {(mode: Mode) => void} change
 */
async function send(form, mode, fault, button, options, change) {
  const values = new FormData(form);
  const text = (/** @type {string} */ name) => String(values.get(name) ?? '').trim();
  const email = text('email');
  const password = String(values.get('password') ?? '');
  const ask = (/** @type {string} */ path, /** @type {object} */ body) => call('POST', path, body, { quiet: true });
  say(fault, '');
  button.disabled = true;
  try {
    if (mode === 'sign_in') {
      options.done(await ask('/api/auth/login', { email, password }));
    } else if (mode === 'register') {
      const name = text('name') || null;
      options.done(await ask('/api/auth/register', options.invitation ? { email, password, name, invitation: options.invitation } : { email, password, name }));
    } else {
      await (mode === 'forgot' ? ask('/api/auth/reset', { email }) : ask('/api/auth/reset/confirm', { token: options.reset, new_password: password }));
      toast(t(mode === 'forgot' ? 'auth.link_sent' : 'auth.password_changed'));
      change('sign_in');
    }
  } catch (problem) {
    say(fault, problem instanceof Problem ? problem.message : String(problem));
    button.disabled = false;
    /** @type {HTMLInputElement | null} */ (form.querySelector('[type=password]'))?.select();
  }
}
