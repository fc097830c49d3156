// Two products of the table that the executable has: Okta, which the walk connects, and any other.
const step = (title, text, more = {}) => ({ title, text, form: null, table: null, here: null, ...more });
const row = (label, value, tick = null) => ({ label, value, tick });
const TEST = step('Sign in once', [], { here: 'test' });

export const KINDS = [
  {
    kind: 'okta', name: 'Okta', summary: 'About ten minutes. Okta can push users and groups, too.',
    labels: { acs_url: 'Single sign-on URL', entity_id: 'Audience URI (SP Entity ID)', sso_url: 'Sign on URL', issuer: 'Issuer', certificate: 'Signing Certificate' },
    attributes: { email: ['email', 'NameID'], firstName: ['firstName'], lastName: ['lastName'], displayName: ['displayName'], groups: ['groups'] },
    skew_seconds: 180, name_id: 'Leave Name ID format at Unspecified.',
    metadata: { url: 'https://example.okta.com/app/exk.../sso/saml/metadata', found: 'On the app’s **Sign On** tab, copy the **Metadata URL**.' },
    steps: [
      step('Create an app integration in Okta', ['In the Okta Admin Dashboard open **Applications** › **Create App Integration**.']),
      step('Enter the SAML settings', ['Leave everything else as it is. Press **Next** and **Finish**.'], {
        form: { caption: 'Configure SAML › SAML Settings', rows: [row('Single sign-on URL', '{acs_url}', 'Use this for Recipient URL and Destination URL'), row('Audience URI (SP Entity ID)', '{entity_id}')] },
        table: { caption: 'Attribute Statements', columns: ['Name', 'Name format', 'Value'], rows: [['firstName', 'Basic', 'user.firstName'], ['lastName', 'Basic', 'user.lastName'], ['email', 'Basic', 'user.email']] },
      }),
      step('Bring Okta’s metadata here', ['On the app’s **Sign On** tab copy the **Metadata URL**.'], { here: 'metadata' }),
      TEST,
    ],
    traps: ['Okta’s metadata has the active certificate alone.'],
  },
  {
    kind: 'saml', name: 'Other SAML 2.0 provider', summary: 'Whatever speaks SAML 2.0 with HTTP-Redirect and HTTP-POST.',
    labels: { acs_url: 'Assertion consumer service (ACS) URL', entity_id: 'Entity ID', sso_url: 'Single sign-on URL', issuer: 'Issuer', certificate: 'Signing certificate' },
    attributes: { email: ['email', 'mail', 'NameID'], firstName: ['firstName'], lastName: ['lastName'], displayName: ['displayName'], groups: ['groups'] },
    skew_seconds: 180, name_id: 'Something that stays with the person.',
    metadata: { url: null, found: 'Look for SAML metadata.' },
    steps: [
      step('Create a SAML application', ['Let it sign the response.'], { form: { caption: 'SAML settings', rows: [row('ACS URL', '{acs_url}'), row('Entity ID', '{entity_id}')] } }),
      step('Bring its metadata here', [], { here: 'metadata' }),
      TEST,
    ],
    traps: ['RSA with SHA-1 is refused.'],
  },
];

/** What the API says of a new provider's attributes. */
export function attributesOf(word) {
  const { attributes, skew_seconds } = KINDS.find((each) => each.kind === word) ?? KINDS[1];
  return { skew_seconds, mapping: { ...attributes, groups: [] }, mapping_changed: [], group_levels: {}, groups_mapped_only: false };
}
