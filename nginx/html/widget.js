/*
 * The widget: a public agent in any page, by one line:
 *
 *     <script src="https://chat.example.com/widget.js" data-agent="ID" async></script>
 *
 * Its elements live in a shadow root, so that neither page styles the other. It sets no cookie
 * and sends none: a session of its own, kept in the page's storage, is the conversation's memory.
 */

(() => {
  const script = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  const agent = script?.dataset.agent;
  if (!script || !agent) return;
  const ask = new URL(`/api/agents/${encodeURIComponent(agent)}/chat`, script.src);
  const { color = '#5440bf', title = 'Ask us anything', greeting = 'Hello! What would you like to know?', open = '' } = script.dataset;

  const WORDS = {
    open: 'Open the chat', close: 'Close the chat', write: 'Your question', send: 'Send', fresh: 'Start anew', again: 'Try again', thinking: 'Answering', sources: 'Sources',
    away: 'That did not get through. Try again in a moment.', failed: 'Something went wrong with this answer.', busy: 'That was a lot of questions. Wait a moment.',
  };
  const KEPT = 50; // messages
  const STYLE = `
    :host { all: initial !important; }
    * { box-sizing: border-box; font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
    .root { color-scheme: light dark; --ground: light-dark(#fff, #1f1d1b); --soft: light-dark(#f2f0ec, #2b2926); --ink: light-dark(#1f1d1a, #ece9e3);
      --quiet: light-dark(#5f5b53, #b0aba1); --line: light-dark(#e2dfd8, #3a3733); color: var(--ink); }
    button { cursor: pointer; border: 0; background: none; color: inherit; padding: 0; }
    :focus-visible { outline: 2px solid var(--theme); outline-offset: 2px; }
    svg { width: 22px; height: 22px; fill: none; stroke: currentcolor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
    .bubble { position: fixed; z-index: 2147483000; right: 20px; bottom: 20px; width: 56px; height: 56px; border-radius: 50%; display: grid; place-items: center;
      background: var(--theme); color: var(--on); box-shadow: 0 4px 16px #0004; transition: transform 120ms; }
    .bubble:hover { transform: scale(1.05); }
    .panel { position: fixed; z-index: 2147483000; right: 20px; bottom: 88px; width: min(400px, calc(100vw - 40px)); height: min(620px, calc(100dvh - 110px));
      display: flex; flex-direction: column; overflow: hidden; border: 1px solid var(--line); border-radius: 16px; background: var(--ground); box-shadow: 0 12px 40px #0005; }
    .panel[hidden] { display: none; }
    header { display: flex; align-items: center; gap: 8px; padding: 12px 16px; background: var(--theme); color: var(--on); }
    header h2 { flex: 1; margin: 0; font-weight: 600; font-size: 16px; }
    header button { width: 32px; height: 32px; display: grid; place-items: center; border-radius: 8px; }
    header button:focus-visible { outline-color: var(--on); }
    .log { flex: 1; overflow-y: auto; padding: 16px; display: flex; flex-direction: column; gap: 12px; overflow-wrap: anywhere; }
    .said { align-self: flex-end; max-width: 85%; padding: 8px 14px; border-radius: 16px; background: var(--soft); white-space: pre-wrap; }
    .answer { align-self: stretch; }
    .answer p, .answer ul, .answer ol, .answer pre { margin: 0 0 8px; }
    .answer ul, .answer ol { padding-inline-start: 22px; }
    .answer pre { padding: 10px; overflow-x: auto; border-radius: 8px; background: var(--soft); }
    code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 13px; }
    b { font-weight: 600; }
    a { color: inherit; }
    .host, details { color: var(--quiet); font-size: 13px; }
    details * { font-size: 13px; }
    summary { cursor: pointer; }
    .again { text-decoration: underline; font-weight: 600; }
    .voice { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    .fault { color: light-dark(#b3261e, #ff9d93); }
    .dots { display: flex; gap: 4px; padding: 8px 0; }
    .dots i { width: 7px; height: 7px; border-radius: 50%; background: var(--quiet); animation: b 1.2s infinite; }
    .dots i:nth-child(2) { animation-delay: .15s } .dots i:nth-child(3) { animation-delay: .3s }
    @keyframes b { 0%, 100% { opacity: .3 } 40% { opacity: 1 } }
    @media (prefers-reduced-motion: reduce) { * { animation: none !important; transition: none !important } }
    form { display: flex; gap: 8px; padding: 12px; border-top: 1px solid var(--line); }
    textarea { flex: 1; min-height: 42px; max-height: 120px; padding: 9px 12px; resize: none; color: inherit; background: var(--ground); border: 1px solid var(--quiet); border-radius: 12px; }
    form button { width: 42px; height: 42px; border-radius: 50%; display: grid; place-items: center; background: var(--theme); color: var(--on); }
    form button:disabled { opacity: .5; cursor: default; }
  `;

  /**
   * @param {string} tag
   * @param {Record<string, any>} [members]
   * @param {(Node | string)[]} children
   */
  const h = (tag, members = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(members)) {
      if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
      else if (value !== false) element.setAttribute(name, value === true ? '' : value);
    }
    element.append(...children);
    return element;
  };

  /** @param {string} path */
  const icon = (path) => {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    const line = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    line.setAttribute('d', path);
    svg.append(line);
    return svg;
  };

  /* ---- text: a little Markdown, made of elements and never of HTML ----------------------- */

  /** @param {string} text */
  const honest = (text) => text.replace(/[\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu, '');

  /** @param {string} href @param {string} words */
  const link = (href, words) => {
    try {
      const url = new URL(href);
      if (url.protocol !== 'https:' && url.protocol !== 'http:') return words;
      const says = words === url.origin || words.startsWith(`${url.origin}/`);
      return h('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow' }, words, says ? '' : h('span', { class: 'host' }, ` (${url.host})`));
    } catch {
      return words;
    }
  };

  /** @param {string} text @returns {(Node | string)[]} */
  const inline = (text) => {
    const found = [];
    let from = 0;
    for (const match of text.matchAll(/`([^`\n]{1,500})`|\*\*([^*\n]{1,500})\*\*|!?\[([^\]\n]{0,300})\]\(([^()\s]{1,1000})\)|(https?:\/\/[^\s<>()"']{1,1000})/g)) {
      found.push(text.slice(from, match.index));
      if (match[1]) found.push(h('code', {}, match[1]));
      else if (match[2]) found.push(h('b', {}, match[2]));
      else found.push(link(match[4] ?? match[5], match[3] || match[5] || match[4]));
      from = match.index + match[0].length;
    }
    return [...found, text.slice(from)];
  };

  /** @param {string} text */
  const markdown = (text) => honest(text).split(/(```[\s\S]*?(?:```|$))/).flatMap((part) => {
    if (part.startsWith('```')) return [h('pre', { tabindex: '0' }, h('code', {}, part.replace(/^```[^\n]*\n?|\n?```$/g, '')))];
    return part.split(/\n{2,}/).filter((block) => block.trim()).map((block) => {
      const lines = block.trim().split('\n');
      if (lines.every((line) => /^\s*[-*] /.test(line))) return h('ul', {}, ...lines.map((line) => h('li', {}, ...inline(line.replace(/^\s*[-*] /, '')))));
      if (lines.every((line) => /^\s*\d+[.)] /.test(line))) return h('ol', {}, ...lines.map((line) => h('li', {}, ...inline(line.replace(/^\s*\d+[.)] /, '')))));
      const heading = /^#{1,6} (.*)/.exec(lines[0]);
      return h('p', {}, ...(heading ? [h('b', {}, heading[1]), ' '] : []), ...inline(lines.slice(heading ? 1 : 0).join('\n')));
    });
  });

  /* ---- the conversation -------------------------------------------------------------------- */

  /** Pages without https have no randomUUID(). */
  const newSession = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const storage = `offstage-widget:${agent}`;
  /** @type {{session: string, messages: {role: string, text: string, sources?: any[]}[], asked?: {request_id: string, stream_url: string} | null}} */
  let kept = { session: newSession(), messages: [] };
  try {
    kept = JSON.parse(localStorage.getItem(storage) ?? '') ?? kept;
  } catch {
    // A page without storage has a conversation without a memory.
  }
  const keep = () => {
    try {
      kept.messages = kept.messages.slice(-KEPT);
      localStorage.setItem(storage, JSON.stringify(kept));
    } catch {
      return;
    }
  };

  /** @param {object} body @returns {Promise<any>} */
  const post = async (body) => {
    const reply = await fetch(ask, { method: 'POST', credentials: 'omit', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ ...body, session_id: kept.session }) });
    if (reply.status === 429) throw new Error(WORDS.busy);
    if (!reply.ok) throw new Error(WORDS.away);
    return reply.json();
  };

  /**
   * Follow an answer to its end, or until it cannot be followed any more. The browser connects
   * again by itself after each cut, and says what it has.
   *
   * @param {{stream_url: string}} asked
   * @param {(text: string) => void} grow
   * @param {AbortSignal} signal
   */
  const follow = (asked, grow, signal) => new Promise((resolve) => {
    const events = new EventSource(new URL(asked.stream_url, script.src));
    /** @type {Map<number, string>} the messages of the answer; an attempt that failed left one that does not count */
    const texts = new Map();
    /** @type {Set<number>} */
    const dropped = new Set();
    const end = () => {
      events.close();
      resolve(undefined);
    };
    /** @param {string} name @param {(event: any) => void} act */
    const on = (name, act) => events.addEventListener(`response.${name}`, (event) => act(JSON.parse(event.data)));
    on('output_item.added', () => dropped.forEach((index) => texts.delete(index)));
    on('output_text.delta', (event) => {
      texts.set(event.output_index, (texts.get(event.output_index) ?? '') + event.delta);
      grow([...texts.values()].join(''));
    });
    on('output_item.done', (event) => event.item.status === 'incomplete' && dropped.add(event.output_index));
    for (const name of ['completed', 'failed', 'incomplete']) on(name, end);
    events.onerror = () => events.readyState === EventSource.CLOSED && end();
    signal.addEventListener('abort', end);
  });

  /**
   * @param {any} reply the answer, or where it can be had
   * @param {(text: string) => void} grow
   * @param {AbortSignal} signal
   */
  const answerTo = async (reply, grow, signal) => {
    if (reply.stream_url && window.EventSource) await follow(reply, grow, signal);
    while (!signal.aborted && (reply.status ?? 'processing') === 'processing') reply = await post({ request_id: reply.request_id });
    return reply;
  };

  /** @param {{role: string, text: string, sources?: any[]}} message */
  const row = (message) => {
    if (message.role === 'user') return h('div', { class: 'said', dir: 'auto' }, honest(message.text));
    const list = (message.sources ?? []).slice(0, 10);
    return h('div', { class: 'answer', dir: 'auto' }, ...markdown(message.text), ...(list.length === 0 ? [] : [
      h('details', {}, h('summary', {}, `${WORDS.sources} (${list.length})`),
        h('ol', {}, ...list.map((source) => h('li', {}, link(source.url ?? '', honest(source.title || source.url || ''))))))]));
  };

  const host = h('div');
  const shadow = host.attachShadow({ mode: 'closed' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  shadow.adoptedStyleSheets = [sheet];

  const log = h('div', { class: 'log', role: 'log', 'aria-live': 'off', tabindex: '0', 'aria-label': title });
  const box = /** @type {HTMLTextAreaElement} */ (h('textarea', { rows: '1', 'aria-label': WORDS.write, placeholder: WORDS.write, maxlength: '4000', dir: 'auto' }));
  const send = /** @type {HTMLButtonElement} */ (h('button', { 'aria-label': WORDS.send }, icon('M12 19V5M6 11l6-6 6 6')));
  const form = h('form', { onsubmit: (/** @type {Event} */ event) => {
    event.preventDefault();
    void submit();
  } }, box, send);
  const panel = h('section', { class: 'panel', role: 'dialog', 'aria-label': title, hidden: true, onkeydown: (/** @type {KeyboardEvent} */ event) => {
    if (event.key === 'Escape') toggle(false);
  } }, h('header', {}, h('h2', {}, title),
    h('button', { 'aria-label': WORDS.fresh, title: WORDS.fresh, onclick: () => {
      busy?.abort();
      busy = null;
      send.disabled = false;
      kept = { session: newSession(), messages: [] };
      keep();
      draw();
      box.focus();
    } }, icon('M20 12a8 8 0 1 1-2.5-5.8M20 4v5h-5')),
    h('button', { 'aria-label': WORDS.close, onclick: () => toggle(false) }, icon('M6 6l12 12M18 6L6 18'))), log, form);
  const bubble = h('button', { class: 'bubble', 'aria-label': WORDS.open, 'aria-expanded': 'false', onclick: () => toggle(panel.hidden) }, icon('M4 5h16v11H9l-5 4z'));
  const voice = h('div', { class: 'voice', 'aria-live': 'polite' });
  const root = h('div', { class: 'root' }, panel, bubble, voice);


  /** @param {string} text */
  const say = (text) => {
    voice.append(h('p', {}, text));
    while (voice.children.length > 5) voice.firstChild?.remove();
  };

  const draw = () => {
    log.replaceChildren(row({ role: 'assistant', text: greeting }), ...kept.messages.map(row));
    log.scrollTop = log.scrollHeight;
  };
  /** @param {boolean} isOpen */
  const toggle = (isOpen) => {
    panel.hidden = !isOpen;
    bubble.setAttribute('aria-expanded', String(isOpen));
    bubble.setAttribute('aria-label', isOpen ? WORDS.close : WORDS.open);
    if (isOpen && !busy) draw();
    (isOpen ? box : bubble).focus();
    if (isOpen) void resume();
  };

  /** An answer that grows: what of it stands already is not touched, and only what is read is scrolled. */
  const growing = () => {
    const dots = h('div', { class: 'dots' }, h('i'), h('i'), h('i'));
    const answer = h('div', { class: 'answer', dir: 'auto', 'aria-busy': 'true' }, dots);
    let due = false;
    let text = '';
    const show = () => {
      due = false;
      const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 60;
      const blocks = markdown(text);
      blocks.forEach((block, i) => {
        const old = answer.children[i];
        if (!old) answer.append(block);
        else if (!old.isEqualNode(block)) old.replaceWith(block);
      });
      while (answer.children.length > blocks.length) answer.lastChild?.remove();
      if (isAtEnd) log.scrollTop = log.scrollHeight;
    };
    log.append(answer);
    log.scrollTop = log.scrollHeight;
    return { grow: (/** @type {string} */ now) => {
      text = now;
      if (!due) setTimeout(show, 50);
      due = true;
    } };
  };

  /** @type {AbortController | null} the answer that is waited for */
  let busy = null;
  /** @param {() => Promise<any>} begin what leads to the answer @param {(fault: Error) => void} fail */
  const wait = async (begin, fail) => {
    const mine = new AbortController();
    busy = mine;
    send.disabled = true;
    const live = growing();
    say(WORDS.thinking);
    try {
      const reply = await answerTo(await begin(), live.grow, mine.signal);
      if (mine.signal.aborted) return;
      kept.asked = null;
      const text = String(reply.response ?? '');
      if (text || reply.status === 'completed') kept.messages.push({ role: 'assistant', text, sources: reply.sources ?? [] });
      keep();
      draw();
      if (reply.status === 'completed') say(text);
      else log.append(h('p', { class: 'fault', role: 'alert' }, WORDS.failed));
    } catch (fault) {
      if (mine.signal.aborted) return;
      fail(fault instanceof TypeError ? new Error(WORDS.away) : /** @type {Error} */ (fault));
    } finally {
      if (busy === mine) {
        busy = null;
        send.disabled = false;
      }
    }
  };

  /** What was asked and not answered before the page was left, or the network was lost. */
  const resume = async () => {
    const { asked } = kept;
    if (!asked || busy) return;
    draw();
    await wait(async () => asked, (fault) => {
      draw();
      log.append(h('p', { class: 'fault', role: 'alert' }, `${fault.message} `, h('button', { class: 'again', onclick: () => void resume() }, WORDS.again)));
    });
  };
  const submit = async () => {
    const text = box.value.trim();
    if (!text || busy || kept.asked) return;
    box.value = '';
    kept.messages.push({ role: 'user', text });
    draw();
    await wait(async () => {
      const reply = await post({ message: text, stream: true });
      if (!reply.status || reply.status === 'processing') kept.asked = { request_id: reply.request_id, stream_url: reply.stream_url };
      keep();
      return reply;
    }, (fault) => {
      // It was not asked: it is the writer's again. What was asked can be come back to.
      if (!kept.asked) {
        kept.messages.pop();
        box.value = text;
      }
      draw();
      log.append(h('p', { class: 'fault', role: 'alert' }, `${fault.message} `, kept.asked ? h('button', { class: 'again', onclick: () => void resume() }, WORDS.again) : ''));
    });
    if (!panel.hidden) box.focus();
  };
  box.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    void submit();
  });

  /** White or black on the theme's colour, whichever is read more easily. @param {string} colour */
  const readable = (colour) => {
    const probe = document.createElement('canvas').getContext('2d');
    if (!probe) return '#fff';
    probe.fillStyle = colour;
    const [r, g, b] = [1, 3, 5].map((at) => parseInt(String(probe.fillStyle).slice(at, at + 2), 16));
    return 0.299 * r + 0.587 * g + 0.114 * b > 150 ? '#000' : '#fff';
  };
  root.style.setProperty('--theme', color);
  root.style.setProperty('--on', readable(color));
  shadow.append(root);
  document.body.append(host);
  if (open === 'true') toggle(true);
})();
