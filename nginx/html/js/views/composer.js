/* The composer: what is written is kept as a draft of its chat, and Enter never waits. */

import { agentOf, on, state, useAgent, usualAgent } from '../store.js';
import { attribute, fill, h, icon, iconButton, say } from '../dom.js';
import { keep, kept } from '../keep.js';
import { go } from '../router.js';
import { menu } from '../ui.js';
import { t } from '../words.js';

const LONG_NAME = 28; // characters, with which the box still has one line on a phone

/**
 * @param {{place: () => string, agentId: () => string | null, pick: (id: string) => void,
 *          send: (text: string) => void, stop: () => void, isRunning: () => boolean, isStopping: () => boolean, editLast: () => void}} act
 */
export function composer(act) {
  const box = h('textarea', { class: 'compose-box', rows: 1, 'aria-label': t('compose.label'), dir: 'auto', maxlength: 200000,
    enterkeyhint: 'send', 'aria-describedby': 'compose-hint' });
  const send = h('button', { type: 'submit', class: 'send', 'aria-label': t('compose.send'), title: t('compose.send') }, icon('send'));
  const stop = iconButton('stop', t('compose.stop'), act.stop, { class: 'send stop' });
  const agent = h('button', { type: 'button', class: 'agent-button', 'aria-haspopup': 'menu', 'aria-expanded': 'false',
    onclick: () => pickAgent(agent, act) });
  const form = h('form', { class: 'composer', onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    submit();
  } },
  box,
  h('div', { class: 'compose-bar' }, agent, h('span', { class: 'compose-hint', id: 'compose-hint' }, t('compose.hint')), stop, send));

  const submit = () => {
    const text = box.value.trim();
    if (!text || !act.agentId()) return;
    write('');
    act.send(text);
  };
  const write = (/** @type {string} */ text) => {
    box.value = text;
    changed();
  };
  const changed = () => {
    keep(`draft:${draftPlace(act.place())}`, box.value);
    size(box);
    draw();
  };
  const draw = () => {
    const running = act.isRunning();
    const chosen = agentOf(act.agentId());
    stop.hidden = !running;
    stop.disabled = act.isStopping();
    send.hidden = running && !box.value.trim();
    send.disabled = !box.value.trim() || !chosen;
    attribute(box, 'placeholder', chosen && chosen.name.length <= LONG_NAME ? t('compose.placeholder_agent', { name: chosen.name }) : t('compose.placeholder'));
    if (agent.dataset.id !== (chosen?.id ?? '') || !agent.hasChildNodes()) {
      agent.dataset.id = chosen?.id ?? '';
      fill(agent, icon('agent'), h('span', null, chosen?.name ?? t('compose.agent')), icon('chevron'));
      attribute(agent, 'aria-label', `${t('compose.agent')}: ${chosen?.name ?? '–'}`);
    }
    say(form.querySelector('#compose-hint') ?? form, t(running ? 'compose.queue_hint' : 'compose.hint'));
  };
  box.addEventListener('input', changed);
  box.addEventListener('keydown', (event) => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      submit();
    } else if (event.key === 'ArrowUp' && !box.value) {
      event.preventDefault();
      act.editLast();
    }
  });
  on('agents', draw);
  const load = () => {
    box.value = kept(`draft:${draftPlace(act.place())}`, '');
    size(box);
    draw();
  };
  return { element: form, box, draw, load, write };
}

/** Chats that are yet to be made share one draft. @param {string} place */
const draftPlace = (place) => (place.startsWith('new:') ? 'new' : place);

/** @param {HTMLTextAreaElement} box */
function size(box) {
  box.style.setProperty('height', 'auto');
  box.style.setProperty('height', `${Math.min(box.scrollHeight, Math.max(120, window.innerHeight * 0.4))}px`);
}

/**
 * @param {HTMLElement} button
 * @param {{agentId: () => string | null, pick: (id: string) => void}} act
 */
function pickAgent(button, act) {
  menu(button, [
    ...state.agents.map((a) => ({
      label: a.name, note: a.description.slice(0, 80) || a.model || '', checked: a.id === act.agentId(),
      act: () => {
        useAgent(a.id);
        act.pick(a.id);
      },
    })),
    null,
    { label: t('chat.make_agent'), icon: 'plus', act: () => go('/agents/new') },
  ], { label: t('compose.agent') });
}

export { usualAgent };
