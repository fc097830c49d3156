// The name to show. What an identity provider wrote is changed there.
import { change } from '/static/console/api.js';
import { fill, h, say } from '/static/console/dom.js';
import { field, form } from '/static/console/form.js';

export function drawProfile(parent, account, again) {
  const facts = h('dl', { class: 'who' },
    h('dt', 'Signs in as'), h('dd', account.userName),
    h('dt', 'E-mail'), h('dd', account.email ?? 'none'),
    h('dt', 'Level'), h('dd', h('span', { class: 'badge accent' }, account.level ?? 'none')));
  if (account.origin !== 'local') {
    fill(parent, facts, h('p', { class: 'hint' }, 'Your name and address come from your identity provider.'));
    return;
  }
  fill(parent, facts, form({
    fields: [field({ name: 'displayName', label: 'Name', value: account.displayName ?? '', maxlength: 200, required: true, autocomplete: 'name', 'data-missing': 'Type your name.' })],
    submit: 'Save',
    primary: false,
    send: async ({ displayName }) => {
      await change('/api/v1/account', { displayName });
      await again();
      say('Name saved');
    },
  }));
}
