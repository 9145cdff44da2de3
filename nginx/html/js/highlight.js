/*
 * Colours for code. The highlighter and its languages load when a block first needs them; its
 * tokens become elements, so there is no HTML text here either.
 */

const LONGEST = 60_000; // characters
const NAMES = new Set(['bash', 'c', 'cpp', 'csharp', 'css', 'diff', 'dockerfile', 'go', 'graphql', 'haskell', 'http', 'ini',
  'java', 'javascript', 'json', 'kotlin', 'latex', 'lua', 'makefile', 'markdown', 'nginx', 'perl', 'php', 'plaintext',
  'python', 'r', 'ruby', 'rust', 'scala', 'shell', 'sql', 'swift', 'typescript', 'xml', 'yaml']);
/** @type {Record<string, string>} */
const ALIASES = { sh: 'bash', zsh: 'bash', js: 'javascript', mjs: 'javascript', jsx: 'javascript', ts: 'typescript',
  tsx: 'typescript', py: 'python', rb: 'ruby', rs: 'rust', html: 'xml', svg: 'xml', yml: 'yaml', 'c++': 'cpp', h: 'c',
  cs: 'csharp', toml: 'ini', md: 'markdown', tex: 'latex', make: 'makefile', console: 'shell', golang: 'go', kt: 'kotlin',
  jsonc: 'json', postgresql: 'sql', psql: 'sql' };

/** @param {string} name */
const real = (name) => ALIASES[name] ?? name;

/** @param {string} name */
export const isKnown = (name) => NAMES.has(real(name));

/** @type {Map<string, Promise<any>>} */
const loaded = new Map();

/** @param {string} name */
function load(name) {
  const under = loaded.get(name);
  if (under) return under;
  const work = Promise.all([import('../vendor/highlight/core.js'), import(`/vendor/highlight/${name}.js`)])
    .then(([{ default: core }, { default: language }]) => {
      core.registerLanguage(name, language);
      return core;
    });
  loaded.set(name, work);
  return work;
}

/** @param {HTMLElement} code with the language in its data */
export async function highlight(code) {
  const name = real(code.dataset.language ?? '');
  const source = code.textContent ?? '';
  if (!NAMES.has(name) || source.length > LONGEST || code.dataset.highlighted) return;
  try {
    const core = await load(name);
    if (code.textContent !== source) return;
    const { rootNode } = core.highlight(source, { language: name, ignoreIllegals: true })._emitter;
    code.replaceChildren(...rootNode.children.map(node));
    code.dataset.highlighted = 'yes';
  } catch {
    return; // uncoloured is readable
  }
}

/**
 * @param {string | {scope?: string, children: any[]}} token
 * @returns {Node | string}
 */
function node(token) {
  if (typeof token === 'string') return token;
  const span = document.createElement('span');
  if (token.scope) span.className = token.scope.split('.').map((part) => `hl-${part.replace(/\W/g, '')}`).join(' ');
  span.append(...token.children.map(node));
  return span;
}
