/**
 * Draft: the fields of a section's plan while its lines are read. Each field is owned by the row of a setting, which gives its default.
 * Fields of `timeouts` and `limits` have rows of their own: `limits.bodyBytes`. Main thread.
 */
import type { BackendPlan, ListenerPlan, SettingsPlan } from '../../plan/plan.ts';
import type { AccessLogList } from './access-log-list.ts';
import type { DiscoveryList } from './backend/discovery-list.ts';
import type { ServerList } from './backend/server-list.ts';
import { Collected } from './collected.ts';
import type { AdminClientList } from './gateway/admin-client-list.ts';
import type { AdminTokenList } from './gateway/admin-token-list.ts';
import type { SourceList } from './gateway/source-list.ts';
import type { CertificateList } from './listener/certificate-list.ts';
import type { ErrorPageList } from './listener/error-page-list.ts';
import type { WrittenPaths } from './listener/written-paths.ts';

/** Every field has to be there; `undefined` leaves it out of the plan. */
type Fields<T> = { -readonly [K in keyof Required<T>]: T[K & keyof T] };

type Inner<T, K extends keyof T & string> = {
  [Name in keyof T[K] & string as `${K}.${Name}`]-?: T[K][Name] | (object extends Pick<T[K], Name> ? undefined : never);
};

/** Collectors are held to the type of the field that they fill. */
type With<T, C extends { [K in keyof C]: Collected<T[K & keyof T]> }> = Omit<T, keyof C> & C;

/** The head of the section, its rules, and what follows from these, are no settings. */
type ListenerSettings = Omit<
  ListenerPlan,
  | 'name'
  | 'address'
  | 'otherAddresses'
  | 'protocol'
  | 'place'
  | 'guards'
  | 'changes'
  | 'routes'
  | 'responseChanges'
  | 'passthroughs'
  | 'readsHello'
  | 'ownHeaders'
  | 'judgedHeaders'
  | 'indexes'
>;

export type ListenerDraft = With<
  Fields<Omit<ListenerSettings, 'timeouts' | 'limits'>>,
  { certificates: CertificateList; errorPages: ErrorPageList; paths: WrittenPaths; accessLogs: AccessLogList }
> &
  Inner<ListenerSettings, 'timeouts'> &
  Inner<ListenerSettings, 'limits'>;

type BackendSettings = Omit<BackendPlan, 'name' | 'place'>;

export type BackendDraft = With<
  Omit<Fields<Omit<BackendSettings, 'timeouts'>>, 'balance'>,
  { servers: ServerList; discoveries: DiscoveryList }
> &
  Inner<BackendSettings, 'timeouts'> & {
    /** null: the backend has the usual balancer. */
    balance: BackendPlan['balance'] | null;
  };

export type SettingsDraft = With<
  Fields<SettingsPlan>,
  {
    certificateSources: SourceList;
    accessLogs: AccessLogList;
    adminTokens: AdminTokenList;
    adminClients: AdminClientList;
  }
>;

/** Planned are the fields of a plan that settings fill. */
export type PlannedListener = ListenerSettings;
export type PlannedBackend = Omit<BackendSettings, 'balance'> & Pick<BackendDraft, 'balance'>;

/** planOf makes a section's part of the plan from what its rows have read. The type of the result is that of the draft's plan. */
export function planOf<T>(draft: object): T {
  const plan: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(draft)) {
    const value = field instanceof Collected ? (field.plan() as unknown) : (field as unknown);
    if (value === undefined) continue;
    const [outer, inner] = key.split('.') as [string, string?];
    if (inner === undefined) plan[outer] = value;
    else plan[outer] = { ...(plan[outer] as object | undefined), [inner]: value };
  }
  return plan as T;
}
