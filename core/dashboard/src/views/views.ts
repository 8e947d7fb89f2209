/**
 * Views: the pages of the dashboard, in the order of their menu. Browser.
 */
import type { ComponentType } from 'preact';
import { EventsView } from './events.tsx';
import { GatewayView } from './gateway.tsx';
import { OverviewView } from './overview.tsx';
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
  { id: 'events', title: 'Events', needs: ['streamEvents'], content: EventsView },
  { id: 'gateway', title: 'Gateway', needs: ['getStatus'], content: GatewayView },
];
