/* One agent: what it is, what it knows, and how to put it into other pages. */

import { agentForm } from './agent_form.js';
import { ask, attempt, complain, copyText } from '../ui.js';
import { column, duration, empty, tabs } from './parts.js';
import { get, post, remove } from '../api.js';
import { go } from '../router.js';
import { h, icon } from '../dom.js';
import { honest } from '../markdown.js';
import { loadAgents, state, useAgent } from '../store.js';
import { sourcesPanel } from './sources.js';
import { t } from '../words.js';
import { tryPanel } from './try_search.js';

/** @typedef {import('../types.js').Agent} Agent */

/** @param {string | null} id null: a new one @param {string} tab */
export async function agentPage(id, tab) {
  if (!id) return { element: column(h('p', { class: 'lead' }, t('agent.lead')), agentForm(null, created)), title: t('agents.new') };
  const agent = /** @type {Agent} */ (await get(`/api/agents/${id}`));
  const isOwn = agent.user_id === state.me?.id;
  /** @type {(() => void)[]} */
  const ends = [];
  const talk = h('a', { class: 'button primary', href: '/', onclick: () => useAgent(agent.id) }, icon('chat'), t('agent.talk'));
  const body = isOwn
    ? tabs([
      { id: 'sources', label: t('agent.tab.sources'), show: () => sourcesPanel(agent, ends) },
      { id: 'try', label: t('agent.tab.try'), show: () => tryPanel(agent) },
      { id: 'settings', label: t('agent.tab.settings'), show: () => settings(agent) },
      { id: 'embed', label: t('agent.tab.embed'), show: () => embed(agent) },
    ], tab || (agent.kind === 'extractive' ? 'sources' : 'settings'), agent.name)
    : h('p', { class: 'lead' }, honest(agent.description) || t(`agent.kind.${agent.kind}`));
  return { element: column(body), title: honest(agent.name), actions: [talk], hide: () => ends.forEach((end) => end()) };
}

/** @param {Agent} agent */
async function created(agent) {
  await loadAgents();
  useAgent(agent.id);
  go(agent.kind === 'extractive' ? `/agents/${agent.id}` : '/');
}

/** @param {Agent} agent */
function settings(agent) {
  const result = h('p', { class: 'test-result', role: 'status' });
  const test = h('button', { type: 'button', class: 'button', onclick: () => void tryEndpoint(agent, test, result) }, icon('play'), t('agent.test'));
  return h('div', null,
    agent.kind !== 'extractive' && h('div', { class: 'test-row' }, test, result),
    agentForm(agent, async (saved) => {
      Object.assign(agent, saved);
      await loadAgents();
    }),
    h('section', { class: 'danger-zone' }, h('h2', null, t('agent.delete')), h('p', { class: 'quiet' }, t('agent.delete_hint')),
      h('button', { type: 'button', class: 'button danger', onclick: () => void destroy(agent) }, icon('trash'), t('agent.delete'))));
}

/**
 * @param {Agent} agent
 * @param {HTMLButtonElement} button
 * @param {HTMLElement} result
 */
async function tryEndpoint(agent, button, result) {
  button.disabled = true;
  result.className = 'test-result';
  result.replaceChildren(t('agent.testing'));
  try {
    const met = await post(`/api/agents/${agent.id}/test`, {});
    result.classList.add(met.ok ? 'good' : 'bad');
    result.replaceChildren(icon(met.ok ? 'check' : 'warn'), honest(met.detail), met.latency_ms === null ? '' : ` · ${duration(met.latency_ms)}`);
  } catch (fault) {
    result.replaceChildren();
    complain(fault);
  } finally {
    button.disabled = false;
  }
}

/** @param {Agent} agent */
async function destroy(agent) {
  const sure = await ask({ title: t('agent.delete'), text: t('agent.delete_sure', { name: agent.name }), submit: t('chat.delete'), danger: true });
  if (!sure) return;
  await attempt(async () => {
    await remove(`/api/agents/${agent.id}`);
    await loadAgents();
    go('/agents');
  });
}

/** @param {Agent} agent */
function embed(agent) {
  if (agent.visibility !== 'public') return empty('link', t('embed.private'));
  const snippet = `<script src="${location.origin}/widget.js" data-agent="${agent.id}" async></script>`;
  const button = h('button', { type: 'button', class: 'button primary' }, icon('copy'), h('span', null, t('embed.copy')));
  button.addEventListener('click', () => void copyText(button, snippet));
  return h('div', { class: 'stack' }, h('p', { class: 'lead' }, t('embed.lead')), h('pre', { class: 'snippet', tabindex: '0' }, snippet), h('div', null, button),
    h('p', { class: 'quiet' }, t('embed.options')));
}
