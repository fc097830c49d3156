// Deleting a provider: who loses their way in, the person who asks among them or not, and what is
// left to come in by.
import { read, remove } from './api.js';
import { h } from './dom.js';
import { ask, tell } from './dialog.js';
import { notice, plural } from './show.js';

export async function deleteProvider(page, path, provider, kind) {
  let preview;
  try {
    preview = await read(`${path}/deletion`, page.signal);
  } catch (error) {
    await tell({ title: `Delete ${kind} provider ${provider.name}?`, content: [notice('bad', h('p', error.message)), h('p', 'Who would lose their way in is not known, so nothing is deleted.')], close: 'Close' });
    return;
  }
  const { people, you } = preview;
  const done = await ask({
    title: `Delete ${kind} provider ${provider.name}?`,
    content: [
      notice(people === 0 ? 'plain' : 'bad',
        h('p', people === 0 ? 'Nobody signs in through it yet.' : [h('strong', `${plural(people, 'person signs', 'people sign')} in through it`), you ? ', you among them.' : '.']),
        people > 0 && h('p', you ? 'They and you can no longer sign in through it.' : 'They can no longer sign in through it.')),
      consequences(preview),
      you && h('p', h('strong', 'You may not come back in'), ' once your session is over; it ends with the others.'),
    ],
    submit: `Delete ${kind} Provider`,
    danger: true,
    send: () => remove(path),
  });
  if (done) page.go(page.at('providers'), { said: `The provider ${provider.name} is deleted.` });
}

function consequences({ people, enforced, scim_tokens: tokens, sessions, groups = 0, other_ways_in: ways = [] }) {
  return h('ul', { class: 'plain' },
    h('li', sessions ? `${plural(sessions, 'session')} that ${sessions === 1 ? 'was' : 'were'} opened through it ${sessions === 1 ? 'ends' : 'end'} at once.` : 'No session is open through it.'),
    h('li', tokens ? `${plural(tokens, 'SCIM token')} ${tokens === 1 ? 'is' : 'are'} revoked: Okta no longer pushes users and groups.` : 'It has no SCIM token.'),
    groups > 0 && h('li', `${plural(groups, 'group')} that came from its attribute ${groups === 1 ? 'goes' : 'go'}, and with ${groups === 1 ? 'it the level that it gives' : 'them the levels that they give'}.`),
    people > 0 && h('li', 'Users and pushed groups stay. Whom it answered for is marked unmanaged: nothing keeps them up to date, and nothing deactivates them.'),
    enforced && h('li', 'SSO is no longer required of its domains.'),
    h('li', ways.length ? `Still open: ${ways.join('; ')}.` : 'No other way in is left.'));
}
