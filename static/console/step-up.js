// Some actions need a recent sign-in. The server says so with the address that makes it recent; that
// opens in a window of its own, and what was asked for goes on here by itself.
import { ask } from './dialog.js';
import { h } from './dom.js';

const CHANNEL = 'portcullis-step-up';
const CONFIRMED = 'portcullis-confirmed';

/** Resolves to whether they have proved again who they are. */
export function stepUp(address) {
  const to = (back) => `${address}${address.includes('?') ? '&' : '?'}return_to=${encodeURIComponent(back)}`;
  const leave = () => {
    sessionStorage.setItem(CONFIRMED, 'asked');
    location.assign(to(location.pathname + location.search));
    return new Promise(() => {});
  };
  // Only the console has dialogs.
  if (!location.pathname.startsWith('/console')) return leave();
  const waiting = new AbortController();
  return ask({
    title: 'Confirm that it is you',
    content: [
      h('p', 'You signed in a while ago, and this can’t be taken back easily. A window opens: sign in there once more, as yourself.'),
      h('p', { class: 'muted' }, 'Then this goes on by itself.'),
    ],
    submit: 'Open the window',
    send: () => {
      // The name keeps it at one window. A sign-in page elsewhere cuts the tie to it, so it is not
      // asked whether it is still open.
      const opened = window.open(to('/step-up/done'), CHANNEL, 'popup,width=520,height=720');
      return opened ? confirmed(waiting.signal) : leave();
    },
  }).finally(() => waiting.abort());
}

/** What to say on a page that somebody comes back to after they had to leave it, once. */
export function cameBack() {
  const asked = sessionStorage.getItem(CONFIRMED);
  sessionStorage.removeItem(CONFIRMED);
  return asked ? 'Your sign-in is recent now. What you were about to do was not done yet: do it again.' : null;
}

function confirmed(signal) {
  return new Promise((resolve) => {
    const channel = new BroadcastChannel(CHANNEL);
    signal.addEventListener('abort', () => channel.close());
    channel.addEventListener('message', () => {
      channel.close();
      resolve();
    });
  });
}
