/* Elements without HTML: nothing here, or anywhere else, hands a string to an HTML parser. */

const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {Node | string | number | boolean | null | undefined | any[]} Child what is not to be shown may be false or null */

/**
 * @param {Element | DocumentFragment} parent
 * @param {Child[]} children
 */
export function append(parent, ...children) {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, ...child);
    else if (child instanceof Node) parent.append(child);
    else if (child !== null && child !== undefined && child !== false) parent.append(String(child));
  }
}

/**
 * An element. Members that begin with "on" are listeners, `class`, `dataset` and `style`
 * (through the CSSOM, which the policy allows) are what they say, the rest are attributes;
 * false and null leave an attribute out.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Record<string, any> | null} [members]
 * @param {Child[]} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, members, ...children) {
  const element = document.createElement(tag);
  set(element, members ?? {});
  append(element, ...children);
  return element;
}

/**
 * @param {HTMLElement} element
 * @param {Record<string, any>} members
 */
export function set(element, members) {
  for (const [name, value] of Object.entries(members)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'class') element.className = value || '';
    else if (name === 'dataset') Object.assign(element.dataset, value);
    else if (name === 'style') Object.entries(value).forEach(([k, v]) => element.style.setProperty(k, String(v)));
    else if (name === 'value') /** @type {any} */ (element).value = value ?? '';
    else attribute(element, name, value);
  }
}

/**
 * @param {Element} element
 * @param {string} name
 * @param {unknown} value
 */
export function attribute(element, name, value) {
  const text = value === true ? '' : value === false || value === null || value === undefined ? null : String(value);
  if (text === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

/**
 * The children are exactly these, and those that were there already are not touched, so that
 * focus, selections and animations stay.
 *
 * @param {Element} parent
 * @param {Child[]} children
 */
export function fill(parent, ...children) {
  const wanted = /** @type {Node[]} */ (children.flat(9).filter((c) => c !== null && c !== undefined && c !== false)
    .map((c) => (c instanceof Node ? c : document.createTextNode(String(c)))));
  let at = parent.firstChild;
  for (const node of wanted) {
    if (node === at) {
      at = at.nextSibling;
    } else {
      parent.insertBefore(node, at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

/**
 * @param {Element} element
 * @param {string | number} text
 */
export function say(element, text) {
  const words = String(text);
  if (element.textContent !== words) element.textContent = words;
}

const QUIET_MS = 100;
/** @type {(() => void)[]} */
let waiting = [];
let quiet = 0;

/**
 * When nothing was put off for a moment, such as by rows that are scrolled past: then all at
 * once, so that the page is laid out once for them.
 *
 * @param {() => void} act
 */
export function putOff(act) {
  waiting.push(act);
  clearTimeout(quiet);
  quiet = window.setTimeout(() => {
    const due = waiting;
    waiting = [];
    for (const one of due) one();
  }, QUIET_MS);
}

/* Each is drawn on 24 × 24 with a line of 1.75. */
const SHAPES = {
  plus: 'M12 5v14M5 12h14',
  compose: 'M20 13v6a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1h6M9 15l.8-3.500L18.300 3 21 5.700l-8.500 8.500z',
  menu: 'M4 7h16M4 12h16M4 17h16',
  panel: 'M4 5h16v14H4zM9.5 5v14',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4',
  send: 'M12 19V5M6 11l6-6 6 6',
  stop: 'M7 7h10v10H7z',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  redo: 'M20 12a8 8 0 1 1-2.5-5.8M20 4v5h-5',
  more: 'M5.5 12h.01M12 12h.01M18.5 12h.01',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13.5 6.5l4 4',
  trash: 'M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5',
  pin: 'M9 4h6l-.8 6L18 13v2H6v-2l3.800-3zM12 15v5',
  archive: 'M4 5h16v4H4zM6 9v10h12V9M10 13h4',
  up: 'M7 11v9H4v-9zM7 11l4-7c1.500 0 2.500 1 2.200 2.700L12.500 10H19l-1.500 8c-.2 1.200-1 2-2.300 2H7',
  down: 'M7 13V4H4v9zM7 13l4 7c1.500 0 2.500-1 2.200-2.700L12.500 14H19l-1.500-8c-.2-1.200-1-2-2.300-2H7',
  agent: 'M12 3v3M6 8h12v10H6zM9.500 12v1.500M14.500 12v1.500M3 12v3M21 12v3',
  chat: 'M4 5h16v11H9l-5 4z',
  source: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c3 3 3.500 6 3.500 9s-.5 6-3.500 9c-3-3-3.500-6-3.500-9s.5-6 3.500-9z',
  file: 'M7 3h7l4 4v14H7zM14 3v4h4M10 12h5M10 16h5',
  trace: 'M4 6h9M8 12h11M6 18h7',
  gear: 'M4 8h8M16 8h4M4 16h4M12 16h8M14 5.500v5M10 13.500v5',
  out: 'M14 4H5v16h9M10 12h10M16.500 8.500L20 12l-3.500 3.500',
  close: 'M6 6l12 12M18 6L6 18',
  left: 'M14.500 6l-6 6 6 6',
  right: 'M9.500 6l6 6-6 6',
  chevron: 'M7 10l5 5 5-5',
  warn: 'M12 4l9 16H3zM12 10v4.500M12 17.500h.01',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2',
  branch: 'M7 4v16M7 14c0-4 10-3 10-8M17 6h.01M7 4h.01M7 20h.01',
  link: 'M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1',
  down_to: 'M12 5v14M6 13l6 6 6-6',
  download: 'M12 4v11M7 11l5 5 5-5M5 20h14',
  play: 'M8 5l11 7-11 7z',
  pause: 'M8 5v14M16 5v14',
  chart: 'M4 20h16M7 16v-5M12 16V6M17 16v-8',
  key: 'M8 15a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 11h9M18 11v4',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c1-5 4-6 8-6s7 1 8 6',
  tool: 'M14 6a4 4 0 0 0-5 5l-5 5 3 3 5-5a4 4 0 0 0 5-5l-2.500 2.500-2.500-.5-.5-2.500z',
  spark: 'M12 4l1.800 5.200L19 11l-5.200 1.800L12 18l-1.800-5.200L5 11l5.200-1.800z',
};

/**
 * A picture beside words, or in a button with a label of its own: silent for screen readers.
 *
 * @param {keyof typeof SHAPES} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon icon-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  path.setAttribute('d', SHAPES[name]);
  svg.append(path);
  return svg;
}

/**
 * @param {keyof typeof SHAPES} name
 * @param {string} label
 * @param {(event: MouseEvent) => void} act
 * @param {Record<string, any>} [members]
 */
export function iconButton(name, label, act, members = {}) {
  return h('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, onclick: act, ...members },
    icon(name));
}
