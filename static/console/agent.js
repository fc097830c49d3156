// What a User-Agent header says, in two words. It is a claim, good enough to know one's own browser.

const BROWSERS = [['Edg', 'Edge'], ['OPR', 'Opera'], ['Firefox', 'Firefox'], ['Chrome', 'Chrome'], ['Chromium', 'Chromium'], ['Safari', 'Safari'], ['curl', 'curl']];
const SYSTEMS = [['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Android', 'Android'], ['Windows', 'Windows'], ['Mac OS X', 'macOS'], ['CrOS', 'ChromeOS'], ['Linux', 'Linux']];

/** 'Firefox on Linux', or the beginning of what was sent. */
export function browserName(agent) {
  if (!agent) return 'unknown browser';
  const browser = BROWSERS.find(([token]) => agent.includes(`${token}/`))?.[1];
  const system = SYSTEMS.find(([token]) => agent.includes(token))?.[1];
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? (agent.length > 40 ? `${agent.slice(0, 40)}…` : agent);
}
