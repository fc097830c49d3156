// The page of the own account: each section reads its part of the API and draws itself again after
// a change.
import { read } from '/static/console/api.js';
import { h } from '/static/console/dom.js';
import { notice } from '/static/console/show.js';
import { cameBack } from '/static/console/step-up.js';
import { drawPassword } from '/static/account/password.js';
import { drawProfile } from '/static/account/profile.js';
import { drawSecondFactor } from '/static/account/second-factor.js';
import { drawSessions } from '/static/account/sessions.js';
import { drawTokens } from '/static/account/tokens.js';

export async function draw() {
  const account = await read('/api/v1/account');
  drawProfile(document.getElementById('profile-content'), account, draw);
  drawPassword(document.getElementById('password-content'), account, draw);
  drawSecondFactor(document.getElementById('second-factor-content'), account, draw);
  await drawSessions(document.getElementById('sessions-content'));
}

const said = cameBack();
if (said) document.querySelector('main').prepend(h('div', { role: 'status' }, notice('good', said)));
await draw();
await drawTokens(document.getElementById('tokens-panel'), document.getElementById('tokens-content'));
