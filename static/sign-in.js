// What the sign-in pages gain from JavaScript; they work without it.
import { wire } from '/static/theme.js';

for (const button of document.querySelectorAll('button.theme')) wire(button);

// /login?return_to=/console/... : carried through the form, so that sign-in ends where it began.
const returnTo = new URLSearchParams(location.search).get('return_to');
const form = document.querySelector('form[action="/login"]');
if (form && returnTo?.startsWith('/') && !returnTo.startsWith('//')) {
  const hidden = document.createElement('input');
  hidden.type = 'hidden';
  hidden.name = 'return_to';
  hidden.value = returnTo;
  form.append(hidden);
}

for (const time of document.querySelectorAll('time[datetime]')) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) time.title = at.toLocaleString();
}
