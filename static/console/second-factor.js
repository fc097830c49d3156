// A second factor by authenticator app: a picture to scan, a code to prove it, recovery codes once.
import { create, remove } from './api.js';
import { h } from './dom.js';
import { ask, tell } from './dialog.js';
import { field } from './form.js';
import { copyable, notice } from './show.js';

export async function addSecondFactor(page, path, name) {
  let offer;
  try {
    offer = await create(`${path}/second-factor`);
  } catch (error) {
    await tell({ title: 'Second factor', content: notice('bad', h('p', error.message)), close: 'Close' });
    return;
  }
  let codes = null;
  await ask({
    title: `Second factor of ${name}`,
    content: [
      h('p', 'Scan this with an authenticator app, then type the code it shows. Nothing changes until the code is right.'),
      // As an image, so that nothing in it can be markup of this page.
      h('img', { class: 'qr', alt: `QR code for the second factor of ${name}`, width: 176, height: 176, src: `data:image/svg+xml,${encodeURIComponent(offer.qr_svg)}` }),
      h('details', h('summary', 'It cannot be scanned'), h('div', { class: 'stack tight' }, h('p', 'Type this key into the app: time-based, six digits, 30 seconds.'), copyable('Key', offer.secret))),
      field({ name: 'code', label: 'Code', required: true, inputmode: 'numeric', autocomplete: 'one-time-code', maxlength: 8, 'data-missing': 'Type the six digits that the app shows.' }),
    ],
    submit: 'Confirm',
    send: async ({ code }) => { codes = await create(`${path}/second-factor/confirm`, { code: code.replace(/\s/g, '') }); },
  });
  if (!codes) return;
  const recovery = codes.recovery_codes ?? [];
  await tell({
    title: 'Recovery codes',
    content: [
      notice('warn', h('strong', 'Copy them now: these codes are shown only this once.'), ' Each stands in for the app one time. Keep them where the password is kept.'),
      h('ol', { class: 'codes' }, recovery.map((each) => h('li', h('code', each)))),
      copyable('All recovery codes', recovery.join(' ')),
    ],
  });
  page.again(`The second factor of ${name} is on.`);
}

export async function removeSecondFactor(page, path, name) {
  const done = await ask({
    title: `Remove the second factor of ${name}?`,
    content: h('p', 'The password alone is enough again. The app’s codes and the recovery codes become worthless.'),
    submit: 'Remove second factor',
    danger: true,
    send: () => remove(`${path}/second-factor`),
  });
  if (done) page.again(`The second factor of ${name} is removed.`);
}
