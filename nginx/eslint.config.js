/* What tsc does not see. Run by tests/checks/client. */

import globals from 'globals';
import js from '@eslint/js';

const rules = {
  ...js.configs.recommended.rules,
  'consistent-return': 'error',
  curly: ['error', 'multi-line'],
  eqeqeq: 'error',
  'no-console': 'error',
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'no-restricted-properties': ['error',
    { property: 'innerHTML', message: 'no text becomes HTML: see html/js/dom.js' },
    { property: 'outerHTML', message: 'no text becomes HTML: see html/js/dom.js' },
    { property: 'insertAdjacentHTML', message: 'no text becomes HTML: see html/js/dom.js' }],
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
  { files: ['js/**/*.js'], languageOptions: { globals: globals.browser }, rules },
];
