/*
 * Markdown as elements, made from the parser's tokens: no HTML text exists at any point, so none
 * can be smuggled in; the page's policy forbids parsing any. Raw HTML shows as text, images are
 * links, and links lead to http, https and mail only, and say where.
 *
 * A text that grows is parsed from its last block on: what stands before it is settled.
 */

import Parser from '../vendor/markdown-it.js';
import { append, h, icon } from './dom.js';
import { highlight, isKnown } from './highlight.js';
import { t } from './words.js';

const LONGEST = 400_000; // characters; what is longer is shown as it is
const parser = new Parser({ html: false, linkify: true, breaks: false, maxNesting: 40 });

/** @typedef {import('../vendor/markdown-it.js').Token} Token */

/* Overrides of direction, and characters that nobody sees, can make text say what it does not. */
const DECEIVING = /[\u202a-\u202e\u2066-\u2069\u{e0000}-\u{e007f}]/gu;

/** @param {string} text */
export const honest = (text) => text.replace(DECEIVING, '');

/** @param {string} url @returns {URL | null} */
export function safeLink(url) {
  try {
    const parsed = new URL(url);
    return ['http:', 'https:', 'mailto:'].includes(parsed.protocol) ? parsed : null;
  } catch {
    return null;
  }
}

export class Markdown {
  /** @param {{citations?: number, onCitation?: (n: number) => void}} [options] */
  constructor(options = {}) {
    this.element = h('div', { class: 'markdown', dir: 'auto' });
    this.options = options;
    this.text = '';
    this.offset = 0; // where what is not settled begins
    this.settled = 0; // blocks before it
    this.over = false;
    /** @type {object} reference definitions, shared by all parts */
    this.references = {};
  }

  reset() {
    this.text = '';
    this.offset = 0;
    this.settled = 0;
    this.over = false;
    this.references = {};
    this.element.replaceChildren();
  }

  /**
   * @param {string} text all of it
   * @param {boolean} over nothing will follow
   */
  update(text, over) {
    const clean = honest(text.replaceAll('\r\n', '\n'));
    if (clean === this.text && over === this.over) return;
    if (!clean.startsWith(this.text) || this.over) this.reset();
    this.text = clean;
    this.over = over;
    if (clean.length > LONGEST) this.#plain();
    else this.#parse(over);
  }

  /** @param {number} citations how many passages [n] may name */
  cite(citations) {
    if ((this.options.citations ?? 0) === citations) return;
    this.options.citations = citations;
    const { text, over } = this;
    if (!text) return;
    this.reset();
    this.update(text, over);
  }

  #plain() {
    this.element.replaceChildren(h('p', { class: 'quiet' }, t('answer.too_long')), h('pre', { class: 'plain' }, this.text));
  }

  /** @param {boolean} over */
  #parse(over) {
    const rest = this.text.slice(this.offset);
    const groups = topBlocks(parser.parse(rest, this.references));
    groups.forEach((group, i) => {
      const made = block(group, this.options);
      const old = this.element.children[this.settled + i];
      if (old) morph(old, made);
      else this.element.append(made);
    });
    while (this.element.children.length > this.settled + groups.length) this.element.lastElementChild?.remove();
    this.#settle(rest, groups, over);
  }

  /**
   * @param {string} rest
   * @param {Token[][]} groups
   * @param {boolean} over
   */
  #settle(rest, groups, over) {
    const count = over ? groups.length : groups.length - 1;
    if (count <= 0) return;
    for (let i = 0; i < count; i++) settle(this.element.children[this.settled + i]);
    this.settled += count;
    const next = groups[count]?.[0].map?.[0];
    this.offset += next === undefined ? rest.length : lineStart(rest, next);
  }
}

/** @param {string} text @param {number} line */
function lineStart(text, line) {
  let at = 0;
  for (let n = 0; n < line; n++) at = text.indexOf('\n', at) + 1;
  return at;
}

/**
 * @param {Token[]} tokens
 * @returns {Token[][]} one for each block at the top
 */
function topBlocks(tokens) {
  /** @type {Token[][]} */
  const groups = [];
  for (const token of tokens) {
    if (token.level === 0 && token.nesting >= 0) groups.push([token]);
    else groups.at(-1)?.push(token);
  }
  return groups;
}

/**
 * @param {Token[]} tokens
 * @param {Markdown['options']} options
 */
function block(tokens, options) {
  const parent = document.createDocumentFragment();
  build(parent, tokens, options);
  for (const item of parent.querySelectorAll('li')) task(item);
  for (const anchor of parent.querySelectorAll('a')) if (namesItsHost(anchor)) anchor.querySelector('.host')?.remove();
  return /** @type {HTMLElement} */ (parent.firstElementChild ?? h('p'));
}

/**
 * @param {Node & ParentNode} root
 * @param {Token[]} tokens
 * @param {Markdown['options']} options
 */
function build(root, tokens, options) {
  const stack = [root];
  for (const token of tokens) {
    const top = stack[stack.length - 1];
    if (token.nesting < 0) {
      stack.pop();
    } else if (token.nesting > 0) {
      const made = opened(token);
      top.append(made.outer);
      stack.push(made.inner);
    } else if (token.type === 'inline') {
      build(top, token.children ?? [], options);
    } else {
      leaf(top, token, options);
    }
  }
}

const TAGS = new Set(['p', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'ul', 'ol', 'li', 'blockquote', 'thead', 'tbody', 'tr',
  'th', 'td', 'strong', 'em', 's']);

/**
 * @param {Token} token
 * @returns {{outer: HTMLElement, inner: HTMLElement}}
 */
