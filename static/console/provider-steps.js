// What to do at the identity provider to connect it, in its own words and order.
import { h } from './dom.js';
import { metadataForm } from './metadata.js';
import { filled, marked } from './provider-kinds.js';
import { copyable, notice, productForm, ticked } from './show.js';
import { signInTest } from './sign-in-test.js';

export function providerSteps({ page, provider, kind, path, saved, manage }) {
  const draft = provider.state === 'draft';
  const wanted = (step) => (step.here !== 'metadata' || manage) && (step.here !== 'test' || draft);
  return h('div', { class: 'stack' },
    h('ol', { class: 'steps' }, kind.steps.filter(wanted).map((step) => h('li', h('h2', step.title),
      // The last paragraph says what to press, so it comes after what is to be filled in.
      paragraphs(provider, step.form || step.table ? step.text.slice(0, -1) : step.text),
      step.form && productForm(kind.name, step.form.caption, step.form.rows.map((row) => field(row, provider))),
      step.table && table(step.table),
      (step.form || step.table) && paragraphs(provider, step.text.slice(-1)),
      step.here === 'metadata' && metadataForm({ provider, kind, path, saved, submit: 'Submit', primary: draft }),
      step.here === 'test' && test(page, provider)))),
    h('details', { class: 'panel' }, h('summary', `Worth knowing about ${kind.name}`),
      h('ul', h('li', h('b', 'NameID: '), kind.name_id), kind.traps.map((trap) => h('li', trap)))));
}

function paragraphs(provider, texts) {
  return texts.map((text) => h('p', marked(text, provider)));
}

function field(row, provider) {
  const value = filled(row.value, provider);
  return [row.label, value === row.value ? h('span', value) : copyable(row.label, value), row.tick && ticked(row.tick)];
}

function table({ caption, columns, rows }) {
  return [h('h3', caption),
    h('table', { class: 'attributes' }, h('caption', { class: 'visually-hidden' }, caption),
      h('thead', h('tr', columns.map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', rows.map((cells) => h('tr', cells.map((cell, index) => h('td', { class: cell.length > 30 ? 'breaks' : null }, copied(columns[index], cell)))))))];
}

/** What is typed is copied; what is chosen from a list ('Basic') is read. */
function copied(column, cell) {
  return /format/i.test(column) || /[ ]/.test(cell) || cell === '' ? cell : copyable(`${column} ${cell}`, cell);
}

function test(page, provider) {
  if (provider.missing?.includes('metadata')) return h('p', { class: 'muted' }, 'Possible as soon as the metadata is here.');
  return provider.missing?.includes('domain')
    ? notice('warn', 'Possible as soon as a domain counts.')
    : signInTest(page, provider);
}
