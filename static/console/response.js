// The response behind a sign-in, for admins: verified again, put together for support, or shown as
// it came. Each is a line of the audit log.
import { create, read } from './api.js';
import { fill, h, say } from './dom.js';
import { saveAs } from './export.js';
import { comparison } from './replay.js';
import { mayChange } from './session.js';
import { notice } from './show.js';

/** The panel of a sign-in's trace; null for other traces and other people. */
export function response(page, trace) {
  if (trace.kind !== 'saml' || !mayChange(page.session)) return null;
  const path = `${page.api}/traces/${encodeURIComponent(trace.reference)}`;
  const place = h('div', { class: 'stack', 'aria-live': 'polite' });
  const kept = Boolean(trace.document);
  const does = (label, work, more = {}) => button(label, place, work, more);
  return h('section', { class: 'panel' }, h('h2', 'Response'),
    h('p', { class: 'muted' }, kept
      ? `${trace.document.bytes.toLocaleString('en')} bytes, kept sealed as it came. Each reading is in the audit log.`
      : 'No response is kept with this sign-in: the organization keeps none, it was too large, or newer ones have taken its room.'),
    h('div', { class: 'actions' },
      kept && does('Replay', async () => comparison(await create(`${path}/replay`)), { class: 'primary', title: 'Today’s configuration, the clock of then. Nobody is signed in.' }),
      does('Support bundle', async () => {
        const bundle = await read(`${path}/bundle`);
        saveAs(`portcullis-${trace.reference}.json`, [`${JSON.stringify(bundle, null, 2)}\n`]);
        say('Support bundle saved');
        return notice('good', h('p', 'Saved as ', h('code', `portcullis-${trace.reference}.json`), '. It has the checks, the provider’s configuration and how the response is built. Names, addresses, attribute values and signatures are not in it.'));
      }),
      kept && does('Show response', async () => shown(await read(`${path}/document`)))),
    place);
}

function button(label, place, work, more) {
  const element = h('button', { type: 'button', ...more, on: { click: async () => {
    element.disabled = true;
    try {
      fill(place, await work());
    } catch (error) {
      if (error.name !== 'AbortError') fill(place, notice('bad', h('p', error.message)));
    }
    element.disabled = false;
  } } }, label);
  return element;
}

function shown({ reference, form, document: text }) {
  const name = `${reference}.${form === 'xml' ? 'xml' : 'txt'}`;
  return h('div', { class: 'stack tight' },
    form === 'value' && notice('warn', 'This is no base64 of a text; it is shown as it stood in the form.'),
    h('pre', { class: 'raw', tabindex: '0', 'aria-label': 'The response as it came' }, text),
    h('div', { class: 'actions' }, h('button', { type: 'button', on: { click: () => saveAs(name, [text]) } }, `Save as ${name}`)));
}
