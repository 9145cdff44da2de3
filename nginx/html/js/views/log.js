/*
 * The log: a list of rows that may be ten thousand long. Every row has its box, but only those
 * near the eye have content; the others keep the height they had, or one that is guessed.
 */

import { fill, h } from '../dom.js';

const NEAR_PX = 1500;
const AT_END_PX = 60;

/**
 * @typedef {{element: HTMLElement, draw: () => void}} Row
 * @typedef {{key: string, guess: number, keep: boolean, make: () => Row}} Spec
 */

export class Log {
  /** @param {{label: string, top: () => void, moved: () => void}} options */
  constructor(options) {
    this.list = h('div', { class: 'log-list' });
    this.element = h('div', { class: 'log', tabindex: '0', role: 'log', 'aria-label': options.label, 'aria-live': 'off' }, this.list);
    this.options = options;
    /** @type {Map<string, {box: HTMLElement, spec: Spec, row: Row | null, isNear: boolean}>} */
    this.boxes = new Map();
    /** @type {WeakMap<Element, string>} */
    this.keys = new WeakMap();
    this.sticks = true;
    this.watcher = new IntersectionObserver((seen) => this.#seen(seen), { root: this.element, rootMargin: `${NEAR_PX}px 0px` });
    this.sizes = new ResizeObserver(() => this.#grown());
    this.sizes.observe(this.list);
    this.sizes.observe(this.element);
    this.element.addEventListener('scroll', () => this.#scrolled(), { passive: true });
  }

  /** @param {Spec[]} specs all rows, in order */
  show(specs) {
    const wanted = new Set(specs.map((s) => s.key));
    for (const [key, box] of this.boxes) {
      if (wanted.has(key)) continue;
      this.watcher.unobserve(box.box);
      this.boxes.delete(key);
    }
    const anchor = this.#anchor();
    fill(this.list, specs.map((spec) => this.#boxOf(spec).box));
    this.#restore(anchor);
    for (const box of this.boxes.values()) if (box.row) box.row.draw();
    if (this.sticks) this.toEnd();
  }

  clear() {
    this.boxes.clear();
    this.watcher.disconnect();
    this.list.replaceChildren();
    this.sticks = true;
  }

  /** @param {string} key */
  redraw(key) {
    this.boxes.get(key)?.row?.draw();
  }

  toEnd() {
    this.sticks = true;
    this.element.scrollTop = this.element.scrollHeight;
    this.options.moved();
  }

  get isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight < AT_END_PX;
  }

  /** @param {Spec} spec */
  #boxOf(spec) {
    let box = this.boxes.get(spec.key);
    if (!box) {
      box = { box: h('div', { class: 'log-box', style: { height: `${spec.guess}px` } }), spec, row: null, isNear: false };
      this.boxes.set(spec.key, box);
      this.keys.set(box.box, spec.key);
      this.watcher.observe(box.box);
    }
    box.spec = spec;
    if (spec.keep) this.#fill(box);
    return box;
  }

  /** @param {{box: HTMLElement, spec: Spec, row: Row | null}} box */
  #fill(box) {
    if (box.row) return;
    box.row = box.spec.make();
    box.row.draw();
    box.box.replaceChildren(box.row.element);
    box.box.style.removeProperty('height');
  }

  /** @param {IntersectionObserverEntry[]} seen */
  #seen(seen) {
    const anchor = this.sticks ? null : this.#anchor();
    for (const entry of seen) {
      const box = this.boxes.get(this.keys.get(entry.target) ?? '');
      if (!box) continue;
      box.isNear = entry.isIntersecting;
      if (box.isNear) this.#fill(box);
      else if (box.row && !box.spec.keep && !box.box.contains(document.activeElement)) this.#empty(box, entry.boundingClientRect.height);
    }
    this.#restore(anchor);
    if (this.sticks) this.toEnd();
  }

  /** @param {{box: HTMLElement, row: Row | null}} box @param {number} height */
  #empty(box, height) {
    box.box.style.setProperty('height', `${height}px`);
    box.row = null;
    box.box.replaceChildren();
  }

  /** The first row in sight and where it is, so that it stays there whatever grows above it. */
  #anchor() {
    const top = this.element.getBoundingClientRect().top;
    for (const box of this.list.children) {
      const at = box.getBoundingClientRect();
      if (at.bottom > top) return { box, offset: at.top - top };
    }
    return null;
  }

  /** @param {{box: Element, offset: number} | null} anchor */
  #restore(anchor) {
    if (!anchor?.box.isConnected || this.sticks) return;
    const top = this.element.getBoundingClientRect().top;
    const moved = anchor.box.getBoundingClientRect().top - top - anchor.offset;
    if (Math.abs(moved) > 1) this.element.scrollTop += moved;
  }

  #grown() {
    if (this.sticks) this.element.scrollTop = this.element.scrollHeight;
    this.options.moved();
  }

  #scrolled() {
    this.sticks = this.isAtEnd;
    this.options.moved();
    if (this.element.scrollTop < NEAR_PX) this.options.top();
  }
}
