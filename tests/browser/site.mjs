/* A small website at a socket, whose pages may be held back until a test lets them go. */

import { createServer } from 'node:http';
import { once } from 'node:events';

const text = (about) => `<p>${`The ${about} of this theatre is kept in its own room. `.repeat(8)}</p>`;
const page = (title, body) => `<!doctype html><html lang="en"><title>${title}</title><main><h1>${title}</h1>${body}</main>`;
export const PAGES = {
  '/robots.txt': { type: 'text/plain', body: 'User-agent: *\nDisallow: /private\n' },
  '/': { body: page('Home', `${text('stage')}<a href="/light">light</a> <a href="/sound">sound</a> <a href="/private">private</a> <a href="/gone">gone</a>`) },
  '/light': { body: page('Light', `<h2>Board</h2><p>The light board has forty-eight channels.</p>${text('lamp')}`) },
  '/sound': { body: page('Sound', text('loudspeaker')) },
};

export class Site {
  static async start() {
    const site = new Site();
    await once(site.server, 'listening');
    return site;
  }

  constructor() {
    this.asked = [];
    this.held = new Set();
    this.waiting = [];
    this.changed = {};
    this.server = createServer((request, reply) => {
      this.asked.push(request.url);
      const go = () => {
        const found = this.changed[request.url] ?? PAGES[request.url];
        reply.writeHead(found ? 200 : 404, { 'Content-Type': found?.type ?? 'text/html; charset=utf-8' });
        reply.end(found?.body ?? 'not here');
      };
      if (this.held.has(request.url)) this.waiting.push(go);
      else go();
    }).listen(0, '127.0.0.1');
  }

  get url() {
    return `http://127.0.0.1:${this.server.address().port}/`;
  }

  open() {
    this.held.clear();
    this.waiting.splice(0).forEach((go) => go());
  }

  close() {
    this.open();
    this.server.closeAllConnections();
    this.server.close();
  }
}