function opened(token) {
  if (token.type === 'link_open') return link(String(token.attrGet('href') ?? ''));
  if (token.tag === 'table') {
    const table = h('table');
    return { outer: h('div', { class: 'table', tabindex: '0', role: 'group' }, table), inner: table };
  }
  if (token.hidden) {
    const loose = h('span', { class: 'tight' });
    return { outer: loose, inner: loose };
  }
  // Headings of an answer come below those of the page.
  const tag = /^h[1-4]$/.test(token.tag) ? `h${Number(token.tag[1]) + 2}` : token.tag;
  const made = document.createElement(TAGS.has(token.tag) ? tag : 'div');
  if (token.tag === 'ol' && token.attrGet('start')) made.setAttribute('start', String(token.attrGet('start')));
  const align = /text-align:(left|right|center)/.exec(String(token.attrGet('style') ?? ''));
  if (align) made.classList.add(`align-${align[1]}`);
  return { outer: made, inner: made };
}

/** Whether the words of a link are an address on the host that it leads to. @param {HTMLAnchorElement} anchor */
function namesItsHost(anchor) {
  const said = anchor.firstElementChild?.textContent ?? '';
  return safeLink(said)?.host === anchor.host || safeLink(`https://${said}`)?.host === anchor.host ||
    `mailto:${said}` === anchor.href;
}

/** "- [x] done" is a box that is ticked. @param {HTMLLIElement} item */
function task(item) {
  const text = document.createTreeWalker(item, NodeFilter.SHOW_TEXT).nextNode();
  const found = /^\[([ xX])\]\s/.exec(text?.nodeValue ?? '');
  if (!(text instanceof Text) || !found || (text.parentNode !== item && text.parentNode !== item.firstElementChild)) return;
  const isDone = found[1] !== ' ';
  text.data = text.data.slice(found[0].length);
  text.before(h('input', { type: 'checkbox', disabled: true, checked: isDone, 'aria-label': t(isDone ? 'task.done' : 'task.open') }));
  item.classList.add('task');
}

/** @param {string} href */
function link(href) {
  const url = safeLink(href);
  if (!url) {
    const dead = h('span', { class: 'dead-link', title: href });
    return { outer: dead, inner: dead };
  }
  const text = h('span');
  const host = url.protocol === 'mailto:' ? url.pathname : url.host;
  const anchor = h('a', { href: url.href, target: '_blank', rel: 'noopener noreferrer nofollow ugc', title: url.href }, text,
    h('span', { class: 'host' }, host));
  return { outer: anchor, inner: text };
}

/**
 * @param {Node & ParentNode} parent
 * @param {Token} token
 * @param {Markdown['options']} options
 */
function leaf(parent, token, options) {
  if (token.type === 'fence' || token.type === 'code_block') parent.append(code(token));
  else if (token.type === 'code_inline') parent.append(h('code', null, token.content));
  else if (token.type === 'softbreak') parent.append('\n');
  else if (token.type === 'hardbreak') parent.append(h('br'));
  else if (token.type === 'hr') parent.append(h('hr'));
  else if (token.type === 'image') parent.append(picture(token));
  else words(parent, token.content, options);
}

/** A picture would be fetched from wherever the text says: it is a link. @param {Token} token */
function picture(token) {
  const { outer, inner } = link(String(token.attrGet('src') ?? ''));
  outer.classList.add('picture');
  append(inner, token.content || '…');
  return outer;
}

/**
 * @param {Node & ParentNode} parent
 * @param {string} content
 * @param {Markdown['options']} options
 */
function words(parent, content, options) {
  const most = options.citations ?? 0;
  let from = 0;
  for (const found of most > 0 ? content.matchAll(/\[(\d{1,3})\]/g) : []) {
    const n = Number(found[1]);
    if (n < 1 || n > most) continue;
    parent.append(content.slice(from, found.index));
    parent.append(h('button', { type: 'button', class: 'cite', 'aria-label': t('answer.citation', { n, title: '' }),
      onclick: () => options.onCitation?.(n) }, n));
    from = found.index + found[0].length;
  }
  parent.append(content.slice(from));
}

/** @param {Token} token */
function code(token) {
  const language = honest(token.info.trim().split(/\s+/)[0] ?? '').slice(0, 30).toLowerCase();
  const source = token.content.replace(/\n$/, '');
  const button = h('button', { type: 'button', class: 'copy-code', dataset: { act: 'copy-code' } }, icon('copy'),
    h('span', null, t('code.copy')));
  return h('div', { class: 'code' },
    h('div', { class: 'code-head' }, h('span', null, language || t('code.text')), button),
    h('pre', { tabindex: '0' }, h('code', { dir: 'ltr', dataset: isKnown(language) ? { language } : {} }, source)));
}

/**
 * Make `old` look like `made`, touching as little as possible: so hover, focus and selections
 * outlive the next words.
 *
 * @param {Element} old
 * @param {Element} made
 */
function morph(old, made) {
  if (old.tagName !== made.tagName || old.className !== made.className) {
    old.replaceWith(made);
    return;
  }
  for (const { name, value } of [...made.attributes]) {
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  const theirs = [...made.childNodes];
  theirs.forEach((node, i) => {
    const own = old.childNodes[i];
    if (!own) old.append(node);
    else if (own instanceof Text && node instanceof Text) morphText(own, node);
    else if (own instanceof Element && node instanceof Element) morph(own, node);
    else own.replaceWith(node);
  });
  while (old.childNodes.length > theirs.length) old.lastChild?.remove();
}

/** @param {Text} own @param {Text} node */
function morphText(own, node) {
  if (own.data === node.data) return;
  if (node.data.startsWith(own.data)) own.appendData(node.data.slice(own.data.length));
  else own.data = node.data;
}

/** Colours come when a block is complete. @param {Element} element */
function settle(element) {
  for (const source of element.querySelectorAll('code[data-language]')) highlight(/** @type {HTMLElement} */ (source));
}
