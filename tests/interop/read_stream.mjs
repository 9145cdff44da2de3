// Reads one response stream by the official SDK, twice: event by event as its parser yields
// them, and through the strict accumulator of responses.stream(). Prints what each made of it.
//
//     node read_stream.mjs FOLDER-OF-THE-SDK BASE-URL
import { createRequire } from 'node:module';

const [folder, baseURL] = process.argv.slice(2);
const OpenAI = createRequire(folder + '/')('openai').OpenAI;
const client = new OpenAI({ apiKey: 'none', baseURL, maxRetries: 0 });
const body = { model: 'any', input: 'any' };

async function parsed() {
  const events = [];
  for await (const event of await client.responses.create({ ...body, stream: true })) events.push(event);
  return { events };
}

async function accumulated() {
  const stream = client.responses.stream(body);
  const types = [];
  for await (const event of stream) types.push(event.type);
  return { types, response: await stream.finalResponse() };
}

const told = {};
for (const read of [parsed, accumulated]) {
  try {
    told[read.name] = await read();
  } catch (error) {
    told[read.name] = { error: String(error) };
  }
}
console.log(JSON.stringify(told));
