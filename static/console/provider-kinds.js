// The identity provider products by the table that the API has of them: their words, their names
// for attributes, the steps that connect them.
import { read } from './api.js';
import { h } from './dom.js';

let known = null;

/** All of them, in the order in which they are offered. The same until the next release. */
export async function kinds(signal) {
  known ??= (await read('/api/v1/provider-kinds', signal)).items;
  return known;
}

/** One of them by its word; a word that is not known is any other product. */
export async function kindOf(word, signal) {
  const all = await kinds(signal);
  return all.find((each) => each.kind === word) ?? all[all.length - 1];
}

/** '**Next** of {acs_url}' with what stands on the product's screen in bold, and the values filled in. */
export function marked(text, values = {}) {
  return text.split('**').map((part, index) => (index % 2 ? h('b', filled(part, values)) : filled(part, values)));
}

/** A text with the values of one provider in the places of '{acs_url}' and its like. */
export function filled(text, values) {
  return text.replace(/\{(acs_url|entity_id|login_url|metadata_url)\}/g, (place, name) => values[name] ?? place);
}
