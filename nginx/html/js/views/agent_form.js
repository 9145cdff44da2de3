/* What an agent is made of. */

import { clearFaults, field, select, showFaults } from './parts.js';
import { h, icon, say } from '../dom.js';
import { patch, post, Problem, newKey } from '../api.js';
import { t } from '../words.js';
import { toast } from '../ui.js';
import { toolFields } from './agent_tools.js';

/** @typedef {import('../types.js').Agent} Agent */

const KINDS = /** @type {const} */ (['extractive', 'chat_completions', 'responses']);
const VISIBILITIES = ['private', 'workspace', 'public'];
const AUTHS = ['key', 'databricks_oauth'];
const TITLES = ['message', 'model'];

/** @typedef {ReturnType<typeof toolFields>} Tools */

/**
 * @param {Agent | null} agent
 * @param {(agent: Agent) => Promise<void>} done
 */
export function agentForm(agent, done) {
  const key = newKey();
  const tools = toolFields(agent?.tools ?? []);
  const models = h('div', { class: 'stack' }, modelFields(agent));
  const titles = field(t('agent.titles'), select('titles', TITLES.map((v) => ({ value: v, label: t(`agent.titles.${v}`) })), agent?.titles ?? 'message'));
  const traces = traceFields(agent);
  const button = h('button', { type: 'submit', class: 'button primary' }, t(agent ? 'app.save' : 'agents.create'));
  const send = () => (agent ? patch(`/api/agents/${agent.id}`, valuesOf(form, tools)) : post('/api/agents', valuesOf(form, tools), { key }));
  const form = h('form', { class: 'stack form', novalidate: true, onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    void save(form, button, send, async (saved) => {
      if (agent) toast(t('agent.saved'));
      tools.show(saved.tools ?? []);
      await done(saved);
    });
  }, onchange: () => draw() },
  kindChoice(agent),
  field(t('agent.name'), h('input', { name: 'name', required: true, maxlength: 200, value: agent?.name, autocomplete: 'off' })),
  field(t('agent.description'), h('input', { name: 'description', maxlength: 2000, value: agent?.description }), t('agent.description_hint')),
  models,
  field(t('agent.visibility'), select('visibility', VISIBILITIES.map((v) => ({ value: v, label: t(`agent.visibility_long.${v}`) })),
    agent?.visibility ?? 'private')),
  field(t('agent.starters'), h('textarea', { name: 'starter_questions', rows: 3, value: agent?.starter_questions.join('\n') }), t('agent.starters_hint')),
  h('details', { class: 'advanced', open: Boolean(agent?.embeddings_url || agent?.mlflow_url || agent?.return_trace || agent?.tools?.length || agent?.titles === 'model') },
    h('summary', null, icon('chevron'), t('agent.advanced')), h('div', { class: 'stack' }, titles, tools.element, embeddingsFields(agent), traces)),
  h('p', { class: 'form-fault', role: 'alert' }),
  h('div', null, button));
  const draw = () => {
    const values = new FormData(form);
    for (const part of [models, titles, tools.element, traces]) part.hidden = values.get('kind') === 'extractive';
    drawAuth(form, values.get('auth') === 'databricks_oauth');
    /** @type {HTMLElement} */ (traces.querySelector('.check')).hidden = values.get('kind') !== 'responses';
  };
  draw();
  return form;
}

