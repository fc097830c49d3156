// Looking again until the page is left. Rests while nobody looks at the page, and slows down after
// five minutes, so that a forgotten tab asks little.

/** Calls `look` now and then every `every` ms until it returns true or `signal` ends. */
export async function poll(look, { every = 2000, signal }) {
  const began = Date.now();
  while (!signal.aborted) {
    if (!document.hidden) {
      try {
        if (await look()) return;
      } catch (error) {
        // A restart or a lost connection is no reason to stop waiting.
        if (error.name === 'AbortError') return;
      }
    }
    await rest(Date.now() - began > 300_000 ? every * 5 : every, signal);
  }
}

function rest(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}
