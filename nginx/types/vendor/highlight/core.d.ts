/* As much of highlight.js as the client uses. */

export interface Scope {
  scope?: string;
  children: (string | Scope)[];
}

declare const core: {
  registerLanguage(name: string, language: unknown): void;
  highlight(text: string, options: object): { _emitter: { rootNode: Scope } };
};

export default core;
