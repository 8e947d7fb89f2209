/** The test kit: a client, a gateway, a server, and what each sends and sees. */
export * from './admin-client.ts';
export * from './chaos-server.ts';
export * from './gateway.ts';
export * from './http-message.ts';
export * from './load.ts';
export * from './mariadb.ts';
export * from './mutation.ts';
export * from './named-server.ts';
export * from './peers.ts';
export * from './postgresql.ts';
export * from './program.ts';
export * from './raw-server.ts';
export * from './redis.ts';
export * from './slapd.ts';
export * from './stage.ts';
export * from './waiting.ts';
export * from './wire.ts';
