/* Router: the address says what is shown; links of this site do not load the page again. */

/** @typedef {{path: string, query: URLSearchParams, params: string[]}} Place */
/** @typedef {(place: Place) => void} Show */

/** @type {{pattern: RegExp, show: Show}[]} */
const routes = [];
/** @type {() => void} */
let missing = () => {};

/** @param {RegExp} pattern of the path; its groups become the parameters @param {Show} act */
export function route(pattern, act) {
  routes.push({ pattern, show: act });
}

/** @param {() => void} act */
export function otherwise(act) {
  missing = act;
}

export function show() {
  for (const { pattern, show: act } of routes) {
    const found = pattern.exec(location.pathname);
    if (found) {
      act({ path: location.pathname, query: new URLSearchParams(location.search), params: found.slice(1) });
      return;
    }
  }
  missing();
}

/** @param {string} path @param {{replace?: boolean, quiet?: boolean}} [how] quiet: only the address changes */
export function go(path, how = {}) {
  if (path !== location.pathname + location.search) {
    if (how.replace) history.replaceState(null, '', path);
    else history.pushState(null, '', path);
  }
  if (!how.quiet) show();
}

export function beginRouter() {
  window.addEventListener('popstate', show);
  document.addEventListener('click', (event) => {
    const anchor = event.target instanceof Element ? event.target.closest('a[href]') : null;
    if (!(anchor instanceof HTMLAnchorElement) || anchor.target || anchor.hasAttribute('download')) return;
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    if (anchor.origin !== location.origin || anchor.pathname.startsWith('/api/')) return;
    event.preventDefault();
    go(anchor.pathname + anchor.search);
  });
  show();
}
