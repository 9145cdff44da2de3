/* Keep: what this browser remembers of a user: drafts, messages on their way, and tastes. */

let owner = '';

/** @param {string} id whose things are read and written from now on */
export function keepFor(id) {
  owner = id;
}

/** @param {string} name */
const full = (name) => `offstage:${owner}:${name}`;

/**
 * @template T
 * @param {string} name
 * @param {T} otherwise
 * @returns {T}
 */
export function kept(name, otherwise) {
  try {
    const text = localStorage.getItem(full(name));
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/**
 * Null forgets it. A full or forbidden storage loses no more than what is kept here.
 *
 * @param {string} name
 * @param {unknown} value
 */
export function keep(name, value) {
  try {
    if (value === null || value === '') localStorage.removeItem(full(name));
    else localStorage.setItem(full(name), JSON.stringify(value));
  } catch {
    return;
  }
}

/**
 * @param {string} name
 * @param {() => void} act called when another tab has changed it
 */
export function onKept(name, act) {
  window.addEventListener('storage', (event) => {
    if (event.key === full(name)) act();
  });
}
