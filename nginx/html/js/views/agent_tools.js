/* What an agent's model may call, in the form of the agent. */

import { field, select } from './parts.js';
import { h, icon } from '../dom.js';
import { Problem } from '../api.js';
import { t } from '../words.js';

/** @typedef {import('../types.js').Tool} Tool */
/** @typedef {{pointer: string, detail: string}} Fault */

/* The members that are asked for; the server tells which of them it misses. */
/** @type {Record<string, string[]>} */
const MEMBERS = {
  http: ['name', 'description', 'url', 'parameters', 'credential'],
  mcp: ['name', 'url', 'credential'],
  search_sources: [],
};
const SHOWN_AGAIN = /** @type {const} */ (['name', 'description', 'url', 'parameters']);
const NO_ARGUMENTS = { type: 'object', properties: {} };
const EXAMPLE = JSON.stringify({ type: 'object', properties: { city: { type: 'string' } }, required: ['city'] }, null, 2);

/** @param {Tool[]} tools */
export function toolFields(tools) {
  const list = h('div', { class: 'stack' });
  /* It has the name of the whole list, so that what is wrong with that is said at it. */
  const add = h('button', { type: 'button', name: 'tools', class: 'button', onclick: () => push(null).focus() }, icon('plus'), t('agent.tool_add'));
  const element = h('fieldset', { class: 'stack' }, h('legend', { class: 'label' }, t('agent.tools')), h('p', { class: 'quiet' }, t('agent.tools_lead')), list, add);
  /** @type {ReturnType<typeof oneTool>[]} */
  let rows = [];

  const draw = () => {
    list.hidden = !rows.length;
    list.replaceChildren(...rows.map((row) => row.element));
    rows.forEach((row, i) => row.count(i));
  };
  const push = (/** @type {Tool | null} */ was) => {
    const row = oneTool(was, () => {
      rows = rows.filter((other) => other !== row);
      draw();
      add.focus();
    });
    rows.push(row);
    draw();
    return row;
  };
  const show = (/** @type {Tool[]} */ all) => {
    rows = [];
    all.forEach(push);
    draw();
  };
  const read = () => {
    /** @type {Fault[]} */
    const faults = [];
    const now = rows.map((row) => row.read(faults));
    if (faults.length) throw new Problem(422, faults[0].detail, { errors: faults });
    return { tools: now };
  };
  show(tools);
  return { element, show, read };
}

/**
 * @param {Tool | null} was
 * @param {() => void} remove
 */
function oneTool(was, remove) {
  const legend = h('legend', { class: 'label' });
  const type = select('type', Object.keys(MEMBERS).map((v) => ({ value: v, label: t(`agent.tool_type.${v}`) })), was?.type ?? 'http');
  const inputs = inputsOf(was);
  const begun = Object.fromEntries(Object.entries(inputs).map(([member, input]) => [member, input.value]));
  const fields = fieldsOf(inputs);
  const button = h('button', { type: 'button', class: 'button', onclick: remove }, icon('trash'), h('span'));
  const element = h('fieldset', { class: 'stack' }, legend, field(t('agent.tool_type'), type), Object.values(fields), button);
  let at = 0;

  const asks = (/** @type {string} */ member) => MEMBERS[type.value].includes(member);
  const draw = () => Object.entries(fields).forEach(([member, one]) => {
    one.hidden = !asks(member);
  });
  const count = (/** @type {number} */ n) => {
    at = n;
    legend.textContent = t('agent.tool', { n: n + 1 });
    /** @type {HTMLElement} */ (button.lastChild).textContent = t('agent.tool_remove', { n: n + 1 });
    for (const [member, input] of Object.entries({ type, ...inputs })) input.name = `tools/${n}/${member}`;
  };
  /**
   * What is not asked for, but was given in another way, stays, and so does a key that is not given
   * again; but not for another address.
   *
   * @param {Fault[]} faults
   */
  const read = (faults) => {
    /** @type {Record<string, unknown>} */
    const tool = { type: type.value };
    for (const member of SHOWN_AGAIN) {
      const isKept = was?.type === type.value && inputs[member].value === begun[member];
      const value = isKept ? was[member] : asks(member) && entered(member, inputs[member].value, `/tools/${at}/${member}`, faults);
      if (value) tool[member] = value;
    }
    const key = inputs.credential.value.trim();
    if (asks('credential') && key) tool.credential = key;
    else if (was?.has_credential && tool.url !== was.url) faults.push({ pointer: `/tools/${at}/credential`, detail: t('agent.tool_key_again') });
    return tool;
  };
  type.addEventListener('change', draw);
  draw();
  return { element, count, read, focus: () => type.focus() };
}

/** @param {Tool | null} was */
function inputsOf(was) {
  const schema = was?.parameters ? JSON.stringify(was.parameters, null, 2) : '';
  return {
    name: h('input', { maxlength: 64, autocomplete: 'off', spellcheck: 'false', value: was?.name }),
    description: h('textarea', { rows: 2, maxlength: 4000, value: was?.description }),
    url: h('input', { type: 'url', inputmode: 'url', maxlength: 2000, placeholder: 'https://tools.example.com/weather', value: was?.url }),
    parameters: h('textarea', { class: 'mono', rows: 8, spellcheck: 'false', autocapitalize: 'off', placeholder: EXAMPLE, value: schema }),
    credential: h('input', { type: 'password', maxlength: 8000, autocomplete: 'off', placeholder: was?.has_credential ? t('agent.credential_kept') : '' }),
  };
}

/** @param {ReturnType<typeof inputsOf>} inputs */
function fieldsOf(inputs) {
  return {
    name: field(t('agent.tool_name'), inputs.name, t('agent.tool_name_hint')),
    description: field(t('agent.tool_description'), inputs.description, t('agent.tool_description_hint')),
    url: field(t('agent.tool_url'), inputs.url),
    parameters: field(t('agent.tool_parameters'), inputs.parameters, t('agent.tool_parameters_hint')),
    credential: field(t('agent.tool_key'), inputs.credential, t('agent.credential_hint')),
  };
}

/**
 * @param {string} member
 * @param {string} text
 * @param {string} pointer
 * @param {Fault[]} faults
 */
function entered(member, text, pointer, faults) {
  if (member !== 'parameters') return text.trim();
  if (!text.trim()) return NO_ARGUMENTS;
  try {
    const schema = JSON.parse(text);
    if (schema !== null && typeof schema === 'object' && !Array.isArray(schema)) return schema;
    faults.push({ pointer, detail: t('agent.tool_not_object') });
  } catch (why) {
    faults.push({ pointer, detail: t('agent.tool_not_json', { why: /** @type {Error} */ (why).message }) });
  }
  return null;
}
