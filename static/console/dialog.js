// A question that stands before the page: <dialog> keeps the focus inside and Escape closes it.
import { h, id } from './dom.js';
import { form } from './form.js';

/**
 * Asks, and on yes runs `send`; what the server refuses stays in the dialog. Resolves to whether it
 * was done. A destructive question names its object in `title` and its consequence in `content`.
 */
export function ask({ title, content, submit, danger = false, send }) {
  let done = false;
  const cancel = h('button', { type: 'button', on: { click: () => opened.dialog.close() } }, 'Cancel');
  const opened = open(title, form({
    fields: content,
    submit,
    danger,
    actions: [cancel],
    send: async (values, element) => {
      await send(values, element);
      done = true;
      opened.dialog.close();
    },
  }));
  if (danger) cancel.focus();
  return opened.closed.then(() => done);
}

/** Says something that has to be seen, such as a secret that is shown once, until it is put away. */
export function tell({ title, content, close = 'Done' }) {
  const opened = open(title, h('div', { class: 'stack tight' }, content,
    h('div', { class: 'actions' }, h('button', { type: 'button', class: 'primary', on: { click: () => opened.dialog.close() } }, close))));
  opened.dialog.querySelector('button').focus();
  return opened.closed;
}

function open(title, content) {
  const headingId = id('dialog');
  const dialog = h('dialog', { 'aria-labelledby': headingId }, h('h2', { id: headingId }, title), content);
  const closed = new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve();
    });
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, closed };
}
