/**
 * Views: the pages of the dashboard, in the order of their menu. Browser.
 */
import type { ComponentType } from 'preact';
import { CertificatesView } from './certificates.tsx';
import { ClientsView } from './clients.tsx';
import { EventsView } from './events.tsx';
import { ExplainView } from './explain.tsx';
import { GatewayView } from './gateway.tsx';
import { HistoryView } from './history.tsx';
import { OverviewView } from './overview.tsx';
import { RequestsView } from './requests.tsx';
import { RulesView } from './rules.tsx';
import { ServersView } from './servers.tsx';

interface View {
  readonly id: string;
  readonly title: string;
  /** Operations of the API without which there is nothing to show. */
  readonly needs: readonly string[];
  /** `about` is what the address names behind the view, such as a backend; empty: nothing. */
  readonly content: ComponentType<{ readonly about: string }>;
}

export const VIEWS: readonly View[] = [
  { id: 'overview', title: 'Overview', needs: ['getStats'], content: OverviewView },
  { id: 'servers', title: 'Servers', needs: ['getStats'], content: ServersView },
  { id: 'requests', title: 'Requests', needs: ['listErrors'], content: RequestsView },
  { id: 'rules', title: 'Rules', needs: ['listRules'], content: RulesView },
  { id: 'explain', title: 'Explain', needs: ['explain'], content: ExplainView },
  { id: 'clients', title: 'Clients', needs: ['findSticky'], content: ClientsView },
  { id: 'certificates', title: 'Certificates', needs: ['listCertificates'], content: CertificatesView },
  { id: 'history', title: 'History', needs: ['listHistory'], content: HistoryView },
  { id: 'events', title: 'Events', needs: ['streamEvents'], content: EventsView },
  { id: 'gateway', title: 'Gateway', needs: ['getStatus'], content: GatewayView },
];
