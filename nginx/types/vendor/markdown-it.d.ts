/* As much of markdown-it as the client uses. */

export interface Token {
  type: string;
  tag: string;
  nesting: number;
  level: number;
  content: string;
  info: string;
  hidden: boolean;
  map: [number, number] | null;
  children: Token[] | null;
  attrGet(name: string): string | null;
}

export default class MarkdownIt {
  constructor(options: object);
  parse(text: string, references: object): Token[];
}
