/* What a model says is shown, and does nothing: it runs no script, loads no picture, and its links say where they lead. */

import { answer, as, finished, until, write } from './harness.mjs';
import assert from 'node:assert/strict';
import test from 'node:test';

const HOSTILE = [
  '<script>window.ran = 1</script>',
  '<img src=x onerror="window.ran = 1">',
  '<img src="https://evil.example/pixel.png?leak=1">',
  '![leak](https://evil.example/pixel.png?leak=2)',
  '![leak][ref]\n\n[ref]: https://evil.example/pixel.png?leak=3',
  '[click](javascript:window.ran=1)',
  '[click](JaVaScRiPt:window.ran=1)',
  '[click](data:text/html,<script>window.ran=1</script>)',
  '[click](vbscript:window.ran)',
  '<javascript:window.ran=1>',
  '<svg onload="window.ran=1"><script>window.ran=1</script></svg>',
  '<iframe srcdoc="<script>parent.ran=1</script>"></iframe>',
  '<style>body { display: none; background: url(https://evil.example/css) }</style>',
  '<a href="https://evil.example" style="position:fixed;inset:0">x</a>',
  '<form action="https://evil.example"><button>Sign in</button></form>',
  '<details open ontoggle="window.ran=1">x</details>',
  '<math><mtext><table><mglyph><style><img src=x onerror=window.ran=1></style></mglyph></table></mtext></math>',
  '```"><img src=x onerror=window.ran=1>\ncode\n```',
  '```js"onmouseover="window.ran=1\ncode\n```',
  '[a](https://ok.example"onmouseover="window.ran=1)',
  '[a](https://ok.example "t" onmouseover=window.ran=1)',
  '<meta http-equiv="refresh" content="0;url=https://evil.example">',
  '<link rel=stylesheet href=https://evil.example/x.css>',
  '<base href="https://evil.example/">',
  '<object data="https://evil.example"></object><embed src="https://evil.example">',
  '&lt;script&gt;window.ran=1&lt;/script&gt;',
];

test('nothing that a model says runs, loads or hides anything', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  page.on('dialog', () => assert.fail('a dialog was opened'));
  for (const payload of [HOSTILE.join('\n\n'), ...HOSTILE.slice(0, 6)]) {
    await page.getByRole('link', { name: 'New chat' }).first().click();
    await write(page, payload);
    await finished(page).waitFor();
  }
  const found = await page.evaluate(() => ({
    ran: window.ran,
    made: [...document.querySelectorAll('.log :is(script, style, img, iframe, object, embed, form[action], link, base, meta, math)')].map((e) => e.outerHTML),
    handlers: [...document.querySelectorAll('.log *')].flatMap((e) => [...e.attributes].filter((a) => a.name.startsWith('on')).map((a) => a.name)),
    schemes: [...document.querySelectorAll('.log a')].map((a) => a.protocol),
  }));
  assert.equal(found.ran, undefined);
  assert.deepEqual(found.made, []);
  assert.deepEqual(found.handlers, []);
  assert.deepEqual(found.schemes.filter((scheme) => !['http:', 'https:', 'mailto:'].includes(scheme)), []);
}));

test('a link says the host that it leads to, whatever its words are', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  await write(page, '[https://bank.example](https://evil.example/login) and https://plain.example/x');
  await finished(page).waitFor();
  const links = answer(page).locator('a');
  assert.equal(await links.nth(0).locator('.host').textContent(), 'evil.example');
  assert.equal(await links.nth(1).locator('.host').count(), 0);
  for (const link of await links.all()) assert.match(await link.getAttribute('rel'), /noopener noreferrer/);
}));

test('characters that turn text around or hide it are not shown', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  await write(page, 'safe\u202Egnp.exe and \u{E0041}\u{E0042}tags and `code\u2066x\u2069`');
  await finished(page).waitFor();
  assert.equal((await answer(page).textContent()).trim(), 'safegnp.exe and tags and codex');
}));

test('text that is hard to parse blocks nothing', () => as(async (ada) => {
  await ada.agent('recite');
  const page = await ada.page();
  const hard = ['['.repeat(20000), '*a '.repeat(10000), '>'.repeat(3000), '`'.repeat(5000), `${'- '.repeat(500)}x`, '|'.repeat(5000), '<'.repeat(5000),
    `${'['.repeat(3000)}a${'](b)'.repeat(3000)}`, '![['.repeat(3000), '_a_'.repeat(3000)];
  for (const payload of hard) {
    await page.getByRole('link', { name: 'New chat' }).first().click();
    await write(page, payload);
    await finished(page).waitFor();
  }
  assert.ok(await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => resolve(true)))));
  await until(async () => (await ada.chats()).length === hard.length, 'all to be answered');
}));
