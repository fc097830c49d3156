// An organization's name and the levels that people and groups begin with.
import { change } from './api.js';
import { h } from './dom.js';
import { field, form, select } from './form.js';
import { organizationsChanged } from './frame.js';
import { LEVELS, levelName, mayChange } from './session.js';
import { settingsTabs } from './settings-tabs.js';
import { copyable, notice } from './show.js';
import { when } from './time.js';

export function show(page) {
  const { organization, session } = page;
  return {
    title: 'Settings',
    content: h('div', { class: 'stack' },
      h('h1', 'Settings'),
      settingsTabs(page, 'general'),
      page.query.has('saved') && notice('good', 'Saved.'),
      h('section', { class: 'panel' }, h('h2', 'General'), mayChange(session) ? edit(page) : facts(organization)),
      h('section', { class: 'panel' }, h('h2', 'Addresses'), h('dl', { class: 'facts' },
        h('dt', 'Short name'), h('dd', h('code', organization.slug)),
        h('dt', 'SCIM Endpoint URL'), h('dd', copyable('SCIM Endpoint URL', organization.scim_endpoint)),
        h('dt', 'Created'), h('dd', when(organization.created_at))))),
  };
}

function edit(page) {
  const { organization } = page;
  const options = LEVELS.map(({ level, name, may }) => [level, `${name}: ${may}`]);
  return form({
    fields: [
      field({ name: 'name', label: 'Name', value: organization.name, required: true, maxlength: 200, 'data-missing': 'Type the name of the organization.' }),
      field({
        name: 'default_group_level', label: 'Level of newly pushed groups',
        hint: 'Admin keeps you able to manage the organization after the first push. Lower it once your admins have their own group.',
        control: select(options, organization.default_group_level),
      }),
      field({
        name: 'default_user_level', label: 'Level of users made at sign-in',
        hint: 'For people who come through Okta before they are pushed.',
        control: select(options, organization.default_user_level),
      }),
      field({
        name: 'unknown_extensions', label: 'Pushed attributes of unknown SCIM extensions',
        hint: 'What is kept is shown again to the identity provider and does nothing here.',
        control: select([['keep', 'Keep them'], ['refuse', 'Refuse the push']], organization.unknown_extensions),
      }),
      field({
        name: 'skip_unknown_members', label: 'Pushed members who aren\u2019t here',
        hint: 'Leaving them out lets the rest of the group through; who comes later is a member only once the group is pushed again.',
        control: select([['false', 'Refuse the push'], ['true', 'Leave them out']], String(organization.skip_unknown_members)),
      }),
      field({
        name: 'keep_documents', label: 'Responses of sign-ins',
        hint: 'Kept sealed with their trace, so that an admin can replay a sign-in that failed. Keeping none forgets those there are.',
        control: select([['true', 'Keep them'], ['false', 'Keep none']], String(organization.keep_documents)),
      }),
    ],
    submit: 'Save',
    send: async (values) => {
      const flag = (name) => ({ [name]: values[name] === 'true' });
      await change(page.api, { ...values, ...flag('skip_unknown_members'), ...flag('keep_documents') });
      organizationsChanged();
      page.go(`${page.at('settings')}?saved`, { replace: true });
    },
  });
}

function facts(organization) {
  return h('dl', { class: 'facts' },
    h('dt', 'Name'), h('dd', organization.name),
    h('dt', 'Level of newly pushed groups'), h('dd', levelName(organization.default_group_level)),
    h('dt', 'Level of users made at sign-in'), h('dd', levelName(organization.default_user_level)));
}
