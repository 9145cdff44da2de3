/*
 * Everything that the client says, in one place: a translation is another file with the same
 * names. {name} is replaced; a member with `one` and `other` follows the number `n`.
 */

const LANGUAGE = 'en';

/** @type {Record<string, string | {one: string, other: string}>} */
const words = {
  'app.name': 'Offstage',
  'app.skip': 'Skip to the conversation',
  'app.close': 'Close',
  'app.cancel': 'Cancel',
  'app.save': 'Save',
  'app.retry': 'Try again',
  'app.undo': 'Undo',
  'app.not_found': 'There is nothing here.',
  'app.not_found_hint': 'It may have been deleted, or it belongs to somebody else.',

  'net.offline': 'You are offline. What you write is kept and sent later; answers go on without you.',
  'net.connecting': 'Connecting again…',
  'net.polling': 'Live updates cannot get through; asking every few seconds instead.',
  'net.away': 'The server cannot be reached.',

  'auth.sign_in': 'Sign in',
  'auth.register': 'Create account',
  'auth.welcome': 'Welcome back',
  'auth.start': 'Create your account',
  'auth.tagline': 'Ask, leave, and come back to the whole answer.',
  'auth.email': 'Email',
  'auth.password': 'Password',
  'auth.password_hint': 'At least 8 characters.',
  'auth.name': 'Name',
  'auth.to_register': 'No account yet?',
  'auth.to_sign_in': 'Already have an account?',
  'auth.signed_out': 'You were signed out. Sign in to go on where you were.',
  'auth.sign_out': 'Sign out',

  'side.label': 'Chats and pages',
  'side.new': 'New chat',
  'side.search': 'Search',
  'side.chats': 'Chats',
  'side.agents': 'Agents',
  'side.open': 'Open the sidebar',
  'side.hide': 'Close the sidebar',
  'side.pinned': 'Pinned',
  'side.today': 'Today',
  'side.yesterday': 'Yesterday',
  'side.week': 'Previous 7 days',
  'side.month': 'Previous 30 days',
  'side.empty': 'Your chats appear here.',
  'side.running': 'answer in progress',
  'side.unread': 'new answer',
  'side.account': 'Account of {name}',

  'chat.untitled': 'New chat',
  'chat.menu': 'Actions for “{title}”',
  'chat.rename': 'Rename',
  'chat.title': 'Title',
  'chat.pin': 'Pin',
  'chat.unpin': 'Unpin',
  'chat.archive': 'Archive',
  'chat.unarchive': 'Unarchive',
  'chat.delete': 'Delete',
  'chat.deleted': 'Chat deleted.',
  'chat.archived': 'Chat archived.',
  'chat.greeting': 'What is on your mind, {name}?',
  'chat.log': 'Conversation',
  'chat.you': 'You said',
  'chat.agent_said': 'Answer of {name}',
  'chat.answer': 'Answer',
  'chat.latest': 'Go to the latest message',
  'chat.no_agent': 'You have no agent yet.',
  'chat.no_agent_hint': 'An agent is a model to talk to, or a chatbot that answers from your pages.',
  'chat.make_agent': 'Create an agent',
  'chat.agent_gone': 'The agent of this chat was deleted. Pick another to go on.',

  'compose.label': 'Message',
  'compose.placeholder': 'Ask anything',
  'compose.placeholder_agent': 'Message {name}',
  'compose.send': 'Send',
  'compose.stop': 'Stop',
  'compose.agent': 'Agent',
  'compose.hint': 'Enter sends, Shift+Enter starts a new line.',
  'compose.queue_hint': 'An answer is on its way; what you send now is answered next.',

  'answer.queued': 'Waiting for its turn',
  'answer.starting': 'Starting',
  'answer.thinking': 'Thinking',
  'answer.thought': 'Thought process',
  'answer.restarted': 'The answer was interrupted and started again.',
  'answer.failed': 'This answer failed.',
  'answer.cancelled': 'Stopped.',
  'answer.length': 'The answer reached its length limit.',
  'answer.filter': 'The model’s content filter ended the answer.',
  'answer.finished': 'Answer finished.',
  'answer.began': 'Answer begins.',
  'answer.copy': 'Copy',
  'answer.copied': 'Copied',
  'answer.regenerate': 'Answer again',
  'answer.trace': 'Trace',
  'answer.sources': { one: '1 source', other: '{n} sources' },
  'answer.citation': 'Source {n}: {title}',
  'passage.page': 'The whole page',
  'answer.tool': 'Tool call: {name}',
  'answer.too_long': 'This text is very long and is shown as it is.',

  'message.pending': 'Sending…',
  'message.waiting': 'Not sent yet: it goes out as soon as the server can be reached.',
  'message.refused': 'Not sent: {why}',
  'message.edit': 'Edit',
  'message.discard': 'Discard',

  'code.copy': 'Copy code',
  'code.text': 'Text',
};

const plural = new Intl.PluralRules(LANGUAGE);
const number = new Intl.NumberFormat(LANGUAGE);

/**
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 */
export function t(name, values = {}) {
  const found = words[name];
  if (found === undefined) throw new Error(`no words for "${name}"`);
  const text = typeof found === 'string' ? found : plural.select(Number(values.n)) === 'one' ? found.one : found.other;
  return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
}

/** @param {number} n */
export function count(n) {
  return number.format(n);
}

const day = new Intl.DateTimeFormat(LANGUAGE, { day: 'numeric', month: 'long', year: 'numeric' });
const month = new Intl.DateTimeFormat(LANGUAGE, { month: 'long', year: 'numeric' });
const minute = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: 'medium', timeStyle: 'short' });

/** @param {string | Date} when */
export const dayOf = (when) => day.format(new Date(when));
/** @param {string | Date} when */
export const monthOf = (when) => month.format(new Date(when));
/** @param {string | Date} when */
export const timeOf = (when) => minute.format(new Date(when));
