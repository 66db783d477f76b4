// Knows: which durations of operations are one series, and that the attributes of a series are made once.
// Must not know: meters, spans.
import type { Attributes } from '@opentelemetry/api';
import { type Entry, type KeyMask, mayWait, procedureName } from '../catalog';
import type { ClientFacts, Command } from '../core/events';
import type { Facts, Failure } from '../core/facts';
import { FewNames } from '../core/few-names';
import * as semconv from '../core/semconv';
import { plainAttributes, querySummary } from './attributes';

/** The number of attribute objects kept for one client: every command and error, and a limit for names without end. */
const MAX_ATTRIBUTE_SETS = 500;

/** The number of nodes that have series of their own. */
export const MAX_NODES = 64;

/** The same for stored procedures. A program that generates its scripts has any number of them. */
export const MAX_PROCEDURES = 50;

/** What separates the durations of some operations from others of the same name. */
type Kind = 'internal' | 'blocking';

/** Which further attributes separate operations. */
export interface SeriesSettings {
  /** Operations of clusters by the node that answered. */
  readonly byNode: boolean;
  /** Operations by the family of their first key. */
  readonly bySummary: boolean;
}

export class OperationSeries {
  private sets = new WeakMap<ClientFacts, Map<string, Attributes>>();
  private nodes = new FewNames(MAX_NODES);
  private procedures = new FewNames(MAX_PROCEDURES);
  private settings: SeriesSettings = { byNode: true, bySummary: false };
  private mask: KeyMask = () => '?';
  private family: KeyMask | undefined;

  /**
   * Sets which series there are, from now on.
   * @param mask how names of functions are shown
   * @param family see SpanRecorder; undefined: no part of a key may be shown
   */
  use(settings: SeriesSettings, mask: KeyMask, family: KeyMask | undefined): void {
    this.sets = new WeakMap();
    this.settings = settings;
    this.mask = mask;
    this.family = family;
  }

  /** Another meter counts from now on. */
  forget(): void {
    this.sets = new WeakMap();
    this.nodes = new FewNames(MAX_NODES);
    this.procedures = new FewNames(MAX_PROCEDURES);
  }

  ofCommand({ args, client, isInternal, procedure: known }: Command, entry: Entry, facts: Facts): Attributes {
    const { operation, failure, refusal, cache } = facts;
    const kind = isInternal ? 'internal' : mayWait(entry, args) ? 'blocking' : undefined;
    const procedure = entry.rule?.procedure ? this.nameOf(procedureName(entry, args, this.mask, known)) : undefined;
    const summary = this.settings.bySummary ? querySummary(operation, entry, args, cache, this.family) : undefined;
    return this.of(client.facts, operation, failure, refusal, kind, procedure, summary);
  }

  ofBatch(facts: ClientFacts, operation: string, failure: Failure | undefined): Attributes {
    const summary = this.settings.bySummary ? operation : undefined;
    return this.of(facts, operation, failure, undefined, undefined, undefined, summary);
  }

  private of(
    facts: ClientFacts,
    operation: string,
    failure: Failure | undefined,
    refusal: string | undefined,
    kind: Kind | undefined,
    procedure: string | undefined,
    summary: string | undefined,
  ): Attributes {
    let sets = this.sets.get(facts);
    if (sets === undefined) {
      sets = new Map();
      this.sets.set(facts, sets);
    }
    const code = failure === undefined ? refusal : failure.type;
    let key = code === undefined ? operation : `${operation} ${code}`;
    if (kind !== undefined) key = `${key} ${kind}`;
    if (procedure !== undefined) key = `${key}\n${procedure}`;
    if (summary !== undefined) key = `${key}\n\n${summary}`;
    const known = sets.get(key);
    if (known !== undefined) return known;
    const attributes = plainAttributes(operation, facts, failure);
    if (this.settings.byNode && facts.peerAddress !== undefined)
      this.addNode(attributes, facts.peerAddress, facts.peerPort);
    if (refusal !== undefined) attributes[semconv.ATTR_DB_RESPONSE_STATUS_CODE] = refusal;
    if (kind === 'internal') attributes[semconv.ATTR_REDIS_INTERNAL] = true;
    if (kind === 'blocking') attributes[semconv.ATTR_REDIS_OPERATION_BLOCKING] = true;
    if (procedure !== undefined) attributes[semconv.ATTR_DB_STORED_PROCEDURE_NAME] = procedure;
    if (summary !== undefined) attributes[semconv.ATTR_DB_QUERY_SUMMARY] = summary;
    if (sets.size < MAX_ATTRIBUTE_SETS) sets.set(key, attributes);
    return attributes;
  }

  private nameOf(procedure: string | undefined): string | undefined {
    return procedure === undefined || this.procedures.admits(procedure) ? procedure : semconv.VALUE_OTHER;
  }

  /** Nodes of clusters come and go, in some clouds under new addresses. */
  private addNode(attributes: Attributes, address: string, port: number | undefined): void {
    const isKnown = this.nodes.admits(`${address}:${port}`);
    attributes[semconv.ATTR_NETWORK_PEER_ADDRESS] = isKnown ? address : semconv.VALUE_OTHER;
    if (isKnown && port !== undefined) attributes[semconv.ATTR_NETWORK_PEER_PORT] = port;
  }
}
