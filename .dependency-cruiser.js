/** What each part of lib/ may import: itself, and what stands before it. */
const LAYERS = {
  '^lib/refusals/': [],
  '^lib/errors\\.ts$': ['refusals'],
  '^lib/input/': [],
  '^lib/events\\.ts$': ['input', 'refusals'],
  '^lib/refusal-events\\.ts$': ['errors', 'events'],
  '^lib/invalidation/': [],
  '^lib/token/': ['errors', 'input', 'refusals'],
  '^lib/store/': ['errors', 'events', 'input', 'invalidation'],
  '^lib/provider/': ['errors', 'events', 'input', 'refusals', 'token'],
  '^lib/options/': ['input', 'provider', 'store', 'token'],
  '^lib/access-token/': ['errors', 'invalidation', 'provider', 'refusals', 'store', 'token'],
  '^lib/session/': [
    ...['errors', 'events', 'input', 'invalidation', 'provider', 'store', 'token'],
    'access-token',
  ],
  '^lib/logout/': [
    ...['errors', 'events', 'input', 'invalidation', 'provider', 'store', 'token'],
    ...['access-token', 'refusal-events', 'session'],
  ],
  '^lib/http/': [
    ...['errors', 'events', 'input', 'provider', 'token', 'access-token', 'session', 'logout'],
    ...['refusal-events', 'refusals'],
  ],
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
