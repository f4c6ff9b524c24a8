// Owns: password sign-ins as a browser makes them: request, page, posted form. Leaves to logins.ts: how many, and when.
import { Connection, type HttpAnswer } from './connection.ts';
import { type Folder, PASSWORD } from './identity-provider.ts';
import { formHead, type PreparedRequest, pageRequest, ssoRequests } from './requests.ts';

/** A sign-in that has got as far as its page: what is left is posting the form. */
export interface OpenLogin {
  readonly cookies: string;
  readonly post: PreparedRequest;
  readonly body: string;
}

/** Opens sign-ins, one after the other, each for the next person. */
export async function openLogins(folder: Folder, count: number): Promise<OpenLogin[]> {
  const connection = await Connection.open(folder.port, '');
  const logins: OpenLogin[] = [];
  for (const [i, request] of ssoRequests(count, folder.ssoUrl).entries()) {
    connection.cookies = '';
    const started = await connection.send(request);
    const path = /\r\nlocation: (\/flow\/[^\r]+)/i.exec(started.head)?.[1];
    if (started.status !== 303 || path === undefined) throw new Error(`no login was started, but ${started.status}`);
    const page = await connection.send(pageRequest(`${folder.publicUrl}${path}`));
    const token = /name="form_token" value="([^"]+)"/.exec(page.body.toString('utf8'))?.[1];
    if (token === undefined) throw new Error(`no login page, but ${page.status}`);
    const username = folder.loginNames[i % folder.loginNames.length] ?? '';
    const body = new URLSearchParams({ form_token: token, username, password: PASSWORD }).toString();
    logins.push({ cookies: connection.cookies, post: formHead(`${folder.publicUrl}${path}`, body), body });
  }
  connection.close();
  return logins;
}

/** Posts the form. 503: the hash queue is full, or the wait in it was too long. */
export async function postLogin(connection: Connection, login: OpenLogin): Promise<'signed-in' | 'busy'> {
  connection.cookies = login.cookies;
  const answer: HttpAnswer = await connection.send(login.post, login.body);
  if (answer.status === 503) return 'busy';
  if (answer.status === 200 && answer.body.includes('"SAMLResponse"')) return 'signed-in';
  throw new Error(`a login was answered with ${answer.status}`);
}
