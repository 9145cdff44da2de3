/* What an agent is made of. */

import { field, select, showFaults } from './parts.js';
import { h, icon, say } from '../dom.js';
import { patch, post, Problem, newKey } from '../api.js';
import { t } from '../words.js';
import { toast } from '../ui.js';

/** @typedef {import('../types.js').Agent} Agent */

const KINDS = /** @type {const} */ (['extractive', 'chat_completions', 'responses']);
const VISIBILITIES = ['private', 'workspace', 'public'];

/**
 * @param {Agent | null} agent
 * @param {(agent: Agent) => Promise<void>} done
 */
export function agentForm(agent, done) {
  const key = newKey();
  const models = h('div', { class: 'stack' }, modelFields(agent));
  const button = h('button', { type: 'submit', class: 'button primary' }, t(agent ? 'app.save' : 'agents.create'));
  const form = h('form', { class: 'stack form', novalidate: true, onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    void save(form, agent, key, button, done);
  }, onchange: () => draw() },
  kindChoice(agent),
  field(t('agent.name'), h('input', { name: 'name', required: true, maxlength: 200, value: agent?.name, autocomplete: 'off' })),
  field(t('agent.description'), h('input', { name: 'description', maxlength: 2000, value: agent?.description }), t('agent.description_hint')),
  models,
  field(t('agent.visibility'), select('visibility', VISIBILITIES.map((v) => ({ value: v, label: t(`agent.visibility_long.${v}`) })),
    agent?.visibility ?? 'private')),
  field(t('agent.starters'), h('textarea', { name: 'starter_questions', rows: 3, value: agent?.starter_questions.join('\n') }), t('agent.starters_hint')),
  advancedFields(agent),
  h('p', { class: 'form-fault', role: 'alert' }),
  h('div', null, button));
  const draw = () => {
    models.hidden = new FormData(form).get('kind') === 'extractive';
  };
  draw();
  return form;
}

/** @param {Agent | null} agent */
function kindChoice(agent) {
  return h('fieldset', { class: 'choices' }, h('legend', { class: 'label' }, t('agent.kind')), KINDS.map((kind) =>
    h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'kind', value: kind, checked: kind === (agent?.kind ?? 'chat_completions') }),
      h('span', null, h('strong', null, t(`agent.kind.${kind}`)), h('small', null, t(`agent.kind_hint.${kind}`))))));
}

/** @param {Agent | null} agent */
function modelFields(agent) {
  return [
    field(t('agent.endpoint'), h('input', { name: 'endpoint_url', type: 'url', inputmode: 'url', placeholder: 'https://models.example.com/v1',
      value: agent?.endpoint_url, maxlength: 2000 }), t('agent.endpoint_hint')),
    h('div', { class: 'two' },
      field(t('agent.model'), h('input', { name: 'model', value: agent?.model, maxlength: 200, autocomplete: 'off' })),
      field(t('agent.credential'), h('input', { name: 'credential', type: 'password', maxlength: 8000, autocomplete: 'off',
        placeholder: agent?.has_credential ? t('agent.credential_kept') : '' }), t('agent.credential_hint'))),
    field(t('agent.instructions'), h('textarea', { name: 'instructions', rows: 5, value: agent?.instructions, maxlength: 100000 }), t('agent.instructions_hint')),
    h('div', { class: 'three' },
      field(t('agent.temperature'), h('input', { name: 'temperature', type: 'number', min: 0, max: 2, step: 0.1, value: agent?.temperature })),
      field(t('agent.max_tokens'), h('input', { name: 'max_output_tokens', type: 'number', min: 1, value: agent?.max_output_tokens })),
      field(t('agent.history'), h('input', { name: 'history_limit', type: 'number', min: 0, max: 1000, value: agent?.history_limit ?? 10 }))),
  ];
}

/** What most agents do without. @param {Agent | null} agent */
function advancedFields(agent) {
  return h('details', { class: 'advanced', open: Boolean(agent?.embeddings_url) }, h('summary', null, icon('chevron'), t('agent.advanced')),
    h('fieldset', { class: 'stack' }, h('legend', { class: 'label' }, t('agent.embeddings')),
      h('p', { class: 'quiet' }, t('agent.embeddings_lead')),
      field(t('agent.embeddings_url'), h('input', { name: 'embeddings_url', type: 'url', inputmode: 'url', maxlength: 2000,
        placeholder: 'https://models.example.com/v1', value: agent?.embeddings_url }), t('agent.embeddings_url_hint')),
      h('div', { class: 'two' },
        field(t('agent.embeddings_model'), h('input', { name: 'embeddings_model', maxlength: 200, autocomplete: 'off', value: agent?.embeddings_model })),
        field(t('agent.embeddings_key'), h('input', { name: 'embeddings_credential', type: 'password', maxlength: 8000, autocomplete: 'off',
          placeholder: agent?.has_embeddings_credential ? t('agent.credential_kept') : '' }), t('agent.credential_hint')))));
}

/** @param {FormDataEntryValue | null} value */
const number = (value) => (value === '' || value === null ? null : Number(value));
/** @param {FormDataEntryValue | null} value */
const text = (value) => String(value ?? '').trim();

/** @param {HTMLFormElement} form */
function valuesOf(form) {
  const values = new FormData(form);
  const kind = text(values.get('kind'));
  const model = kind === 'extractive' ? {} : {
    endpoint_url: text(values.get('endpoint_url')) || null,
    model: text(values.get('model')) || null,
    instructions: text(values.get('instructions')),
    temperature: number(values.get('temperature')),
    max_output_tokens: number(values.get('max_output_tokens')),
    history_limit: number(values.get('history_limit')) ?? 10,
    ...(text(values.get('credential')) ? { credential: text(values.get('credential')) } : {}),
  };
  const url = text(values.get('embeddings_url')) || null;
  const key = text(values.get('embeddings_credential'));
  const embeddings = {
    embeddings_url: url,
    embeddings_model: text(values.get('embeddings_model')) || null,
    ...(key ? { embeddings_credential: key } : url ? {} : { embeddings_credential: null }),
  };
  return {
    name: text(values.get('name')), kind, description: text(values.get('description')), visibility: text(values.get('visibility')),
    starter_questions: text(values.get('starter_questions')).split('\n').map((line) => line.trim()).filter(Boolean),
    ...model, ...embeddings,
  };
}

/**
 * @param {HTMLFormElement} form
 * @param {Agent | null} agent
 * @param {string} key
 * @param {HTMLButtonElement} button
 * @param {(agent: Agent) => Promise<void>} done
 */
async function save(form, agent, key, button, done) {
  for (const old of form.querySelectorAll('.field-fault')) old.remove();
  say(/** @type {HTMLElement} */ (form.querySelector('.form-fault')), '');
  button.disabled = true;
  try {
    const saved = agent ? await patch(`/api/agents/${agent.id}`, valuesOf(form)) : await post('/api/agents', valuesOf(form), { key });
    if (agent) toast(t('agent.saved'));
    await done(saved);
  } catch (fault) {
    showFaults(form, fault instanceof Problem ? fault : new Problem(0, String(fault)));
  } finally {
    button.disabled = false;
  }
}
