/**
 * ClientSocket: one socket of a client that carries one exchange at a time: what HTTP/1 connections and relayed connections have
 * in common. Hot path; data plane.
 *
 * It is counted, listens to its socket, ends it, and carries tunnels. What the bytes mean is the business of those that
 * extend it.
 */
import type { Socket } from 'node:net';
import type { IpAddress } from '@sluice/dsl/match';
import type { ClientHello } from '../../plugin/client-hello.ts';
import type { Answer, TlsMode } from '../../plugin/data-entry.ts';
import type { OpenSession } from '../../shared/orders/orders.ts';
import { ListenerIndex } from '../../shared/tables/counters.ts';
import type { Closable, Loop } from '../loop/loop.ts';
import { Timed } from '../loop/timer-wheel.ts';
import type { AnswerHead } from '../message/answer-head.ts';
import type { FieldEdits } from '../message/field-edits.ts';
import type { ProxiedConnection } from '../proxy/proxy-reader.ts';
import type { ClientSide } from '../sides/client-side.ts';
import type { ServerSide } from '../sides/server-side.ts';
import { Input, type Taker } from '../transport/input.ts';
import { type Feeder, Output } from '../transport/output.ts';
import { ClientPeer } from './client-peer.ts';
import type { ClientPort } from './client-port.ts';
import type { Exchange } from './exchange.ts';

/** GreetedSocket is a client's socket with what was found out before it was known who serves it. */
export interface GreetedSocket extends Socket {
  hello?: ClientHello;
  /** What a trusted proxy said of it. */
  proxied?: ProxiedConnection;
  /** What ends its TLS. */
  tlsMode?: TlsMode;
}

interface NetSocket extends GreetedSocket {
  client: ClientSocket;
}

function onEnd(this: Socket): void {
  const { client } = this as NetSocket;
  client.hasEnded = true;
  client.ended();
}
function onError(): void {
  // `close` follows and decides.
}
function onClose(this: Socket, hadError: boolean): void {
  (this as NetSocket).client.closed(hadError);
}

export abstract class ClientSocket extends Timed implements ClientSide, Closable, Feeder, Taker {
  readonly socket: Socket;
  readonly out: Output;
  readonly input = new Input(this);
  readonly peer: ClientPeer;
  readonly port: ClientPort;
  readonly loop: Loop;
  exchange: Exchange | null = null;
  countedAs = 0;
  bytesIn = 0;
  /** The client has ended its side. */
  hasEnded = false;

  constructor(socket: Socket, ip: IpAddress, port: ClientPort, loop: Loop) {
    super();
    this.socket = socket;
    this.out = new Output(socket, this);
    this.peer = new ClientPeer(ip, port, socket as NetSocket);
    this.port = port;
    this.loop = loop;
    (socket as NetSocket).client = this;
    this.input.accept(socket);
    socket.on('end', onEnd);
    socket.on('error', onError);
    socket.on('close', onClose);
    port.joined(this, ip);
  }

  abstract get isIdle(): boolean;
  abstract release(): void;
  abstract received(bytes: Buffer, length: number): void;
  /** ended: the client has ended its side. */
  abstract ended(): void;
  abstract drained(): void;

  abstract readonly hasBody: boolean;
  readonly mayTrail: boolean = false;
  abstract readonly isRequestSent: boolean;
  abstract readonly answerForm: number;
  abstract waits(): void;
  abstract goesOn(): void;
  abstract sendBody(server: ServerSide): void;
  abstract rewind(): boolean;
  abstract sendRefused(): boolean;
  abstract serverDrained(server: ServerSide): void;
  abstract awaitRoom(): void;
  abstract sendAnswer(answer: AnswerHead, changes: FieldEdits, added: string): void;
  abstract sendInterim(answer: AnswerHead): boolean;
  abstract sendSwitch(answer: AnswerHead, added: string): void;
  abstract sendOwn(answer: Answer, standard: Answer, changes: FieldEdits, isLast: boolean): void;
  abstract exchangeEnded(): void;
  abstract tunnelBegins(): void;

  /** A client of HTTP/1 knows the key that it sent, and checks the proof itself. */
  objection(): string {
    return '';
  }

  get bytesOut(): number {
    return this.out.bytesOut;
  }

  addSessionsOn(slot: number, found: OpenSession[]): void {
    this.exchange?.addSessionOn(slot, found);
  }

  giveUp(): void {
    this.exchange?.giveUp();
  }

  leaveDownServers(): void {
    this.exchange?.leaveDownServer();
  }

  leaveServer(slot: number): number {
    return this.exchange?.leaveServer(slot) ? 1 : 0;
  }

  destroy(): void {
    this.socket.destroy();
  }

  breakOff(): void {
    try {
      this.socket.resetAndDestroy();
    } catch {
      // Unix sockets have no reset, nor need TLS modes' streams; net.Socket throws when asked for one.
      this.destroy();
    }
  }

  /** writeFailed: the client has gone. After it has ended its side, nothing else would tell. */
  writeFailed(): void {
    if (this.exchange !== null && !this.exchange.isTunnel) this.exchange.request.abortCause ||= 'client-reset';
    this.destroy();
  }

  closed(hadError: boolean): void {
    const { exchange } = this;
    this.loop.wheel.drop(this);
    this.exchange = null;
    if (exchange !== null) {
      // A relayed connection, or a tunnel, has no other end than this.
      const cause = hadError
        ? 'client-reset'
        : exchange.isTunnel
          ? ''
          : this.hasEnded
            ? 'client-ended'
            : 'gateway-closed';
      exchange.abort(hadError || this.hasEnded, cause);
    }
    this.countBytes();
    this.port.left(this);
    this.peer.left();
    this.input.close();
  }

  countBytes(): void {
    const { slot } = this.port.listener;
    const { counters } = this.loop;
    counters.listener(slot, ListenerIndex.bytesIn, this.bytesIn);
    counters.listener(slot, ListenerIndex.bytesOut, this.out.bytesOut);
    this.bytesIn = 0;
    this.out.bytesOut = 0;
  }

  /** tunnel sends on what the client sent. Its end goes on when everything before it has. */
  tunnel(server: ServerSide, bytes: Buffer, length: number): void {
    const { out } = server;
    out.bytes(bytes, 0, length);
    out.flush();
    this.exchange!.tunnelMoved();
    if (this.hasEnded) server.halfEnd();
    else if (out.isFull) this.input.isPaused = true;
  }

  tunnelHalfEnds(): void {
    this.out.end();
  }

  tunnelEnds(hadError: boolean): void {
    if (hadError) this.destroy();
    else this.out.endSoon();
  }
}
