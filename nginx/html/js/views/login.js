/* Sign-in and registration. */

import { call, Problem } from '../api.js';
import { h, say } from '../dom.js';
import { t } from '../words.js';

/**
 * @param {HTMLElement} root
 * @param {{notice?: string, done: (user: import('../types.js').User) => void}} options
 */
export function showLogin(root, options) {
  let registers = location.pathname === '/register';
  const draw = () => {
    root.replaceChildren(page(registers, options, () => {
      registers = !registers;
      draw();
    }));
    /** @type {HTMLElement | null} */ (root.querySelector('input:not([type=hidden])'))?.focus();
  };
  draw();
}

/**
 * @param {boolean} registers
 * @param {{notice?: string, done: (user: import('../types.js').User) => void}} options
 * @param {() => void} change
 */
function page(registers, options, change) {
  const fault = h('p', { class: 'form-fault', role: 'alert' });
  const button = h('button', { type: 'submit', class: 'button primary wide' }, t(registers ? 'auth.register' : 'auth.sign_in'));
  const form = h('form', { class: 'login-form', novalidate: true, onsubmit: (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    void submit(form, registers, fault, button, options.done);
  } },
  registers && field('name', t('auth.name'), { autocomplete: 'name', maxlength: 200 }),
  field('email', t('auth.email'), { type: 'email', autocomplete: 'username', required: true, maxlength: 320, inputmode: 'email' }),
  field('password', t('auth.password'), {
    type: 'password', autocomplete: registers ? 'new-password' : 'current-password', required: true, maxlength: 1024,
  }, registers ? t('auth.password_hint') : ''),
  fault, button);
  return h('main', { class: 'login' },
    h('div', { class: 'login-card' },
      h('img', { src: '/img/icon.svg', alt: '', width: 44, height: 44 }),
      h('h1', null, t(registers ? 'auth.start' : 'auth.welcome')),
      h('p', { class: 'quiet' }, options.notice ?? t('auth.tagline')),
      form,
      h('p', { class: 'login-other' }, t(registers ? 'auth.to_sign_in' : 'auth.to_register'), ' ',
        h('button', { type: 'button', class: 'link-button', onclick: change }, t(registers ? 'auth.sign_in' : 'auth.register')))));
}

/**
 * @param {string} name
 * @param {string} label
 * @param {Record<string, any>} members
 * @param {string} [hint]
 */
function field(name, label, members, hint) {
  return h('div', { class: 'field' }, h('label', { for: `login-${name}` }, label),
    h('input', { id: `login-${name}`, name, type: 'text', 'aria-describedby': `login-${name}-hint`, ...members }),
    h('small', { id: `login-${name}-hint` }, hint ?? ''));
}

/**
 * @param {HTMLFormElement} form
 * @param {boolean} registers
 * @param {HTMLElement} fault
 * @param {HTMLButtonElement} button
 * @param {(user: import('../types.js').User) => void} done
 */
async function submit(form, registers, fault, button, done) {
  const values = new FormData(form);
  const body = { email: String(values.get('email')).trim(), password: String(values.get('password')) };
  const name = String(values.get('name') ?? '').trim();
  say(fault, '');
  button.disabled = true;
  try {
    const path = registers ? '/api/auth/register' : '/api/auth/login';
    const user = await call('POST', path, registers && name ? { ...body, name } : body, { quiet: true });
    done(user);
  } catch (problem) {
    say(fault, problem instanceof Problem ? problem.message : String(problem));
    button.disabled = false;
    /** @type {HTMLInputElement} */ (form.elements.namedItem('password')).select();
  }
}
