/**
 * Which part may import which: `npm run lint:imports` holds it. docs/architecture.md says why. That tests do not import those of other
 * packages is held by test/layout/imports.test.ts.
 *
 * Types count as imports here, so that the picture is the one a reader has.
 */
const WIRES = ['http1', 'http2', 'relay'];

/** Node's own modules of sockets, as they are imported. */
const NODE_SOCKETS = '^(node:)?(net|tls|dgram)$';

/** Files of one folder that need each other; no other cycle may come, and none may grow. */
const KNOWN_CYCLES = [
  '^cli/src/replay/(log-line|json-line|combined-line)[.]ts$',
  '^core/src/data/backend/(generation|waiting-line)[.]ts$',
  '^core/src/data/exchange/(exchange|attempts|own-answer|served-answer|client-peer|client-socket)[.]ts$',
  '^core/src/data/http2/(client-session|client-stream|server-session|server-stream)[.]ts$',
  '^core/src/data/message/(live-facts|live-request)[.]ts$',
  '^core/src/simulation/(virtual-attempt|virtual-request)[.]ts$',
  '^plugins/tls-terminate/src/(handshake-facts|secure-socket|termination)[.]ts$',
];

/** below says what a package must not import. */
function below(name, from, to) {
  return {
    name: `${name} imports only what is below it`,
    severity: 'error',
    from: { path: from },
    to: { path: to },
  };
}

module.exports = {
  forbidden: [
    below('the language', '^dsl/src', '^(core|certificates|plugins|cli|plugin-kit)/'),
    below('the host', '^core/src', '^(certificates|plugins|cli|plugin-kit)/'),
    below('what certificates need', '^certificates/src', '^(plugins|cli|plugin-kit)/'),
    below('a plugin', '^plugins/[^/]+/src', '^(cli|plugin-kit)/'),
    below('the command', '^cli/src', '^plugin-kit/'),
    below('the kit for plugin authors', '^plugin-kit/src', '^cli/'),
    {
      name: 'plugins know no other plugin',
      comment: 'What several need is in a package below them. `standard` is the list of them.',
      severity: 'error',
      from: { path: '^plugins/([^/]+)/src', pathNot: '^plugins/standard/' },
      to: { path: '^plugins/', pathNot: '^plugins/$1/' },
    },
    {
      name: 'the command gets plugins from their list',
      severity: 'error',
      from: { path: '^cli/src' },
      to: { path: '^plugins/', pathNot: '^plugins/standard/' },
    },
    {
      name: 'serving certificates takes no certificate library',
      comment: 'Data threads import it.',
      severity: 'error',
      from: { path: '^certificates/src/serve/' },
      to: { path: '^certificates/', pathNot: '^certificates/src/serve/' },
    },
    {
      name: 'the planes are independent',
      comment: 'They share memory and orders (core/src/shared) and the plugin API (core/src/plugin), nothing else.',
      severity: 'error',
      from: { path: '^core/src/(control|data)/' },
      to: { path: '^core/src/(control|data)/', pathNot: '^core/src/$1/' },
    },
    {
      name: 'what both planes import knows neither',
      severity: 'error',
      from: { path: '^core/src/(shared|plugin|probe)/' },
      to: { path: '^core/src/(control|data|admin|simulation)/' },
    },
    ...WIRES.map((wire) => ({
      name: `wire ${wire} knows no other wire`,
      severity: 'error',
      from: { path: `^core/src/data/${wire}/` },
      to: { path: `^core/src/data/(${WIRES.filter((other) => other !== wire).join('|')})/` },
    })),
    {
      name: 'only the transport knows sockets',
      comment:
        'Wires and listeners have connections (core/src/data/transport/connection.ts), which need not be sockets. Types count too.',
      severity: 'error',
      from: { path: '^core/src/data/', pathNot: '^core/src/data/transport/socket/' },
      to: { path: NODE_SOCKETS },
    },
    {
      name: 'only the data plane chooses a transport',
      severity: 'error',
      from: { path: '^core/src/', pathNot: '^core/src/data/(data-plane[.]ts$|transport/socket/)' },
      to: { path: '^core/src/data/transport/socket/' },
    },
    {
      name: 'the dashboard imports only itself',
      comment:
        'It runs in a browser. Looked at as compiled, without the types of the admin API, as the parser knows no JSX.',
      severity: 'error',
      from: { path: '^core/dashboard/', pathNot: '[.]d[.]ts$' },
      to: { pathNot: '^core/dashboard/' },
    },
    {
      name: 'nothing imports the dashboard',
      comment: 'The admin API serves its files.',
      severity: 'error',
      from: { pathNot: '^core/dashboard/' },
      to: { path: '^core/dashboard/' },
    },
    {
      name: 'data threads do without the parser',
      severity: 'error',
      from: { path: '^(core/src/(data|shared)|dsl/src/match)/' },
      to: { path: '^dsl/src/(syntax|check|editor|tools|diagnostics)/' },
    },
    {
      name: 'no cycle between folders',
      severity: 'error',
      scope: 'folder',
      from: { path: '^((dsl|core|certificates|cli|plugins/[^/]+|plugin-kit)/src|core/dashboard/dist)/' },
      to: { circular: true },
    },
    {
      name: 'no new cycle between files',
      severity: 'error',
      from: { path: '/src/|^core/dashboard/', pathNot: KNOWN_CYCLES },
      to: { circular: true },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    includeOnly: {
      path: ['^(dsl|core(/dashboard)?|cli|plugins/[^/]+|certificates|plugin-kit)/(src|dist)/', NODE_SOCKETS],
    },
    doNotFollow: { path: ['node_modules', '^(dsl|core|cli|plugins/[^/]+|certificates|plugin-kit)/dist/'] },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'default'],
    },
  },
};
