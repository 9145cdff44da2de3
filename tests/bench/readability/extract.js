// Readability with jsdom over files: their names on stdin, one a line; for each a line of JSON on
// stdout: {"file", "us" of CPU, "text"}. Everything is loaded, and warm, before the first is timed.

import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Readability } from '@mozilla/readability';
import { JSDOM, VirtualConsole } from 'jsdom';

const PARAGRAPHS = /<(?:p|div|li|tr|h[1-6]|pre|blockquote|br|section|table|ul|ol|dd|dt|figure)\b/gi;
const quiet = new VirtualConsole();

// Its textContent joins the last word of a paragraph with the first of the next.
function extract(html) {
    const window = new JSDOM(html, { url: 'http://localhost/', virtualConsole: quiet }).window;
    const article = new Readability(window.document).parse();

    window.close();
    return article ? JSDOM.fragment(article.content.replace(PARAGRAPHS, '\n$&')).textContent : '';
}

function us() {
    const { user, system } = process.cpuUsage();

    return user + system;
}

for (let i = 0; i < 20; i++)
    extract('<title>Warm</title><article>' + '<p>Some words, to have the code compiled.</p>'.repeat(50) + '</article>');
for await (const file of createInterface({ input: process.stdin })) {
    const html = readFileSync(file, 'utf8');
    const before = us();
    const text = extract(html);

    console.log(JSON.stringify({ file, us: us() - before, text }));
}
