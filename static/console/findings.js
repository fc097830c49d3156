// What is wrong or soon will be, as the server found it: for the operator and an organization's admins,
// nobody else has any.
import { read } from './api.js';
import { mayChange } from './session.js';
import { notice } from './show.js';

const KINDS = { serious: 'bad', warning: 'warn', notice: 'plain' };

export async function findings({ session, signal }) {
  return mayChange(session) ? (await read('/api/v1/findings', signal)).items : [];
}

export const finding = ({ severity, text, fix }) => notice(KINDS[severity], text, ' ', fix);
