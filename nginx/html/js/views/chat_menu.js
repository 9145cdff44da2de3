/* What can be done with a chat. */

import { ask, attempt, menu, toast } from '../ui.js';
import { changeChat, deleteChat, eraseChat, restoreChat } from '../store.js';
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
    { label: t(chat.archived ? 'chat.unarchive' : 'chat.archive'), icon: 'archive', act: () => void attempt(archiveChat(chat, !chat.archived)) },
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

/** Into the archive or out of it; either can be undone. @param {Chat} chat @param {boolean} archived */
export async function archiveChat(chat, archived) {
  await changeChat(chat.id, { archived });
  if (archived) leave(chat);
  toast(t(archived ? 'chat.archived' : 'chat.unarchived'), { action: t('app.undo'), act: () => void attempt(changeChat(chat.id, { archived: !archived })) });
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

/** Nothing takes it back, so it is asked whether to. @param {Chat} chat */
export async function deleteForGood(chat) {
  const sure = await ask({ title: t('shelf.forever'), text: t('shelf.sure', { title: chat.title || t('chat.untitled') }), submit: t('shelf.forever'), danger: true });
  if (sure) await eraseChat(chat.id);
}

/** @param {Chat} chat @param {string} format */
function exportChat(chat, format) {
  h('a', { href: `/api/chats/${chat.id}/export?format=${format}`, download: '' }).click();
}
