/* What tsc does not see, for the client, the widget, the page of the interface and their tests. Run by tests/checks/client. */

import globals from 'globals';
import js from '@eslint/js';

const NO_HTML = 'no text becomes HTML: see html/js/dom.js';
const PARSERS = ['innerHTML', 'outerHTML', 'insertAdjacentHTML', 'setHTML', 'setHTMLUnsafe', 'parseHTMLUnsafe', 'createContextualFragment', 'srcdoc'];

const rules = {
  ...js.configs.recommended.rules,
  'consistent-return': 'error',
  curly: ['error', 'multi-line'],
  eqeqeq: 'error',
  'no-console': 'error',
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'no-new-func': 'error',
  'no-restricted-globals': ['error', { name: 'DOMParser', message: NO_HTML }, { name: 'trustedTypes', message: 'the policy allows none' }],
  'no-restricted-properties': ['error', ...PARSERS.map((property) => ({ property, message: NO_HTML })),
    { object: 'document', property: 'write', message: NO_HTML }, { object: 'document', property: 'writeln', message: NO_HTML }],
  'no-script-url': 'error',
  'no-shadow': 'error',
  'no-unused-vars': ['error', { args: 'after-used' }],
  'no-use-before-define': 'off',
  'no-var': 'error',
  'object-shorthand': 'error',
  'prefer-const': 'error',
  'prefer-template': 'error',
};

export default [
  { files: ['js/**/*.js', 'docs/*.js'], languageOptions: { globals: globals.browser }, rules },
  { files: ['widget.js'], languageOptions: { globals: globals.browser, sourceType: 'script' }, rules },
  // What runs in pages stands among them, and may look at what it must not make.
  { files: ['browser/*.mjs'], languageOptions: { globals: { ...globals.node, ...globals.browser } }, rules: { ...rules, 'no-restricted-properties': 'off', 'no-script-url': 'off' } },
];
