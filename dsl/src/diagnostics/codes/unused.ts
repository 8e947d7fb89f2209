/**
 * SL05: what is unused or unreachable. Warnings.
 */
import type { CodeEntry } from './entry.ts';

export const UNUSED_CODES: Readonly<Record<string, CodeEntry>> = {
  SL0501: {
    severity: 'warning',
    message: 'can never run: line {line} matches every request',
    fix: 'Move it above that line, or remove it',
    why: 'In guards and routes, the first match wins.',
    context: 'listener',
    wrong: 'deny all\ndeny path is /a',
    right: 'deny path is /a\ndeny all',
  },
  SL0502: {
    severity: 'warning',
    message: 'nothing sends to backend `{name}`',
    fix: 'Remove it, or send to it',
    why: 'A backend that nothing uses is most likely a forgotten route.',
    context: 'top',
    wrong: 'backend spare of 127.0.0.1:9002',
    right: 'backend spare of 127.0.0.1:9002\nlistener two on :8081 { otherwise send to spare }',
  },
  SL0503: {
    severity: 'warning',
    message: 'the definition `{name}` is never used',
    fix: 'Remove it, or use it',
    why: 'A definition that nothing uses is most likely a forgotten rule.',
    context: 'top',
    wrong: 'define admin = path under /admin',
    right: 'define admin = path under /admin\nlistener two on :8081 { deny admin; otherwise send to app }',
  },
  SL0504: {
    severity: 'warning',
    message: 'the list `{name}` is never used',
    fix: 'Remove it, or use it',
    why: 'A list that nothing uses is most likely a forgotten rule.',
    context: 'top',
    wrong: 'list office = ips 203.0.113.0/24',
    right: 'list office = ips 203.0.113.0/24\nlistener two on :8081 { deny ip office; otherwise send to app }',
  },
  SL0518: {
    severity: 'warning',
    message: 'the map `{name}` is never used',
    fix: 'Remove it, or use it: `send to map {name} of host`',
    why: 'A map that nothing uses is most likely a forgotten rule.',
    context: 'file',
    wrong: 'map tenants = host to backend from "tenants.map" else app',
    right: 'listener web on :8080 { otherwise deny }',
  },
  SL0519: {
    severity: 'warning',
    message: 'no word takes the map `{name}`, as it returns a {to}',
    why: 'A map has no effect until a word uses it. `send to map` uses maps to backends; plugins may add words that use others.',
    context: 'file',
    wrong: 'map teams = host to text from "teams.map" else none',
    right: 'listener web on :8080 { otherwise deny }',
  },
};
