/*
 * The log: a list of rows that may be ten thousand long. Rows stand in sections. A section near
 * the eye has a box for each of its rows, and a box near the eye has content; everything else
 * keeps the height that it had, or one that is guessed. So the page stays small, however long
 * the list is.
 */

import { fill, h } from '../dom.js';

const NEAR_PX = 1000;
const SECTION_NEAR_PX = 4000;
const SECTION = 50; // rows
const AT_END_PX = 60;

/**
 * @typedef {{element: HTMLElement, draw: () => void, edit?: () => void}} Row
 * @typedef {{key: string, guess: number, keep: boolean, make: () => Row}} Spec
 * @typedef {{key: string, offset: number}} Reader the first row in sight, and where it is
 * @typedef {{element: HTMLElement, boxes: Box[], isNear: boolean}} Section
 * @typedef {{element: HTMLElement | null, height: number, spec: Spec, row: Row | null, section: Section}} Box
 */

export class Log {
  /** @param {{label: string, top: () => void, moved: () => void}} options */
  constructor(options) {
    this.list = h('div', { class: 'log-list' });
    this.element = h('div', { class: 'log', tabindex: '0', role: 'log', 'aria-label': options.label, 'aria-live': 'off' }, this.list);
    this.options = options;
    /** @type {Map<string, Box>} by key */
    this.boxes = new Map();
    /** @type {Section[]} */
    this.sections = [];
    /** @type {WeakMap<Element, Box>} */
    this.boxOf = new WeakMap();
    /** @type {WeakMap<Element, Section>} */
    this.sectionOf = new WeakMap();
    this.sticks = true;
    this.watcher = new IntersectionObserver((seen) => this.#still(() => this.#seen(seen)), { root: this.element, rootMargin: `${NEAR_PX}px 0px` });
    this.sectionWatcher = new IntersectionObserver((seen) => this.#still(() => this.#sectionsSeen(seen)),
      { root: this.element, rootMargin: `${SECTION_NEAR_PX}px 0px` });
    this.sizes = new ResizeObserver(() => this.#grown());
    this.sizes.observe(this.list);
    this.sizes.observe(this.element);
    this.element.addEventListener('scroll', () => this.#scrolled(), { passive: true });
  }

  /** @param {Spec[]} specs all rows, in order */
  show(specs) {
    this.#still(() => {
      this.#arrange(specs);
      // What is read first is not waited for.
      if (this.sticks) for (const section of this.sections.slice(-2)) section.isNear = true;
      fill(this.list, this.sections.map((section) => section.element));
      for (const section of this.sections) this.#furnish(section);
      for (const box of this.boxes.values()) if (box.row) box.row.draw();
    });
    this.element.dataset.rows = String(specs.length);
    if (this.sticks) this.toEnd();
  }

  clear() {
    this.boxes.clear();
    this.sections = [];
    this.watcher.disconnect();
    this.sectionWatcher.disconnect();
    this.list.replaceChildren();
    this.element.dataset.rows = '0';
    this.sticks = true;
  }

  /** @param {string} key */
  redraw(key) {
    this.boxes.get(key)?.row?.draw();
  }

  /** @param {string} key */
  rowOf(key) {
    return this.boxes.get(key)?.row ?? null;
  }

  /** Where it is being read; null at its end. @returns {Reader | null} */
  reader() {
    const anchor = this.sticks ? null : this.#anchor();
    return anchor?.key ? { key: anchor.key, offset: anchor.offset } : null;
  }

  /** @param {Reader} reader @returns {boolean} false when there is no such row */
  goTo(reader) {
    const box = this.boxes.get(reader.key);
    if (!box) return false;
    this.sticks = false;
    box.section.isNear = true;
    this.#furnish(box.section);
    this.#fill(box);
    if (box.element) this.#restore({ key: reader.key, box: box.element, offset: reader.offset });
    return true;
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

  // ---- sections ---------------------------------------------------------------------------

  /** Rows stay in the sections where they are; new ones fill the last, or make their own. @param {Spec[]} specs */
  #arrange(specs) {
    const before = this.boxes;
    this.boxes = new Map();
    /** @type {Set<Section>} */
    const used = new Set();
    /** @type {Section | null} */
    let at = null;
    for (const spec of specs) {
      const old = before.get(spec.key);
      if (old && !used.has(old.section)) at = old.section;
      else if (!at || (old?.section !== at && at.boxes.length >= SECTION)) at = this.#newSection();
      if (!used.has(at)) at.boxes = [];
      used.add(at);
      const box = old ?? { element: null, height: spec.guess, spec, row: null, section: at };
      box.spec = spec;
      box.section = at;
      at.boxes.push(box);
      this.boxes.set(spec.key, box);
    }
    for (const [key, box] of before) if (box.element && !this.boxes.has(key)) this.watcher.unobserve(box.element);
    for (const section of this.sections) if (!used.has(section)) this.sectionWatcher.unobserve(section.element);
    this.sections = [...used];
  }

  #newSection() {
    /** @type {Section} */
    const section = { element: h('div', { class: 'log-section' }), boxes: [], isNear: false };
    this.sectionOf.set(section.element, section);
    this.sectionWatcher.observe(section.element);
    return section;
  }

