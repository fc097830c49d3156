// A stand-in for the executable while the pages are written: the files of static/ under the same
// Content-Security-Policy, the templates filled in, and canned JSON in the shapes of the API.
//   node mock/server.mjs [port]      then sign in as breakglass / open-sesame;
// the names admin, editor, viewer and runner give a user's session of that level instead.
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nameOf } from './living.mjs';
import { api, scim, samlResponse, signIn, sessionOf, signOut, organizations } from './api.mjs';

const ROOT = fileURLToPath(new URL('../../../static/', import.meta.url));
const TYPES = { '.html': 'text/html; charset=utf-8', '.css': 'text/css; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.svg': 'image/svg+xml' };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const port = Number(process.argv[2] ?? 8400);

createServer(async (request, response) => {
  const url = new URL(request.url, `http://localhost:${port}`);
  const body = await text(request);
  try {
    const answer = await route(request, url, body);
    response.writeHead(answer.status, { 'Content-Security-Policy': CSP, 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store', ...answer.headers });
    response.end(answer.body);
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error));
  }
}).listen(port, '127.0.0.1', () => console.log(`http://localhost:${port}`));

async function route(request, url, body) {
  const { pathname } = url;
  // Whoever has a token is an admin here.
  const session = request.headers.authorization ? { level: 'admin' } : sessionOf(request.headers.cookie);
  if (pathname.startsWith('/api/v1/')) return api(request.method, url, body, session, request.headers.cookie);
  if (pathname.startsWith('/scim/v2/')) return scim(request, url, body);
  if (/^\/saml\/\w+\/acs$/.test(pathname)) return page('failed.html', samlResponse(pathname.split('/')[2], new URLSearchParams(body)), 403);
  if (pathname.startsWith('/static/') && !pathname.startsWith('/static/pages/')) return file(pathname.slice('/static/'.length));
  if (pathname === '/console' || pathname.startsWith('/console/')) return file('console/index.html');
  if (pathname === '/login') {
    const email = new URLSearchParams(body).get('email') ?? '';
    return page('login.html', { email, notice: email ? '<p class="notice bad" role="alert">No organization here signs in people of this domain. Is the address right?</p>' : '' });
  }
  if (pathname === '/break-glass') return breakGlass(request, new URLSearchParams(body));
  if (pathname === '/step-up') {
    return request.method === 'POST'
      ? { status: 303, headers: { Location: '/step-up/done' } }
      : page('step-up.html', { name: nameOf(session), kind: 'ordinary', notice: '', return_to: '/step-up/done' });
  }
  if (pathname === '/step-up/done') return page('stepped-up.html', {});
  if (pathname === '/logout') return { status: 303, headers: { Location: '/login', 'Set-Cookie': signOut(request.headers.cookie) } };
  if (pathname === '/failed') return page('failed.html', { title: 'Sign-in failed', message: 'What Okta sent was meant for another application.', reference: '7F3K-92QD', retry_url: '/login' });
  if (pathname === '/message') return page('message.html', { title: 'Signed out', message: 'You are signed out here. Okta may still know you.', action_url: '/login', action_label: 'Sign in again' });
  if (pathname === '/account') return page('message.html', { title: 'Your account', message: 'The executable has a page here.', action_url: '/console', action_label: 'To the console' });
  if (pathname === '/' && !session) return { status: 303, headers: { Location: '/login' } };
  if (pathname === '/') return portal();
  return page('message.html', { title: 'No such page', message: 'This address shows nothing.', action_url: '/', action_label: 'To the start' }, 404);
}

function breakGlass(request, form) {
  if (request.method !== 'POST') return page('break-glass.html', { notice: '', name: '' });
  const cookie = signIn(form.get('username'), form.get('password'));
  if (!cookie) return page('break-glass.html', { notice: '<p class="notice bad" role="alert">Username or password is wrong.</p>', name: form.get('username') ?? '' }, 401);
  return { status: 303, headers: { Location: '/console', 'Set-Cookie': cookie } };
}

function portal() {
  const [organization] = organizations();
  return page('portal.html', {
    display_name: 'Ada Lovelace', email: 'ada@acme.com', organization: organization?.name ?? 'Acme', level: 'Admin',
    groups: '<li>Portcullis Admins <span class="badge accent">Admin</span></li><li>Engineering <span class="badge">Viewer</span></li>',
    sessions: '<li>This browser, since today 09:12 from 192.0.2.7</li><li>Firefox on Linux, 3 days ago <form method="post" action="/sessions/1/end"><button>Sign out</button></form></li>',
    console_link: '<a class="button primary" href="/console">Open the console</a>',
  });
}

async function page(name, values, status = 200) {
  const template = await readFile(join(ROOT, 'pages', name), 'utf8');
  const filled = template
    .replace(/\{\{\{(\w+)\}\}\}/g, (_, key) => values[key] ?? '')
    .replace(/\{\{(\w+)\}\}/g, (_, key) => String(values[key] ?? '').replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`));
  return { status, headers: { 'Content-Type': TYPES['.html'] }, body: filled };
}

async function file(path) {
  const full = normalize(join(ROOT, path));
  if (!full.startsWith(ROOT)) return { status: 404, headers: {}, body: '' };
  try {
    return { status: 200, headers: { 'Content-Type': TYPES[extname(full)] ?? 'application/octet-stream' }, body: await readFile(full) };
  } catch {
    return { status: 404, headers: {}, body: '' };
  }
}

async function text(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}
