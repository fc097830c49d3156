// One break-glass account: from where and when it opens, its second factor, its use. What would let
// a stolen session open the door again, its password and its arming, is done on the machine alone.
import { change, read } from './api.js';
import { isArmed, isDisabled, states } from './break-glass.js';
import { h } from './dom.js';
import { ask } from './dialog.js';
import { drillTable } from './drills.js';
import { field } from './form.js';
import { icon } from './icons.js';
import { part } from './part.js';
import { addSecondFactor, removeSecondFactor } from './second-factor.js';
import { badge, copyable, notice } from './show.js';
import { when } from './time.js';

export async function show(page) {
  const { items } = await read('/api/v1/break-glass-accounts?limit=200', page.signal);
  const account = items.find((each) => each.username === page.params.name);
  const back = h('a', { class: 'back', href: page.at('break-glass') }, icon('back'), 'Break-glass accounts');
  if (!account) return { title: 'No such account', content: h('div', { class: 'stack' }, h('div', { class: 'intro' }, back, h('h1', 'No such account')), notice('plain', `There is no break-glass account ${page.params.name}.`)) };
  const name = account.username;
  const path = `/api/v1/break-glass-accounts/${encodeURIComponent(name)}`;
  const off = isDisabled(account);
  return {
    title: name,
    content: h('div', { class: 'stack' },
      h('div', { class: 'head' },
        h('div', { class: 'intro' }, back, h('h1', name, states(account))),
        h('button', { type: 'button', class: off ? null : 'danger', on: { click: () => disable(page, path, account) } }, off ? 'Enable' : 'Disable')),
      account.password_used && notice('warn', h('p', h('strong', 'Its password was used '), when(account.last_used_at), '. Whoever was handed it still knows it: set another on the machine.'), copyable('reset command', `portcullis break-glass reset-password ${name}`)),
      h('section', { class: 'panel' }, h('h2', 'Account'), h('dl', { class: 'facts' },
        h('dt', 'Last used'), h('dd', when(account.last_used_at)),
        h('dt', 'Password changed'), h('dd', when(account.password_changed_at)),
        h('dt', 'Created'), h('dd', when(account.created_at)),
        h('dt', 'Another password'), h('dd', h('p', 'Only on the machine itself:'), copyable('reset password command', `portcullis break-glass reset-password ${name}`)))),
      networks(page, path, account),
      arming(page, path, account),
      secondFactor(page, path, account),
      h('section', { class: 'panel' }, h('h2', 'Drills'),
        h('p', { class: 'muted' }, 'A drill proves that this account opens, without opening anything. Run it on the machine:'),
        copyable('drill command', `portcullis break-glass drill ${name}`),
        part(async () => {
          const { items: drills } = await read('/api/v1/drills?limit=100', page.signal);
          const mine = drills.filter((each) => each.account === name).slice(0, 5);
          return mine.length ? drillTable(mine) : h('p', { class: 'muted' }, 'None was run yet.');
        }))),
  };
}

function networks(page, path, account) {
  const name = account.username;
  const set = async () => {
    let changed = null;
    const done = await ask({
      title: `Networks of ${name}`,
      content: [
        field({
          name: 'networks', label: 'Networks', control: h('textarea', { rows: 4, spellcheck: 'false' }),
          hint: 'One a line, such as 10.0.0.0/8 or 2001:db8::/32. Empty: from anywhere.',
        }),
        notice('warn', h('p', 'From anywhere else this account is refused, in an emergency, too. The command line on the machine can always change it.')),
      ],
      submit: 'Save networks',
      send: async (values) => { changed = await change(path, { networks: values.networks.split(/[\s,;]+/).filter(Boolean) }); },
    });
    if (done) page.again(saidOf(`The networks of ${name} are saved.`, changed));
  };
  const open = async () => {
    const asked = set();
    document.querySelector('dialog[open] textarea').value = (account.networks ?? []).join('\n');
    await asked;
  };
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', 'Networks'), h('button', { type: 'button', on: { click: open } }, 'Change networks')),
    account.networks?.length
      ? h('ul', { class: 'plain' }, account.networks.map((each) => h('li', h('code', each))))
      : h('p', { class: 'muted' }, 'Opens from anywhere that reaches this appliance.'));
}

function arming(page, path, account) {
  const name = account.username;
  const on = Boolean(account.needs_arming);
  const toggle = async () => {
    let changed = null;
    const done = await ask({
      title: on ? `Let ${name} open at any time?` : `Let ${name} open only while it is armed?`,
      content: h('p', on
        ? 'Its password alone is enough again, from its networks.'
        : 'Whoever has the password needs somebody on the machine as well, who opens the door for some hours. If nobody can reach the machine, this account stays shut.'),
      submit: on ? 'Needs no arming' : 'Needs arming',
      danger: !on,
      send: async () => { changed = await change(path, { needs_arming: !on }); },
    });
    if (done) page.again(saidOf(on ? `${name} opens at any time again.` : `${name} opens only while it is armed.`, changed));
  };
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', { class: 'named' }, 'Arming', on && (isArmed(account) ? badge('armed', 'warn') : badge('not armed', 'plain'))),
      h('button', { type: 'button', on: { click: toggle } }, on ? 'Needs no arming' : 'Needs arming')),
    on
      ? [
          h('p', isArmed(account) ? ['It opens until ', when(account.armed_until), '.'] : 'It is shut. To open it for four hours, run on the machine:'),
          isArmed(account) ? copyable('disarm command', `portcullis break-glass disarm ${name}`) : copyable('arm command', `portcullis break-glass arm ${name} --hours 4`),
        ]
      : h('p', { class: 'muted' }, 'It opens at any time. It can be made to open only after somebody has armed it on the machine.'));
}

function secondFactor(page, path, account) {
  const name = account.username;
  const on = Boolean(account.second_factor);
  return h('section', { class: 'panel' },
    h('div', { class: 'head' }, h('h2', { class: 'named' }, 'Second factor', on ? badge('on', 'good') : badge('off', 'plain')),
      on
        ? h('button', { type: 'button', class: 'danger', on: { click: () => removeSecondFactor(page, path, name) } }, 'Remove second factor')
        : h('button', { type: 'button', on: { click: () => addSecondFactor(page, path, name) } }, 'Add second factor')),
    h('p', { class: 'muted' }, on
      ? 'Sign-in asks for a code of an authenticator app, or one of the recovery codes.'
      : 'The password alone opens it. A second factor asks for a code of an authenticator app as well: keep that app, or the recovery codes, where the password is kept.'));
}

async function disable(page, path, account) {
  const name = account.username;
  const off = isDisabled(account);
  const mine = page.session.operator?.name === name;
  let changed = null;
  const done = await ask({
    title: off ? `Enable ${name}?` : `Disable ${name}?`,
    content: off
      ? h('p', 'Its password opens the console again.')
      : [mine && notice('bad', 'This is the account you are signed in with: you are signed out.'),
        h('p', 'It no longer opens, and its sessions end. The last enabled account cannot be disabled here.')],
    submit: off ? 'Enable' : 'Disable',
    danger: !off,
    send: async () => { changed = await change(path, { disabled: !off }); },
  });
  if (done) page.again(saidOf(`${name} is ${off ? 'enabled' : 'disabled'}.`, changed));
}

/** What was done, and what the server has to say against it: such as that nobody could come in now. */
function saidOf(text, changed) {
  const warnings = changed?.warnings ?? [];
  return [h('p', text), warnings.map((warning) => h('p', h('strong', 'Beware: '), warning))];
}
