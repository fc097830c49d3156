// Three ways to tell us about the identity provider: its Metadata URL, the metadata as a file, or
// the three values by hand.
import { change } from './api.js';
import { h } from './dom.js';
import { field, form, refuse } from './form.js';

const WAYS = [['url', 'Metadata URL'], ['file', 'Upload a file'], ['values', 'Try another way']];

/** `saved` is called with the provider as the server answered it. */
export function metadataForm({ provider, path, saved, submit, primary = false }) {
  const parts = {
    url: h('div', field({
      name: 'metadata_url', label: 'Metadata URL', type: 'url', required: true, value: provider.idp_metadata_url ?? '',
      placeholder: 'https://example.okta.com/app/exk.../sso/saml/metadata',
      hint: 'Okta shows it on the app’s Sign On tab. Needs a way from here to Okta; if there is none, upload the file.',
      'data-missing': 'Paste the Metadata URL from Okta’s Sign On tab.',
    })),
    file: h('div', { hidden: true }, field({
      name: 'metadata_xml', label: 'Metadata file',
      control: h('input', { type: 'file', accept: '.xml,text/xml,application/xml,application/samlmetadata+xml', required: true, 'data-missing': 'Choose the metadata file.' }),
      hint: 'Open the Metadata URL in your browser and save the page as an XML file.',
    })),
    values: h('div', { hidden: true, class: 'stack tight' },
      h('p', { class: 'muted' }, 'In Okta, open More details on the Sign On tab and copy the three values.'),
      field({ name: 'sso_url', label: 'Sign on URL', type: 'url', required: true, value: provider.sso_url ?? '', 'data-missing': 'Paste the Sign on URL.' }),
      field({ name: 'issuer', label: 'Issuer', required: true, value: provider.issuer ?? '', 'data-missing': 'Paste the Issuer.' }),
      field({
        name: 'certificate', label: 'Certificate',
        control: h('textarea', { required: true, rows: 6, spellcheck: 'false', 'data-missing': 'Paste the certificate.' }),
        hint: 'As Okta’s Copy button gives it, with or without the BEGIN and END lines.',
      })),
  };
  const ways = h('fieldset', { class: 'ways' }, h('legend', { class: 'visually-hidden' }, 'How to enter the metadata'),
    WAYS.map(([way, text]) => h('label', h('input', { type: 'radio', name: 'way', value: way, checked: way === 'url', on: { change: () => pick(way) } }), h('span', text))));
  const pick = (way) => {
    for (const [name, part] of Object.entries(parts)) part.hidden = name !== way;
  };
  return form({
    fields: [ways, Object.values(parts)],
    submit,
    primary,
    send: async (values, element) => {
      const body = await said(values, element);
      if (body) saved(await change(path, body));
    },
  });
}

async function said(values, element) {
  if (values.way === 'url') return { metadata_url: values.metadata_url.trim() };
  if (values.way === 'values') return { sso_url: values.sso_url.trim(), issuer: values.issuer.trim(), certificate: values.certificate };
  if (values.metadata_xml.size > 512 * 1024) {
    refuse(element.elements.metadata_xml, 'This file is over 512 KB; metadata is a few KB. Is it the right one?');
    return null;
  }
  return { metadata_xml: await values.metadata_xml.text() };
}
