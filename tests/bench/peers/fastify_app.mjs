// The three endpoints of `./dev bench api` as one writes them with Fastify and pg, a process a core.
import cluster from 'node:cluster';
import { createHash, randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import Fastify from 'fastify';
import pg from 'pg';

const text = { type: 'string' };
const optional = { type: ['string', 'null'] };
const flag = { type: 'boolean' };
const list = (items) => ({ type: 'object', properties: { data: { type: 'array', items }, next_cursor: optional } });
const chat = {
  type: 'object',
  properties: {
    id: text, user_id: text, agent_id: optional, title: text, session_id: optional, preview: text, unread: flag, pinned: flag,
    archived: flag, created_at: text, active_at: text,
    active_request: { type: ['object', 'null'], properties: { id: text, status: text } },
  },
};
const message = {
  type: 'object',
  properties: {
    id: text, chat_id: text, parent_id: optional, role: text, status: text, content: text, request_id: optional,
    sources: { type: ['array', 'null'], items: { type: 'object', additionalProperties: true } }, created_at: text,
  },
};
const ts = (column) => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const KEY = { name: 'key', text: 'select user_id from api_keys where key_hash = $1 and (expires_at is null or expires_at > now())' };
const CHATS = {
  name: 'chats',
  text: `select c.id, c.user_id, c.agent_id, c.title, c.session_id, c.preview, c.pinned, c.archived,
                c.answered_at is not null and (c.read_at is null or c.answered_at > c.read_at) as unread,
                r.id as active_id, r.status as active_status, ${ts('c.created_at')} as created_at, ${ts('c.active_at')} as active_at
           from chats c
           left join lateral (select u.id, u.status from requests u where u.chat_id = c.id and u.completed_at is null
                               order by u.created_at, u.id limit 1) r on true
          where c.user_id = $1 and c.shelf = 0 and (c.active_at, c.id) < ($2, $3)
          order by c.active_at desc, c.id desc limit $4`,
};
const OWNER = { name: 'owner', text: 'select id from chats where id = $1 and user_id = $2' };
const MESSAGES = {
  name: 'messages',
  text: `select id, chat_id, parent_id, role, status, content, request_id, sources, ${ts('created_at')} as created_at
           from messages where chat_id = $1 and not hidden and (created_at, id) > ($2, $3)
          order by created_at, id limit $4`,
};
const TOUCH = { name: 'touch', text: 'update chats set active_at = clock_timestamp(), preview = $3 where id = $1 and user_id = $2' };
const ADD = {
  name: 'add',
  text: `insert into messages (id, user_id, chat_id, parent_id, role, content, created_at)
         select $1, $2, $3, coalesce((select l.id from messages l where l.chat_id = $3 and not l.hidden
                                       order by l.created_at desc, l.id desc limit 1), $3), $4, $5, clock_timestamp()
         returning id, chat_id, parent_id, role, status, content, request_id, sources, ${ts('created_at')} as created_at`,
};

async function serve() {
  const app = Fastify();
  const pool = new pg.Pool({ max: Number(process.env.PEER_POOL) / availableParallelism() });
  const run = (on, query, values) => on.query({ ...query, values });

  app.decorateRequest('user', null);
  app.addHook('onRequest', async (request, reply) => {
    const key = (request.headers.authorization ?? '').replace(/^Bearer /, '');
    const { rows } = await run(pool, KEY, [createHash('sha256').update(key).digest()]);
    if (!rows.length) return reply.code(401).send({ error: 'Unauthorized' });
    request.user = rows[0].user_id;
  });

  const page = (rows, limit, at) => ({
    data: rows.slice(0, limit),
    next_cursor: rows.length > limit ? `${rows[limit - 1][at]},${rows[limit - 1].id}` : null,
  });

  app.get('/api/chats', { schema: { response: { 200: list(chat) } } }, async (request) => {
    const limit = Number(request.query.limit ?? 20);
    const [at, id] = (request.query.cursor ?? 'infinity,ffffffff-ffff-ffff-ffff-ffffffffffff').split(',');
    const { rows } = await run(pool, CHATS, [request.user, at, id, limit + 1]);
    for (const row of rows) row.active_request = row.active_id ? { id: row.active_id, status: row.active_status } : null;
    return page(rows, limit, 'active_at');
  });

  app.get('/api/chats/:id/messages', { schema: { response: { 200: list(message) } } }, async (request, reply) => {
    const limit = Number(request.query.limit ?? 20);
    const [at, id] = (request.query.cursor ?? '-infinity,00000000-0000-0000-0000-000000000000').split(',');
    if (!(await run(pool, OWNER, [request.params.id, request.user])).rows.length) return reply.code(404).send({ error: 'Not found' });
    return page((await run(pool, MESSAGES, [request.params.id, at, id, limit + 1])).rows, limit, 'created_at');
  });

  const body = {
    type: 'object', required: ['role', 'content'], additionalProperties: false,
    properties: { role: { enum: ['system', 'user', 'assistant'] }, content: { type: 'string', minLength: 1, maxLength: 200000 } },
  };
  app.post('/api/chats/:id/messages', { schema: { body, response: { 201: message } } }, async (request, reply) => {
    const client = await pool.connect();
    try {
      const { role, content } = request.body;
      await client.query('begin');
      if (!(await run(client, TOUCH, [request.params.id, request.user, content.slice(0, 200)])).rowCount) {
        await client.query('rollback');
        return reply.code(404).send({ error: 'Not found' });
      }
      const { rows } = await run(client, ADD, [randomUUID(), request.user, request.params.id, role, content]);
      await client.query('commit');
      return reply.code(201).send(rows[0]);
    } finally {
      client.release();
    }
  });

  await app.listen({ path: process.env.PEER_SOCKET });
}

if (cluster.isPrimary) {
  for (let i = 0; i < availableParallelism(); i++) cluster.fork();
} else {
  await serve();
}
