/**
 * What becomes of a kernel record of an exec: a new process, a new image of a known one, more
 * about a known image, or news that came too late. Records are trusted: their process is not
 * looked at in /proc.
 */
import { entryControl } from './entry.ts';
import type { EntryStore } from './entry-store.ts';
import type { Slot } from './entry-table.ts';
import type { ExecRecord } from './exec-record.ts';
import { identityOfRecord, partialCmdlineOf, valuesOfRecord } from './exec-record-values.ts';
import type { ExitedIdentities } from './exited-identities.ts';
import type { FieldReaderInit } from './field-reader.ts';
import type { FieldValues } from './fields.ts';
import { compareStart, isSameProcess } from './identity.ts';
import type { Procfs } from './procfs/procfs.ts';

export function seedRecord(
  store: EntryStore,
  exited: ExitedIdentities,
  procfs: Procfs,
  record: ExecRecord,
): Slot | undefined {
  const init: FieldReaderInit = {
    procfs,
    identity: identityOfRecord(record, procfs),
    layoutFingerprint: record.layoutFingerprint ?? 0,
    values: valuesOfRecord(record),
    partialCmdline: partialCmdlineOf(record),
  };
  const { identity } = init;
  if (exited.phaseOf(identity) === 'over') return undefined;

  const head = store.table.head(identity.pid);
  if (head !== undefined) {
    const known = head.entry.identity;
    if (isSameProcess(known, identity)) return seedImage(store, exited, head, init);
    if (compareStart(identity, known) < 0) {
      const isKnown = store.table.imagesOf(identity).length > 0;
      return isKnown ? undefined : store.insertEnded(init);
    }
    store.displace(head);
  }
  return insertSeeded(store, exited, init);
}

/** A record about the process that is at the head of its pid. */
function seedImage(
  store: EntryStore,
  exited: ExitedIdentities,
  head: Slot,
  init: FieldReaderInit,
): Slot | undefined {
  const reader = entryControl.readerOf(head.entry);
  const known = head.entry.execId;
  const execId = init.identity.execId;
  const isOlder = known !== undefined && execId !== undefined && execId < known;
  const isThis =
    known === undefined
      ? reader.isMarked(init.layoutFingerprint)
      : execId !== undefined && execId === known;
  if (isOlder) return undefined;
  if (head.displaced) {
    // Its pid went to somebody else, or its next image was evicted: only news of an image that
    // comes after both is of use.
    if (head.pending !== 'superseded' || isThis) return undefined;
    return insertSeeded(store, exited, init);
  }
  if (isThis) {
    reader.fill(init.identity, init.values, init.partialCmdline);
    store.table.touch(head);
    return head;
  }
  if (known === undefined) {
    // It was read from /proc, and may be of the image before the record's, of a later one, or of
    // another process that has the pid since the same clock tick: so nothing is carried over, and
    // the record is not completed from the image that was there already.
    reader.supersedeUnlessMarked();
    store.evict(head, 'exec');
    return insertSeeded(store, exited, { ...init, notLayoutFingerprint: reader.layoutFingerprint });
  }
  // A new image: what exec does not change is carried over.
  const carried = reader.successor(execId);
  reader.supersede();
  store.markSuperseded(head);
  return insertSeeded(store, exited, {
    ...init,
    identity: {
      ...init.identity,
      startBoottimeNs: init.identity.startBoottimeNs ?? carried.identity.startBoottimeNs,
    },
    values: completed(init.values, carried.values),
  });
}

/** A process whose exit was already announced is kept for its grace only. */
function insertSeeded(
  store: EntryStore,
  exited: ExitedIdentities,
  init: FieldReaderInit,
): Slot | undefined {
  const slot = store.insert(init);
  if (slot !== undefined && exited.phaseOf(init.identity) === 'grace') store.markExited(slot);
  return slot;
}

/** What the record does not say is as it was before the exec. */
function completed(values: FieldValues, carried: FieldValues): FieldValues {
  return {
    ...values,
    cwd: values.cwd ?? carried.cwd,
    nsMnt: values.nsMnt ?? carried.nsMnt,
    nsPid: values.nsPid ?? carried.nsPid,
    cgroup: values.cgroup ?? carried.cgroup,
    // With its cgroup, the record says that there is none.
    containerId:
      values.cgroup === undefined
        ? (values.containerId ?? carried.containerId)
        : values.containerId,
    ppid: values.ppid ?? carried.ppid,
  };
}