/** The credential is a key, or the secret of a client. @param {HTMLFormElement} form @param {boolean} isClient */
function drawAuth(form, isClient) {
  /** @param {string} name */
  const fieldOf = (name) => /** @type {HTMLElement} */ (form.querySelector(`[name=${name}]`)?.closest('.field'));
  fieldOf('client_id').hidden = !isClient;
  say(/** @type {HTMLElement} */ (fieldOf('credential').querySelector('label')), t(isClient ? 'agent.secret' : 'agent.credential'));
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
      field(t('agent.auth'), select('auth', AUTHS.map((v) => ({ value: v, label: t(`agent.auth.${v}`) })), agent?.auth ?? 'key'))),
    h('div', { class: 'two' },
      field(t('agent.client_id'), h('input', { name: 'client_id', value: agent?.client_id, maxlength: 200, autocomplete: 'off', spellcheck: 'false' }),
        t('agent.client_id_hint')),
      field(t('agent.credential'), h('input', { name: 'credential', type: 'password', maxlength: 8000, autocomplete: 'off',
        placeholder: agent?.has_credential ? t('agent.credential_kept') : '' }), t('agent.credential_hint'))),
    field(t('agent.instructions'), h('textarea', { name: 'instructions', rows: 5, value: agent?.instructions, maxlength: 100000 }), t('agent.instructions_hint')),
    h('div', { class: 'three' },
      field(t('agent.temperature'), h('input', { name: 'temperature', type: 'number', min: 0, max: 2, step: 0.1, value: agent?.temperature })),
      field(t('agent.max_tokens'), h('input', { name: 'max_output_tokens', type: 'number', min: 1, value: agent?.max_output_tokens })),
      field(t('agent.history'), h('input', { name: 'history_limit', type: 'number', min: 0, max: 1000, value: agent?.history_limit ?? 10 }))),
  ];
}

/** @param {Agent | null} agent */
function embeddingsFields(agent) {
  return h('fieldset', { class: 'stack' }, h('legend', { class: 'label' }, t('agent.embeddings')),
    h('p', { class: 'quiet' }, t('agent.embeddings_lead')),
    field(t('agent.embeddings_url'), h('input', { name: 'embeddings_url', type: 'url', inputmode: 'url', maxlength: 2000,
      placeholder: 'https://models.example.com/v1', value: agent?.embeddings_url }), t('agent.embeddings_url_hint')),
    h('div', { class: 'two' },
      field(t('agent.embeddings_model'), h('input', { name: 'embeddings_model', maxlength: 200, autocomplete: 'off', value: agent?.embeddings_model })),
      field(t('agent.embeddings_key'), h('input', { name: 'embeddings_credential', type: 'password', maxlength: 8000, autocomplete: 'off',
        placeholder: agent?.has_embeddings_credential ? t('agent.credential_kept') : '' }), t('agent.credential_hint'))));
}

/** @param {Agent | null} agent */
function traceFields(agent) {
  return h('fieldset', { class: 'stack' }, h('legend', { class: 'label' }, t('agent.traces')),
    h('p', { class: 'quiet' }, t('agent.traces_lead')),
    h('label', { class: 'check' }, h('input', { type: 'checkbox', name: 'return_trace', checked: agent?.return_trace }), t('agent.return_trace')),
    field(t('agent.mlflow_url'), h('input', { name: 'mlflow_url', type: 'url', inputmode: 'url', maxlength: 2000, placeholder: 'https://mlflow.example.com',
      value: agent?.mlflow_url }), t('agent.mlflow_url_hint')));
}

/** @param {FormDataEntryValue | null} value */
const number = (value) => (value === '' || value === null ? null : Number(value));
/** @param {FormDataEntryValue | null} value */
const text = (value) => String(value ?? '').trim();

/** @param {HTMLFormElement} form @param {Tools} tools */
function valuesOf(form, tools) {
  const values = new FormData(form);
  const kind = text(values.get('kind'));
  const model = kind === 'extractive' ? {} : {
    endpoint_url: text(values.get('endpoint_url')) || null,
    model: text(values.get('model')) || null,
    instructions: text(values.get('instructions')),
    temperature: number(values.get('temperature')),
    max_output_tokens: number(values.get('max_output_tokens')),
    history_limit: number(values.get('history_limit')) ?? 10,
    auth: text(values.get('auth')),
    client_id: text(values.get('client_id')) || null,
    titles: text(values.get('titles')),
    return_trace: values.has('return_trace'),
    mlflow_url: text(values.get('mlflow_url')) || null,
    ...tools.read(),
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
 * @param {HTMLButtonElement} button
 * @param {() => Promise<Agent>} send
 * @param {(agent: Agent) => Promise<void>} done
 */
async function save(form, button, send, done) {
  clearFaults(form);
  button.disabled = true;
  try {
    await done(await send());
  } catch (fault) {
    showFaults(form, fault instanceof Problem ? fault : new Problem(0, String(fault)));
  } finally {
    button.disabled = false;
  }
}
