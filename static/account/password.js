// Another password; it ends the other sessions.
import { create } from '/static/console/api.js';
import { fill, h, say } from '/static/console/dom.js';
import { field, form, refuse } from '/static/console/form.js';
import { notice } from '/static/console/show.js';
import { when } from '/static/console/time.js';

export function drawPassword(parent, account, again) {
  if (!account.password) {
    fill(parent, h('p', 'You sign in with your identity provider and have no password here.'));
    return;
  }
  if (account.password_refused) {
    fill(parent, h('p', `Your password can’t be used now: ${account.password_refused}.`));
    return;
  }
  fill(parent, h('p', { class: 'hint' }, 'Last changed ', when(account.password.changed_at), '.'), form({
    fields: [
      field({ name: 'current', label: 'Current password', type: 'password', autocomplete: 'current-password', required: true, 'data-missing': 'Type the password you have now.' }),
      field({ name: 'new', label: 'New password', hint: 'At least 12 characters; several unrelated words are best.', type: 'password', autocomplete: 'new-password', required: true, 'data-missing': 'Type a new password.' }),
      field({ name: 'again', label: 'The same again', type: 'password', autocomplete: 'new-password', required: true, 'data-missing': 'Type the new password once more.' }),
    ],
    submit: 'Change password',
    primary: false,
    send: async ({ current, new: chosen, again: repeated }, element) => {
      if (chosen !== repeated) {
        refuse(element.elements.namedItem('again'), 'The two are not the same.');
        return;
      }
      await create('/api/v1/account/password', { current, new: chosen });
      await again();
      parent.prepend(notice('good', 'Your password is changed. Your other sessions have ended.'));
      say('Password changed');
    },
  }));
}
