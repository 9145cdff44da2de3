/* All one's chats as a file, and chats from files. What is under way goes on when the page is left. */

import { fill, h, icon, say } from '../dom.js';
import { exportAll } from '../transfer/export.js';
import { honest } from '../markdown.js';
import { importFile } from '../transfer/import.js';
import { loadChats } from '../store.js';
import { t } from '../words.js';

const SHOWN = 20; // failures

/** @type {ReturnType<typeof make> | null} */
let made = null;

export function transfers() {
  made ??= make();
  return made;
}

function make() {
  const bar = h('progress', { 'aria-label': t('transfer.progress') });
  const text = h('p', { role: 'status' });
  const list = h('ul', { class: 'quiet' });
  const stop = h('button', { type: 'button', class: 'button' }, t('app.cancel'));
  const running = h('div', { class: 'stack', hidden: true }, bar, h('div', null, stop));
  const input = h('input', { type: 'file', accept: '.json,.zip,application/json,application/zip', hidden: true });
  const buttons = [
    button('download', 'transfer.json', () => void run((signal) => save('json', signal))),
    button('download', 'transfer.markdown', () => void run((signal) => save('markdown', signal))),
    button('plus', 'transfer.import', () => input.click()),
  ];

  /** @param {(signal: AbortSignal) => Promise<void>} work */
  const run = async (work) => {
    const stopper = new AbortController();
    const hold = (/** @type {Event} */ event) => event.preventDefault();
    stop.onclick = () => stopper.abort();
    window.addEventListener('beforeunload', hold);
    busy(true);
    say(text, '');
    fill(list);
    try {
      await work(stopper.signal);
    } catch (fault) {
      const why = stopper.signal.aborted ? t('transfer.stopped') : fault instanceof Error ? fault.message : String(fault);
      say(text, `${text.dataset.sofar ?? ''} ${why}`.trim());
    } finally {
      busy(false);
      window.removeEventListener('beforeunload', hold);
    }
  };
  const busy = (/** @type {boolean} */ is) => {
    running.hidden = !is;
    bar.removeAttribute('value');
    delete text.dataset.sofar;
    for (const one of buttons) one.disabled = is;
  };

  /** @param {import('../transfer/export.js').Format} format @param {AbortSignal} signal */
  const save = async (format, signal) => {
    const done = await exportAll(format, (n) => say(text, t('transfer.exporting', { n })), signal);
    const url = URL.createObjectURL(done.blob);
    h('a', { href: url, download: `chats.${format === 'json' ? 'json' : 'md'}` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    say(text, [t('transfer.exported', { n: done.count }), ...some('transfer.left_out', done.leftOut.length)].join(' '));
    fill(list, items(done.leftOut.map((title) => ({ title, why: '' }))));
  };
  input.addEventListener('change', () => {
    const file = input.files?.[0];
    input.value = '';
    if (file) void run((signal) => read(file, signal));
  });

  /** @param {File} file @param {AbortSignal} signal */
  const read = async (file, signal) => {
    /** @type {import('../transfer/import.js').Summary | null} */
    let last = null;
    await importFile(file, (summary) => {
      last = summary;
      bar.value = summary.size > 0 ? summary.read / summary.size : 0;
      say(text, t('transfer.importing', { n: summary.imported, percent: Math.floor(bar.value * 100) }));
      if (summary.imported > 0) text.dataset.sofar = t('transfer.imported', { n: summary.imported });
      fill(list, items(summary.failures));
    }, signal).finally(loadChats);
    if (last) tell(last);
  };
  /** @param {import('../transfer/import.js').Summary} summary */
  const tell = (summary) => {
    say(text, [t('transfer.imported', { n: summary.imported }), ...some('transfer.known', summary.known),
      ...some('transfer.skipped', summary.skipped),
      ...(summary.isCut ? [t('transfer.cut')] : []), ...some('transfer.failed', summary.failures.length)].join(' '));
  };
  return h('div', { class: 'stack' }, h('p', { class: 'quiet' }, t('transfer.hint')), h('div', { class: 'button-row' }, buttons), input, running, text, list);
}

/** @param {any} name @param {string} label @param {() => void} act */
const button = (name, label, act) => h('button', { type: 'button', class: 'button', onclick: act }, icon(name), h('span', null, t(label)));

/** @param {string} name @param {number} n */
const some = (name, n) => (n > 0 ? [t(name, { n })] : []);

/** @param {import('../transfer/import.js').Failure[]} failures */
function items(failures) {
  const rows = failures.slice(0, SHOWN).map(({ title, why }) => h('li', { dir: 'auto' },
    [honest(title) || t('chat.untitled'), why].filter(Boolean).join(': ')));
  return failures.length > SHOWN ? [...rows, h('li', null, t('transfer.and_more', { n: failures.length - SHOWN }))] : rows;
}
