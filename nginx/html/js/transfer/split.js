/*
 * The chats of a file of any size, each as its bytes: what is read is not kept, so that hundreds
 * of megabytes pass through a few. Only the shape of JSON is looked at; the server reads the rest.
 */

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_LIST = 91;
const CLOSE_LIST = 93;
const OPEN_OBJECT = 123;
const CLOSE_OBJECT = 125;
const KEY = 'chats';

/** @typedef {{parts: Uint8Array<ArrayBuffer>[] | null, size: number}} Piece parts: null when it is too large */

/** Takes a list of objects, or an object with the list as its member `chats`. */
export class Splitter {
  /** @param {number} most bytes of one chat @param {(piece: Piece) => void} take */
  constructor(most, take) {
    this.most = most;
    this.take = take;
    this.depth = 0;
    this.level = 0; // of depth inside the list; 0 until it was found
    this.isOver = false;
    this.inText = false;
    this.escaped = false;
    this.key = '';
    /** @type {Piece | null} */
    this.piece = null;
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  push(bytes) {
    let start = 0;
    for (let i = 0; i < bytes.length && !this.isOver; i++) {
      const c = bytes[i];
      if (this.inText) {
        this.#text(c);
      } else if (c === QUOTE) {
        this.inText = true;
        this.key = '';
      } else if (c === OPEN_OBJECT || c === OPEN_LIST) {
        if (this.#opens(c)) start = i;
      } else if ((c === CLOSE_OBJECT || c === CLOSE_LIST) && this.#closes()) {
        this.#add(bytes.subarray(start, i + 1));
        this.#end();
      }
    }
    if (this.piece) this.#add(bytes.subarray(start));
  }

  /** @param {number} c */
  #text(c) {
    if (this.escaped) this.escaped = false;
    else if (c === BACKSLASH) this.escaped = true;
    else if (c === QUOTE) this.inText = false;
    else if (this.depth === 1 && this.key.length <= KEY.length) this.key += String.fromCharCode(c);
  }

  /** @param {number} c @returns {boolean} whether a chat begins */
  #opens(c) {
    const begins = this.level > 0 && this.depth === this.level && c === OPEN_OBJECT;
    if (begins) this.piece = { parts: [], size: 0 };
    if (this.level === 0 && c === OPEN_LIST && (this.depth === 0 || (this.depth === 1 && this.key === KEY))) this.level = this.depth + 1;
    this.depth += 1;
    return begins;
  }

  /** @returns {boolean} whether a chat ends */
  #closes() {
    this.depth -= 1;
    this.isOver = this.depth < this.level || this.depth <= 0;
    return this.piece !== null && this.depth === this.level;
  }

  /** @param {Uint8Array<ArrayBuffer>} bytes */
  #add(bytes) {
    const piece = /** @type {Piece} */ (this.piece);
    piece.size += bytes.length;
    if (piece.size > this.most) piece.parts = null;
    piece.parts?.push(bytes);
  }

  #end() {
    this.take(/** @type {Piece} */ (this.piece));
    this.piece = null;
  }
}
