// The proof that the audit log is what was written, by its own hashes and by checkpoints that were
// kept elsewhere.
import { Problem, read } from './api.js';
import { ask } from './dialog.js';
import { fill, h } from './dom.js';
import { saveAs } from './export.js';
import { field } from './form.js';
import { copyable, notice, plural } from './show.js';
import { when } from './time.js';

export function proof(page) {
  const place = h('div', { 'aria-live': 'polite', class: 'stack tight' });
  const run = (text, work) => {
    const button = h('button', { type: 'button', on: { click: async () => {
      button.disabled = true;
      fill(place, h('p', { class: 'muted' }, 'Reading the whole log…'));
      try {
        fill(place, await work());
      } catch (error) {
        if (error.name !== 'AbortError') fill(place, notice('bad', h('p', error.message)));
      }
      button.disabled = false;
    } } }, text);
    return button;
  };
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', 'Proof'), h('div', { class: 'actions' },
      run('Verify', async () => verified(await read('/api/v1/audit/verify', page.signal))),
      h('button', { type: 'button', on: { click: () => holdTo(page, place) } }, 'Verify against a checkpoint'),
      run('Checkpoint', async () => checkpoint(await read('/api/v1/audit/checkpoint', page.signal))))),
    h('p', { class: 'muted' }, 'Verify recomputes every hash. A checkpoint is the number and hash of the newest line: keep it elsewhere, and whoever later cuts or rewrites the log is found out.'),
    place);
}

async function holdTo(page, place) {
  await ask({
    title: 'Verify against a checkpoint',
    content: [
      h('p', { class: 'muted' }, 'A checkpoint, or a line of an earlier export, that was kept outside this appliance. A log that was cut or rewritten since doesn’t fit it.'),
      field({ name: 'checkpoint', label: 'Checkpoint', control: h('textarea', { rows: 3, required: true, spellcheck: 'false', 'data-missing': 'Paste the checkpoint.' }), hint: 'As it was copied: JSON with seq and hash.' }),
    ],
    submit: 'Verify',
    send: async ({ checkpoint: text }) => {
      const report = await read(`/api/v1/audit/verify?${new URLSearchParams(numbered(text))}`, page.signal);
      fill(place, verified(report));
    },
  });
}

/** The number and hash in a pasted checkpoint; what is none is refused beside its field. */
function numbered(text) {
  try {
    const { seq, hash } = JSON.parse(text);
    if (Number.isInteger(seq) && typeof hash === 'string') return { seq, hash };
  } catch {
    // Refused below, as is JSON of something else.
  }
  throw new Problem(400, { field: 'checkpoint', detail: 'This is no checkpoint. It looks like {"seq":7,"hash":"e1c4…"}.' });
}

function verified({ ok, checked, first_seq: first, last_seq: last, hash, problems_total: total, problems = [] }) {
  if (ok) return [notice('good', h('p', h('strong', 'The chain holds. '), checked ? `${plural(checked, 'line')} read, ${first} to ${last}; none was changed, taken out or put in.` : 'It has no line yet.')), hash && copyable('Hash of the newest line', hash)];
  return notice('bad', h('p', h('strong', 'The log was tampered with. '), `${plural(total ?? problems.length, 'problem')} in ${plural(checked, 'line')}`, problems.length < total ? `, the first ${problems.length}:` : ':'),
    h('ul', { class: 'plain' }, problems.map(({ seq, problem }) => h('li', seq === null ? problem : `Line ${seq}: ${problem}`))),
    h('p', 'Compare with your last checkpoint and an export from before; keep this file as it is.'));
}

function checkpoint(made) {
  return [
    notice('plain', h('p', `Line ${made.seq}, `, when(made.at), '. Keep it outside this appliance: in a ticket, a mail to yourself, another machine.')),
    copyable('Checkpoint', JSON.stringify(made)),
    h('div', { class: 'actions' },
      h('button', { type: 'button', on: { click: () => saveAs(`checkpoint-${made.seq}.json`, [JSON.stringify(made), '\n']) } }, 'Save as file'),
      h('span', { class: 'muted' }, 'To hold the log to it later: ', h('code', 'portcullis audit verify --checkpoint FILE'))),
  ];
}
