/**
 * The built-in plugins as one list, in the order in which they start. Main thread only.
 */

import acme from '@sluice/acme';
import checkHttp from '@sluice/check-http';
import checkLdap from '@sluice/check-ldap';
import checkMysql from '@sluice/check-mysql';
import checkPostgresql from '@sluice/check-postgresql';
import checkRedis from '@sluice/check-redis';
import checkTcp from '@sluice/check-tcp';
import connectionMatch from '@sluice/connection-match';
import consistentHash from '@sluice/consistent-hash';
import type { PluginManifest } from '@sluice/core/plugin';
import discoveryDns from '@sluice/discovery-dns';
import discoveryFile from '@sluice/discovery-file';
import discoveryHttp from '@sluice/discovery-http';
import errorAnswers from '@sluice/error-answers';
import first from '@sluice/first';
import httpMatch from '@sluice/http-match';
import ipAcl from '@sluice/ip-acl';
import leastConnections from '@sluice/least-connections';
import leastResponseTime from '@sluice/least-response-time';
import limit from '@sluice/limit';
import random from '@sluice/random';
import roundRobin from '@sluice/round-robin';
import serveFiles from '@sluice/serve-files';
import stickCookie from '@sluice/stick-cookie';
import stickHeader from '@sluice/stick-header';
import stickIp from '@sluice/stick-ip';
import tlsBridge from '@sluice/tls-bridge';
import tlsTerminate from '@sluice/tls-terminate';

/** standard: the plugins that the `sluice` command and package bring along. They use the public plugin API alone. */
export const standard: readonly PluginManifest[] = [
  ipAcl,
  httpMatch,
  connectionMatch,
  limit,
  roundRobin,
  leastConnections,
  leastResponseTime,
  random,
  consistentHash,
  first,
  stickCookie,
  stickIp,
  stickHeader,
  checkHttp,
  checkTcp,
  checkMysql,
  checkPostgresql,
  checkLdap,
  checkRedis,
  discoveryDns,
  discoveryFile,
  discoveryHttp,
  tlsTerminate,
  tlsBridge,
  acme,
  serveFiles,
  errorAnswers,
];

export default standard;
