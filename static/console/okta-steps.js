// What to do in Okta to connect a provider, in Okta's words and order.
import { h } from './dom.js';
import { metadataForm } from './metadata.js';
import { copyable, oktaForm, ticked } from './show.js';
import { signInTest } from './sign-in-test.js';

const ATTRIBUTES = [['firstName', 'user.firstName'], ['lastName', 'user.lastName'], ['email', 'user.email']];

export function oktaSteps({ page, provider, path, saved, manage }) {
  const draft = provider.state === 'draft';
  return h('ol', { class: 'steps' },
    h('li', h('h2', provider.kind === 'okta' ? 'Create an app integration in Okta' : 'Create a SAML application in your identity provider'),
      h('p', 'In the Okta Admin Dashboard open ', h('b', 'Applications'), ' › ', h('b', 'Create App Integration'), ', choose ', h('b', 'SAML 2.0'), ' and press ', h('b', 'Next'), '.'),
      h('p', 'Under ', h('b', 'General Settings'), ' type an ', h('b', 'App name'), ', we recommend ', h('b', 'Portcullis'), ', and press ', h('b', 'Next'), '.')),
    h('li', h('h2', 'Enter the SAML settings'),
      oktaForm('Configure SAML › SAML Settings', [
        ['Single sign-on URL', copyable('Single sign-on URL', provider.acs_url), ticked('Use this for Recipient URL and Destination URL')],
        ['Audience URI (SP Entity ID)', copyable('Audience URI (SP Entity ID)', provider.entity_id)],
      ]),
      h('h3', 'Attribute Statements'),
      h('table', { class: 'attributes' }, h('caption', { class: 'visually-hidden' }, 'Attribute Statements'),
        h('thead', h('tr', ['Name', 'Name format', 'Value'].map((name) => h('th', { scope: 'col' }, name)))),
        h('tbody', ATTRIBUTES.map(([name, value]) => h('tr', h('td', copyable(`name ${name}`, name)), h('td', 'Basic'), h('td', copyable(`value ${value}`, value)))))),
      h('p', 'Leave everything else as it is. Press ', h('b', 'Next'), ' and ', h('b', 'Finish'), '.')),
    manage && h('li', h('h2', 'Bring Okta’s metadata here'),
      h('p', 'On the app’s ', h('b', 'Sign On'), ' tab copy the ', h('b', 'Metadata URL'), '.'),
      metadataForm({ provider, path, saved, submit: 'Submit', primary: draft })),
    h('li', h('h2', 'Assign people'),
      h('p', 'On the app’s ', h('b', 'Assignments'), ' tab assign yourself, or a group that you are in. Okta lets in nobody else.')),
    draft && h('li', h('h2', 'Sign in once'),
      provider.missing?.includes('metadata') ? h('p', { class: 'muted' }, 'Possible as soon as the metadata is here.') : signInTest(page, provider)));
}
