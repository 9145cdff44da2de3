/* What can be done with a chat. */

import { ask, attempt, menu, toast } from '../ui.js';
import { changeChat, deleteChat, restoreChat } from '../store.js';
import { go } from '../router.js';
import { h } from '../dom.js';
import { t } from '../words.js';

/** @typedef {import('../types.js').Chat} Chat */

/**
 * @param {HTMLElement} anchor
 * @param {Chat} chat
 */
export function chatMenu(anchor, chat) {
  menu(anchor, [
    { label: t('chat.rename'), icon: 'edit', act: () => void rename(chat) },
    { label: t(chat.pinned ? 'chat.unpin' : 'chat.pin'), icon: 'pin',
      act: () => void attempt(changeChat(chat.id, { pinned: !chat.pinned })) },
    { label: t(chat.archived ? 'chat.unarchive' : 'chat.archive'), icon: 'archive', act: () => void archive(chat) },
    null,
    { label: t('chat.export_markdown'), icon: 'download', act: () => exportChat(chat, 'markdown') },
    { label: t('chat.export_json'), icon: 'download', act: () => exportChat(chat, 'json') },
    null,
    { label: t('chat.delete'), icon: 'trash', danger: true, act: () => void removeChat(chat) },
  ]);
}

/** @param {Chat} chat */
export async function rename(chat) {
  const input = h('input', { name: 'title', value: chat.title, maxlength: 200, required: true, 'aria-label': t('chat.title') });
  const values = await ask({ title: t('chat.rename'), submit: t('app.save'), body: h('div', { class: 'field' }, input) });
  const title = String(values?.get('title') ?? '').trim();
  if (title && title !== chat.title) await attempt(changeChat(chat.id, { title }));
}

/** @param {Chat} chat */
async function archive(chat) {
  await attempt(changeChat(chat.id, { archived: !chat.archived }));
  if (!chat.archived) {
    leave(chat);
    toast(t('chat.archived'), { action: t('app.undo'), act: () => void attempt(changeChat(chat.id, { archived: false })) });
  }
}

/** @param {Chat} chat */
function leave(chat) {
  if (location.pathname === `/c/${chat.id}`) go('/');
}

/** @param {Chat} chat */
export async function removeChat(chat) {
  leave(chat);
  await attempt(async () => {
    await deleteChat(chat.id);
    toast(t('chat.deleted'), { action: t('app.undo'), act: () => void attempt(restoreChat(chat.id)) });
  });
}

/** @param {Chat} chat @param {string} format */
function exportChat(chat, format) {
  h('a', { href: `/api/chats/${chat.id}/export?format=${format}`, download: '' }).click();
}
