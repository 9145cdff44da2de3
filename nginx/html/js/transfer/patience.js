/* What fails now and may succeed later is done again, until it is no use. */

import { Problem } from '../api.js';

const TRIES = 8;
const LONGEST_MS = 30_000;

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
export function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal.throwIfAborted();
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** @template T @param {() => Promise<T>} act @param {AbortSignal} signal @returns {Promise<T>} */
export async function patiently(act, signal) {
  for (let n = 1; ; n++) {
    try {
      return await act();
    } catch (fault) {
      if (!(fault instanceof Problem) || !fault.passing || n === TRIES) throw fault;
      await pause(Math.min(LONGEST_MS, fault.retryAfter * 1000 || 500 * 2 ** n), signal);
    }
  }
}
