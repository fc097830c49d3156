// How long the audit log keeps its lines.
import { change, read } from './api.js';
import { ask } from './dialog.js';
import { h } from './dom.js';
import { field } from './form.js';
import { part } from './part.js';
import { notice, plural } from './show.js';

const PATH = '/api/v1/audit/retention';

export function retention(page) {
  const kept = part(async () => {
    const { days } = await read(PATH, page.signal);
    return h('div', { class: 'head' },
      h('p', 'Lines are kept ', h('strong', days === null ? 'for good' : `for ${plural(days, 'day')}`), '.'),
      h('button', { type: 'button', on: { click: () => edit(days) } }, 'Change'));
  });
  const edit = async (days) => {
    const done = await ask({
      title: 'How long lines are kept',
      content: [
        field({ name: 'days', label: 'Days', type: 'number', min: 1, max: 36500, inputmode: 'numeric', value: days ?? '', hint: 'Left empty: for good.' }),
        notice('warn', 'Older lines are removed within a day and cannot be had again: export them first. The rest can still be verified, and a line says what was removed and when.'),
      ],
      submit: 'Save',
      send: ({ days: typed }) => change(PATH, { days: typed === '' ? null : Number(typed) }),
    });
    if (done) kept.again();
  };
  return h('section', { class: 'panel' }, h('h2', 'How long lines are kept'), kept);
}
