// Inviting somebody: an account that waits for its password, and a link to hand over. There is no
// mail server, so whoever invites also delivers.
import { create } from './api.js';
import { h } from './dom.js';
import { ask, tell } from './dialog.js';
import { field, select } from './form.js';
import { levelsToGive } from './session.js';
import { copyable, notice } from './show.js';
import { exactly } from './time.js';

export async function invite(page) {
  let made = null;
  await ask({
    title: 'Invite user',
    content: [
      field({
        name: 'email', label: 'E-mail', type: 'email', required: true, maxlength: 254, spellcheck: 'false', autocapitalize: 'none',
        hint: 'They sign in with it. No mail is sent: you get a link to hand over.',
        'data-missing': 'Type their e-mail address.',
      }),
      field({ name: 'displayName', label: 'Name', required: true, maxlength: 200, 'data-missing': 'Type their name, as others know them.' }),
      levelField(page, page.organization.default_user_level),
    ],
    submit: 'Invite',
    send: async ({ email, displayName, level }) => {
      try {
        made = await create(`${page.api}/users`, { userName: email.trim(), email: email.trim(), displayName: displayName.trim(), level });
      } catch (error) {
        if (error.field === 'userName') error.field = 'email';
        throw error;
      }
    },
  });
  if (!made) return;
  await handOver('join', made.displayName || made.userName, made.invitation);
  page.go(page.at('users', made.id));
}

/** The levels that the session may give, each with what it may do. */
export function levelField(page, value, first = []) {
  const options = levelsToGive(page.session).map(({ level, name, may }) => [level, `${name}: ${may}`]);
  return field({ name: 'level', label: 'Level', control: select([...first, ...options], value) });
}

/** Shows a link that cannot be shown again. */
export function handOver(kind, name, invitation) {
  const join = kind === 'join';
  return tell({
    title: join ? `${name} is invited` : `A new password for ${name}`,
    content: [
      notice('warn', h('strong', 'Copy it now: this link is shown only this once.'), ` Whoever has it can set the password of ${name}, so hand it to nobody else.`),
      copyable(join ? 'Invitation link' : 'Password link', invitation.url),
      h('p', { class: 'muted' }, `It works once, until ${exactly(invitation.expires_at)}. A new link makes this one useless.`),
    ],
  });
}
