// What the sign-in pages gain from JavaScript; they work without it.
import { wire } from '/static/theme.js';

for (const button of document.querySelectorAll('button.theme')) wire(button);

for (const time of document.querySelectorAll('time[datetime]')) {
  const at = new Date(time.dateTime);
  if (!Number.isNaN(at.getTime())) time.title = at.toLocaleString();
}
