// Setting up an authenticator, its recovery codes, and taking it away.
import { create } from '/static/console/api.js';
import { fill, h, say } from '/static/console/dom.js';
import { field, form } from '/static/console/form.js';
import { copyable, notice, plural } from '/static/console/show.js';
import { when } from '/static/console/time.js';
import { removeWith } from '/static/account/request.js';

export function drawSecondFactor(parent, account, again) {
  if (!account.password) {
    fill(parent, h('p', 'Your identity provider asks for a second factor, if it wants one.'));
  } else if (account.second_factor) {
    fill(parent, confirmed(account.second_factor, again));
  } else {
    fill(parent, h('p', 'An authenticator on your phone shows a code that you type after your password.'),
      h('div', { class: 'actions' }, h('button', { type: 'button', on: { click: () => begin(parent, again) } }, 'Set up')));
  }
}

function confirmed(status, again) {
  const left = status.recovery_codes_left;
  return [
    h('p', 'On since ', when(status.confirmed_at), `. ${plural(left, 'recovery code')} left.`),
    left < 3 && notice('warn', 'Few recovery codes are left. Remove the second factor and set it up again for new ones.'),
    form({
      fields: [field({ name: 'code', label: 'Code or recovery code', hint: 'To remove the second factor, prove that you have it.', autocomplete: 'one-time-code', maxlength: 64, required: true, 'data-missing': 'Type the code that your authenticator shows.' })],
      submit: 'Remove second factor',
      danger: true,
      primary: false,
      send: async ({ code }) => {
        await removeWith('/api/v1/account/second-factor', { code });
        await again();
        say('Second factor removed');
      },
    }),
  ];
}

async function begin(parent, again) {
  let offer;
  try {
    offer = await create('/api/v1/account/second-factor', {});
  } catch (error) {
    parent.append(notice('bad', error.message));
    return;
  }
  const picture = h('img', { src: `data:image/svg+xml,${encodeURIComponent(offer.qr_svg)}`, alt: 'QR code for your authenticator', width: 220, height: 220 });
  fill(parent,
    h('p', 'Scan this with an authenticator app, or type the key there. Then type the code it shows.'),
    offer.qr_svg && picture,
    copyable('Key', offer.secret),
    form({
      fields: [field({ name: 'code', label: 'Code', autocomplete: 'one-time-code', inputmode: 'numeric', maxlength: 16, required: true, 'data-missing': 'Type the six digits.' })],
      submit: 'Turn on',
      primary: false,
      send: async ({ code }) => {
        const { recovery_codes: codes } = await create('/api/v1/account/second-factor/confirm', { code });
        recoveryCodes(parent, codes, again);
      },
    }));
}

function recoveryCodes(parent, codes, again) {
  fill(parent,
    notice('good', 'The second factor is on.'),
    h('p', 'Each of these codes opens the door once without your phone. They are shown this once: print them, or keep them in a password manager.'),
    h('ol', { class: 'codes' }, codes.map((code) => h('li', h('code', code)))),
    h('div', { class: 'actions' }, h('button', { type: 'button', on: { click: again } }, 'I have kept them')));
  say('The second factor is on. Keep the recovery codes.');
}
