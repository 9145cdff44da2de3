/* The files of chats in a .zip, as ChatGPT sends it; without ZIP64, which begins at 4 GB. */

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const END_BYTES = 22;
const COMMENT_MOST = 65_535;
const ENTRY_BYTES = 46;
const HEAD_BYTES = 30;
const STORED = 0;
const DEFLATED = 8;
const CHATS = /(^|\/)(conversations|chats)[^/]*\.json$/;

/** @typedef {ReadableStream<Uint8Array<ArrayBuffer>>} Bytes */
/**
 * @typedef {{size: number, stream: (told: (bytes: number) => void) => Promise<Bytes>}} Part
 *   size: in the file, of which it is told what was read
 */

/** @param {Blob} blob */
const view = async (blob) => new DataView(await blob.arrayBuffer());

/** @param {Blob} file */
export async function isZip(file) {
  return file.size > END_BYTES && (await view(file.slice(0, 4))).getUint32(0, true) === 0x04034b50;
}

/** @param {Blob} file @returns {Promise<Part[]>} throws a RangeError for what is no .zip */
export async function chatsInZip(file) {
  const tail = await view(file.slice(-END_BYTES - COMMENT_MOST));
  let at = tail.byteLength - END_BYTES;
  while (tail.getUint32(at, true) !== END) at -= 1;
  const from = tail.getUint32(at + 16, true);
  const list = await view(file.slice(from, from + tail.getUint32(at + 12, true)));
  /** @type {Part[]} */
  const parts = [];
  for (let p = 0; p < list.byteLength;) {
    if (list.getUint32(p, true) !== ENTRY) throw new RangeError();
    const nameBytes = list.getUint16(p + 28, true);
    const name = new TextDecoder().decode(new Uint8Array(list.buffer, p + ENTRY_BYTES, nameBytes));
    const method = list.getUint16(p + 10, true);
    if (CHATS.test(name) && (method === STORED || method === DEFLATED)) {
      parts.push(partAt(file, list.getUint32(p + 42, true), list.getUint32(p + 20, true), method === DEFLATED));
    }
    p += ENTRY_BYTES + nameBytes + list.getUint16(p + 30, true) + list.getUint16(p + 32, true);
  }
  return parts;
}

/** @param {Blob} file @param {number} at @param {number} size @param {boolean} isPacked @returns {Part} */
function partAt(file, at, size, isPacked) {
  const stream = async (/** @type {(bytes: number) => void} */ told) => {
    const head = await view(file.slice(at, at + HEAD_BYTES));
    const from = at + HEAD_BYTES + head.getUint16(26, true) + head.getUint16(28, true);
    const bytes = counted(file.slice(from, from + size), told);
    return isPacked ? bytes.pipeThrough(new DecompressionStream('deflate-raw')) : bytes;
  };
  return { size, stream };
}

/** @param {Blob} blob @param {(bytes: number) => void} told @returns {Bytes} */
export function counted(blob, told) {
  return blob.stream().pipeThrough(new TransformStream({ transform(chunk, to) {
    told(chunk.length);
    to.enqueue(chunk);
  } }));
}
