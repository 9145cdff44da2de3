/* The agents that one may talk to. */

import { badge, column, empty } from './parts.js';
import { h, icon } from '../dom.js';
import { honest } from '../markdown.js';
import { on, state } from '../store.js';
import { t } from '../words.js';

export function agentsPage() {
  const list = h('div', { class: 'cards' });
  const draw = () => list.replaceChildren(...(state.agents.length > 0
    ? state.agents.map(card)
    : [empty('agent', t('agents.none'), h('a', { class: 'button primary', href: '/agents/new' }, icon('plus'), t('agents.new')))]));
  const end = on('agents', draw);
  draw();
  const make = h('a', { class: 'button primary', href: '/agents/new' }, icon('plus'), t('agents.new'));
  return { element: column(h('p', { class: 'lead' }, t('agents.lead')), list), title: t('side.agents'), actions: [make], hide: end };
}

/** @param {import('../types.js').Agent} agent */
function card(agent) {
  const isOwn = agent.user_id === state.me?.id;
  return h('a', { class: 'card', href: `/agents/${agent.id}` },
    h('span', { class: 'card-head' }, h('span', { class: 'card-icon' }, icon(agent.kind === 'extractive' ? 'source' : 'agent')),
      h('strong', null, honest(agent.name))),
    h('span', { class: 'card-text' }, honest(agent.description) || t(`agent.kind.${agent.kind}`)),
    h('span', { class: 'card-foot' }, agent.model && badge(honest(agent.model)), badge(t(`agent.visibility.${agent.visibility}`)),
      !isOwn && badge(t('agents.shared'), 'accent')));
}
