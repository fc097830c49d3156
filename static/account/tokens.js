// API tokens of one's own, where this appliance has them.
import { create, read, remove } from '/static/console/api.js';
import { fill, h, say } from '/static/console/dom.js';
import { field, form } from '/static/console/form.js';
import { badge, copyable, notice } from '/static/console/show.js';
import { isPast, when } from '/static/console/time.js';

const PATH = '/api/v1/account/tokens';
const SCOPES = [
  ['read', 'Read users, groups and providers'],
  ['audit', 'Read the audit log and traces'],
  ['users', 'Invite and change users'],
  ['admin', 'Administer the organization'],
];

export async function drawTokens(panel, parent, made = null) {
  let list;
  try {
    list = await read(PATH);
  } catch {
    return;
  }
  panel.hidden = false;
  fill(parent,
    made && [notice('good', `The token ${made.name} is shown this once.`), copyable('Token', made.token)],
    h('p', { class: 'hint' }, 'For scripts. A token never may more than you may at that moment.'),
    h('ul', { 'data-empty': 'No token yet.' }, list.items.map((token) => row(token, panel, parent))),
    form({
      fields: [
        field({ name: 'name', label: 'Name', maxlength: 100, required: true, 'data-missing': 'Say what the token is for.' }),
        h('fieldset', h('legend', 'Scopes'), SCOPES.map(([scope, text]) => h('label', { class: 'scope' }, h('input', { type: 'checkbox', name: `scope-${scope}` }), ` ${text}`))),
      ],
      submit: 'Make token',
      primary: false,
      send: async (values) => {
        const scopes = SCOPES.map(([scope]) => scope).filter((scope) => values[`scope-${scope}`]);
        const token = await create(PATH, { name: values.name, scopes });
        await drawTokens(panel, parent, token);
        say('Token made');
      },
    }));
}

function row(token, panel, parent) {
  const state = (token.revoked_at && 'revoked') || (isPast(token.expires_at) && 'expired') || null;
  const revoke = async () => {
    await remove(`${PATH}/${encodeURIComponent(token.id)}`);
    await drawTokens(panel, parent);
    say('Token revoked');
  };
  return h('li',
    h('div',
      h('div', token.name, ' ', (token.scopes ?? []).map((scope) => [badge(scope), ' ']), state && badge(state)),
      h('div', { class: 'hint' }, 'Made ', when(token.created_at), ', last used ', when(token.last_used_at), ', ends ', when(token.expires_at))),
    !state && h('button', { type: 'button', class: 'danger', 'aria-label': `Revoke ${token.name}`, on: { click: revoke } }, 'Revoke'));
}
