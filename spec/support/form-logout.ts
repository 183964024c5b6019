import { createServer } from 'node:http';
import express, { type RequestHandler } from 'express';
import { closeServer, listen } from '../../example-app/listening.ts';
import {
  type OidcLogout,
  oidcLogout,
  type ProviderOptions,
  type ReturningRequest,
} from '../../lib/index.ts';
import { AUDIENCE, CLIENT_ID, type Signer } from './provider.ts';

/** An app at http://localhost that has a form to log out by, and holds its user's token. */
export interface FormApp {
  readonly url: string;
  readonly oidc: OidcLogout;
  /** The token in the form. */
  accessToken: string;
  close(): Promise<void>;
}

export interface FormAppSettings {
  readonly signer: Signer;
  readonly provider?: Partial<ProviderOptions>;
  /** What the app has in front of everything. */
  readonly before?: RequestHandler;
}

const pass: RequestHandler = (_req, _res, next) => {
  next();
};

export async function startFormApp({
  signer,
  provider: settings,
  before = pass,
}: FormAppSettings): Promise<FormApp> {
  const app = express();
  const server = createServer(app);
  const url = `http://localhost:${await listen(server, 0)}`;
  const provider = {
    issuer: signer.issuer,
    clientId: CLIENT_ID,
    discovery: false,
    metadata: { end_session_endpoint: `${signer.issuer}/logout` },
    jwks: { keys: [signer.jwk] },
    postLogoutRedirectUri: `${url}/logged-out`,
    ...settings,
  } as ProviderOptions;
  const oidc = oidcLogout({ provider, audience: AUDIENCE });
  const form: FormApp = { url, oidc, accessToken: '', close };
  app.use(before);
  app.use('/logout', oidc.logout());
  app.use('/logged-out', oidc.postLogoutCallback(), (req: ReturningRequest, res) => {
    res.send(`<h1>${req.postLogout?.outcome}</h1>`);
  });
  app.use('/api', oidc.guard(), (_req, res) => void res.json({}));
  app.get('/', (_req, res) => {
    const field = `<input type="hidden" name="access_token" value="${form.accessToken}">`;
    res.send(`<form method="post" action="/logout">${field}<button>Log out</button></form>`);
  });
  async function close() {
    await oidc.close();
    await closeServer(server);
  }
  return form;
}
