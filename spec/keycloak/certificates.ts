import { execFileSync } from 'node:child_process';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
const OF_NO_AUTHORITY = ['-addext', 'basicConstraints=critical,CA:FALSE'];

/** Those of a Keycloak on loopback and of its clients: their subjects are `CN=web,O=Shop` and `CN=other,O=Shop`. */
export function createCertificates(folder: string): void {
  const create = (name: string, more: readonly string[]) => {
    const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
    const args = ['req', '-x509', '-subj', `/O=Shop/CN=${name}`, ...NEW_KEY, ...files, ...more];
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  };
  create('authority', []);
  const issued = ['-CA', 'authority.pem', '-CAkey', 'authority.key', ...OF_NO_AUTHORITY];
  create('server', [...issued, '-addext', 'subjectAltName=IP:127.0.0.1']);
  create('web', issued);
  create('other', issued);
}
