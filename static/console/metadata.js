// Three ways to tell us about the identity provider: its Metadata URL, the metadata as a file, or
// the three values by hand.
import { change } from './api.js';
import { h } from './dom.js';
import { field, form, refuse } from './form.js';
import { filled, marked } from './provider-kinds.js';

const WAYS = [['url', 'Metadata URL'], ['file', 'Upload a file'], ['values', 'Try another way']];

/** `saved` is called with the provider as the server answered it. */
export function metadataForm({ provider, kind, path, saved, submit, primary = false }) {
  const { labels, metadata } = kind;
  const first = metadata.url ? 'url' : 'file';
  const parts = {
    url: h('div', { hidden: first !== 'url' }, field({
      name: 'metadata_url', label: 'Metadata URL', type: 'url', required: true, value: provider.idp_metadata_url ?? '',
      placeholder: filled(metadata.url ?? 'https://', provider),
      hint: ['It needs a way from here to ', kind.name, '; if there is none, upload the file.'],
      'data-missing': `Paste the Metadata URL from ${kind.name}.`,
    })),
    file: h('div', { hidden: first !== 'file' }, field({
      name: 'metadata_xml', label: 'Metadata file',
      control: h('input', { type: 'file', accept: '.xml,text/xml,application/xml,application/samlmetadata+xml', required: true, 'data-missing': 'Choose the metadata file.' }),
      hint: marked(metadata.found),
    })),
    values: h('div', { hidden: true, class: 'stack tight' },
      h('p', { class: 'muted' }, kind.kind === 'okta' ? 'In Okta, open More details on the Sign On tab and copy the three values.' : `Copy the three values from ${kind.name}.`),
      field({ name: 'sso_url', label: labels.sso_url, type: 'url', required: true, value: provider.sso_url ?? '', 'data-missing': `Paste the ${labels.sso_url}.` }),
      field({ name: 'issuer', label: labels.issuer, required: true, value: provider.issuer ?? '', 'data-missing': `Paste the ${labels.issuer}.` }),
      field({
        name: 'certificate', label: labels.certificate,
        control: h('textarea', { required: true, rows: 6, spellcheck: 'false', 'data-missing': 'Paste the certificate.' }),
        hint: 'PEM, or base64 with or without the BEGIN and END lines.',
      })),
  };
  const ways = h('fieldset', { class: 'ways' }, h('legend', { class: 'visually-hidden' }, 'How to enter the metadata'),
    WAYS.filter(([way]) => way !== 'url' || metadata.url).map(([way, text]) => h('label', h('input', { type: 'radio', name: 'way', value: way, checked: way === first, on: { change: () => pick(way) } }), h('span', text))));
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
