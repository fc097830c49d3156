// What a provider takes from the attributes of a sign-in: who the person is, and groups where
// somebody wants them; and how far its clock may be off.
import { change } from './api.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { field, select } from './form.js';
import { LEVELS } from './session.js';
import { badge, levelBadge } from './show.js';

const FACTS = [['email', 'E-mail'], ['firstName', 'First name'], ['lastName', 'Last name'], ['displayName', 'Display name']];

export function mapping(page, path, provider, kind, manage) {
  const { groups } = provider.mapping;
  const levels = Object.entries(provider.group_levels);
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', 'Attributes'),
      manage && h('div', { class: 'actions' },
        h('button', { type: 'button', on: { click: () => editNames(page, path, provider, kind) } }, 'Change attributes'),
        h('button', { type: 'button', on: { click: () => editGroups(page, path, provider, kind) } }, 'Change groups'))),
    h('dl', { class: 'facts' },
      FACTS.map(([fact, label]) => [h('dt', label), h('dd', names(provider.mapping[fact]), provider.mapping_changed.includes(fact) && [' ', badge('changed', 'plain')])]),
      h('dt', 'Groups'), h('dd', groups.length ? names(groups) : 'not taken from attributes'),
      groups.length > 0 && [
        h('dt', 'Levels'), h('dd', levels.length ? h('ul', { class: 'plain' }, levels.map(([value, level]) => h('li', h('code', value), ' ', levelBadge(level)))) : 'Viewer for all'),
        h('dt', 'Other groups'), h('dd', provider.groups_mapped_only ? 'passed over' : 'made at sign-in, as Viewer'),
      ],
      h('dt', 'Clock'), h('dd', `may be off by ${provider.skew_seconds} s`)));
}

function names(list) {
  return list.length ? list.map((name, index) => [index > 0 && ', ', name === 'NameID' ? 'the NameID' : h('code', name)]) : 'nothing';
}

/** 'a, b' as ['a', 'b']. */
const split = (text) => text.split(/[,\n]+/).map((name) => name.trim()).filter(Boolean);

async function editNames(page, path, provider, kind) {
  const done = await ask({
    title: `Attributes of ${provider.name}`,
    content: [
      h('p', 'The first of the names that comes with a value counts. An attribute goes by its Name; NameFormat and FriendlyName do not count. Leave a field empty for the names that ', kind.name, ' has.'),
      FACTS.map(([fact, label]) => field({ name: fact, label, value: provider.mapping[fact].join(', '), spellcheck: 'false', autocapitalize: 'none', hint: fact === 'email' ? 'NameID stands for the NameID, where that is an address.' : null })),
      field({ name: 'skew', label: 'Seconds its clock may be off', type: 'number', min: 0, max: 600, value: provider.skew_seconds, required: true, 'data-missing': 'Type 0 to 600.' }),
    ],
    submit: 'Save',
    send: ({ skew, ...typed }) => {
      const changed = FACTS.map(([fact]) => [fact, split(typed[fact])]).filter(([fact, list]) => list.join() !== provider.mapping[fact].join());
      return change(path, {
        skew_seconds: Number(skew),
        mapping: Object.fromEntries(changed.map(([fact, list]) => [fact, list.length ? list : null])),
      });
    },
  });
  if (done) page.again('The attributes are changed. They count from the next sign-in on.');
}

async function editGroups(page, path, provider, kind) {
  const before = provider.group_levels;
  const lines = Object.entries(before).map(([value, level]) => `${value} = ${level}`).join('\n');
  const done = await ask({
    title: `Groups from attributes of ${provider.name}`,
    content: [
      h('p', 'At each sign-in people are put into the groups that the attribute names, and taken out of the others that came from it. Groups pushed by SCIM are never touched.'),
      field({ name: 'groups', label: 'Groups attribute', value: provider.mapping.groups.join(', '), spellcheck: 'false', autocapitalize: 'none', hint: `Empty: none, and the groups that came from it go. ${kind.name} usually calls it ${kind.attributes.groups[0]}.` }),
      field({ name: 'levels', label: 'Levels', control: h('textarea', { rows: 5, spellcheck: 'false', value: lines }), hint: `A line each, such as staff = editor: ${LEVELS.map((each) => each.level).join(', ')}. Every other group is a viewer.` }),
      field({ name: 'mapped', label: 'Groups without a line', control: select([['false', 'Make them, as Viewer'], ['true', 'Pass them over']], String(provider.groups_mapped_only)) }),
    ],
    submit: 'Save',
    send: ({ groups, levels, mapped }) => {
      const typed = Object.fromEntries(levels.split('\n').map((line) => line.trim()).filter(Boolean).map(entry));
      const gone = Object.keys(before).filter((value) => !(value in typed)).map((value) => [value, null]);
      return change(path, {
        mapping: { groups: split(groups) },
        group_levels: { ...Object.fromEntries(gone), ...typed },
        groups_mapped_only: mapped === 'true',
      });
    },
  });
  if (done) page.again('The groups are changed. They count from the next sign-in on.');
}

/** A value may have a = in it, as a distinguished name has; a level has none. */
function entry(line) {
  const at = line.lastIndexOf('=');
  return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim().toLowerCase()];
}