  /** Boxes where they may be seen, or only the room that they take. @param {Section} section */
  #furnish(section) {
    const { element, boxes } = section;
    if (section.isNear || boxes.some((box) => box.spec.keep) || element.contains(document.activeElement)) {
      element.style.removeProperty('height');
      fill(element, boxes.map((box) => this.#elementOf(box)));
      return;
    }
    // All is measured before anything is changed, so that it is laid out once.
    const heights = boxes.map((box) => (box.element?.isConnected ? box.element.getBoundingClientRect().height : box.height));
    boxes.forEach((box, i) => {
      if (box.element) this.watcher.unobserve(box.element);
      Object.assign(box, { height: heights[i], element: null, row: null });
    });
    element.replaceChildren();
    element.style.setProperty('height', `${boxes.reduce((sum, box) => sum + box.height, 0)}px`);
  }

  /** @param {IntersectionObserverEntry[]} seen */
  #sectionsSeen(seen) {
    for (const entry of seen) {
      const section = this.sectionOf.get(entry.target);
      if (!section || section.isNear === entry.isIntersecting) continue;
      section.isNear = entry.isIntersecting;
      this.#furnish(section);
    }
  }

  // ---- boxes ------------------------------------------------------------------------------

  /** @param {Box} box */
  #elementOf(box) {
    if (!box.element) {
      box.element = h('div', { class: 'log-box', style: { height: `${box.height}px` } });
      this.boxOf.set(box.element, box);
      this.watcher.observe(box.element);
    }
    if (box.spec.keep) this.#fill(box);
    return box.element;
  }

  /** @param {Box} box */
  #fill(box) {
    if (box.row || !box.element) return;
    box.row = box.spec.make();
    box.row.draw();
    box.element.replaceChildren(box.row.element);
    box.element.style.removeProperty('height');
  }

  /** @param {Box} box @param {number} height */
  #empty(box, height) {
    box.height = height;
    box.row = null;
    box.element?.style.setProperty('height', `${height}px`);
    box.element?.replaceChildren();
  }

  /** @param {IntersectionObserverEntry[]} seen */
  #seen(seen) {
    for (const entry of seen) {
      const box = this.boxOf.get(entry.target);
      if (!box || box.element !== entry.target) continue;
      if (entry.isIntersecting) this.#fill(box);
      else if (box.row && entry.target.isConnected && !box.spec.keep && !box.element.contains(document.activeElement)) this.#empty(box, entry.boundingClientRect.height);
    }
  }

  // ---- what is in sight stays there ---------------------------------------------------------

  /** Whatever grows above it. @param {() => void} change */
  #still(change) {
    const anchor = this.sticks ? null : this.#anchor();
    change();
    if (this.sticks) this.toEnd();
    else this.#restore(anchor);
  }

  /** The first row in sight, and where it is. */
  #anchor() {
    const top = this.element.getBoundingClientRect().top;
    const section = firstBelow(this.list.children, top);
    const box = section && (firstBelow(section.children, top) ?? section);
    return box ? { key: this.boxOf.get(box)?.spec.key, box, offset: box.getBoundingClientRect().top - top } : null;
  }

  /** @param {{key: string | undefined, box: Element, offset: number} | null} anchor */
  #restore(anchor) {
    const box = anchor && (anchor.box.isConnected ? anchor.box : this.boxes.get(anchor.key ?? '')?.element);
    if (!anchor || !box?.isConnected) return;
    const top = this.element.getBoundingClientRect().top;
    const moved = box.getBoundingClientRect().top - top - anchor.offset;
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

/**
 * Of elements one below the other, the first whose end is below a line: by halving.
 *
 * @param {HTMLCollection} elements
 * @param {number} top
 * @returns {Element | undefined}
 */
function firstBelow(elements, top) {
  let low = 0;
  for (let high = elements.length; low < high;) {
    const middle = (low + high) >> 1;
    if (elements[middle].getBoundingClientRect().bottom > top) high = middle;
    else low = middle + 1;
  }
  return elements[low];
}
