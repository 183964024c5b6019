/** What each part of lib/ may import: itself, and what stands before it. */
const LAYERS = {
  '^lib/errors\\.ts$': [],
  '^lib/input/': [],
  '^lib/events\\.ts$': ['input'],
  '^lib/invalidation/': [],
  '^lib/token/': ['errors', 'input'],
  '^lib/store/': ['errors', 'events', 'input', 'invalidation'],
  '^lib/provider/': ['errors', 'events', 'input', 'token'],
  '^lib/options/': ['input', 'provider', 'store', 'token'],
  '^lib/access-token/': ['errors', 'invalidation', 'provider', 'store', 'token'],
  '^lib/session/': [
    ...['errors', 'events', 'input', 'invalidation', 'provider', 'store', 'token'],
    'access-token',
  ],
  '^lib/logout/': [
    ...['errors', 'events', 'input', 'invalidation', 'provider', 'store', 'token'],
    ...['access-token', 'session'],
  ],
  '^lib/http/': ['errors', 'input', 'provider', 'token', 'access-token', 'session', 'logout'],
};

const layers = Object.entries(LAYERS).map(([part, before]) => ({
  name: `${part} imports what stands before it`,
  severity: 'error',
  from: { path: part },
  to: { path: '^lib/', pathNot: [part, ...before.map((name) => `^lib/${name}(?:/|\\.ts$)`)] },
}));

export default {
  forbidden: [
    ...layers,
    { name: 'no circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'Express is known by http/ alone',
      severity: 'error',
      from: { path: '^lib/', pathNot: '^lib/(?:http/|oidc-logout\\.ts$)' },
      to: { path: '(?:^|/)express(?:/|$)' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
};
