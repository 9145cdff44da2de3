/*
 * Keep: what this browser remembers of a user: drafts, messages on their way, and tastes; and
 * what this tab remembers: where one was.
 */

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
 * @param {Storage} storage
 * @returns {T}
 */
function read(name, otherwise, storage) {
  try {
    const text = storage.getItem(full(name));
    return text === null ? otherwise : JSON.parse(text);
  } catch {
    return otherwise;
  }
}

/**
 * A full or forbidden storage loses no more than what is kept here.
 *
 * @param {string} name
 * @param {unknown} value
 * @param {Storage} storage
 */
function write(name, value, storage) {
  try {
    if (value === null || value === '') storage.removeItem(full(name));
    else storage.setItem(full(name), JSON.stringify(value));
  } catch {
    return;
  }
}

/** @template T @param {string} name @param {T} otherwise @returns {T} */
export const kept = (name, otherwise) => read(name, otherwise, localStorage);

/** Null forgets it. @param {string} name @param {unknown} value */
export const keep = (name, value) => write(name, value, localStorage);

/** @template T @param {string} name @param {T} otherwise @returns {T} */
export const keptHere = (name, otherwise) => read(name, otherwise, sessionStorage);

/** For this tab, and its reloads. @param {string} name @param {unknown} value */
export const keepHere = (name, value) => write(name, value, sessionStorage);

/**
 * @param {string} name
 * @param {() => void} act called when another tab has changed it
 */
export function onKept(name, act) {
  window.addEventListener('storage', (event) => {
    if (event.key === full(name)) act();
  });
}
