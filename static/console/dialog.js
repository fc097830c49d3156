// A question that stands before the page: <dialog> keeps the focus inside and Escape closes it.
import { h, id } from './dom.js';
import { form } from './form.js';

/**
 * Asks, and on yes runs `send`; what the server refuses stays in the dialog. Resolves to whether it
 * was done. A destructive question names its object in `title` and its consequence in `content`.
 */
export function ask({ title, content, submit, danger = false, send }) {
  return new Promise((resolve) => {
    let done = false;
    const headingId = id('dialog');
    const cancel = h('button', { type: 'button', on: { click: () => dialog.close() } }, 'Cancel');
    const dialog = h('dialog', { 'aria-labelledby': headingId },
      h('h2', { id: headingId }, title),
      form({
        fields: content,
        submit,
        danger,
        actions: [cancel],
        send: async (values) => {
          await send(values);
          done = true;
          dialog.close();
        },
      }));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(done);
    });
    document.body.append(dialog);
    dialog.showModal();
    if (danger) cancel.focus();
  });
}
