/**
 * Lets publishes go on to the subscribers in the order in which the broker numbered them.
 *
 * aedes delivers a packet to a client only when its number is above that of the last one delivered, and takes any other for a
 * duplicate. Packets take ways of different length to the disk: a retained one is stored twice, one without offline
 * subscribers or of QoS 0 not at all. Whichever was overtaken would be lost to every connected subscriber.
 */

import type { Packet } from './broker-codec';

/** So many places of those who have left are kept before the line is cut: cutting it costs its length. */
const spentPlacesMax = 1_000;

/** The part of aedes' emitter that hands a packet to the subscribers. */
export interface Emitter {
  emit(packet: Packet, done?: () => void): unknown;
}

/** A publish in the line. */
export interface Place {
  /** Settles when every publish before this one has gone on. */
  turn(): Promise<void>;
  /** Lets the next one go on. */
  leave(): void;
  /** Lets the next one go on when this one has been emitted; aedes does that in the microtasks that follow. */
  leaveOnceEmitted(): void;
}

export interface PublishOrder {
  /**
   * Keeps a place for a packet that aedes stores as retained first and enqueues next.
   * @returns what to call when it has been stored. aedes enqueues it in the microtasks that follow; if it does not, nobody
   *   waits for it.
   */
  reserve(packet: Packet): (() => void) | undefined;
  /** The place reserved for a packet, or one by its number. */
  enter(packet: Packet): Place;
  /** Has what is emitted wait for its turn too: a packet of QoS 0 takes no way by the disk at all. */
  watch(emitter: Emitter): void;
}

interface Waiting {
  number: number;
  entered: boolean;
  ready: boolean;
  left: boolean;
  go(): void;
  gone: Promise<void>;
}

export function createPublishOrder(): PublishOrder {
  /** By number, ascending, from `head` on. */
  const line: Waiting[] = [];
  let head = 0;
  /** Those stored as retained and not yet enqueued. */
  const reserved = new Map<number, Waiting>();
  /** Those whose turn it is, until they are emitted. */
  const emitting = new Map<number, Waiting>();
  let watching = false;

  function insert(number: number): Waiting {
    const { promise: gone, resolve: go } = Promise.withResolvers<void>();
    const waiting = { number, entered: false, ready: false, left: false, go, gone };
    // They come almost in order: what is newer than all others goes last without a search.
    let index = line.length;
    while (index > head && (line[index - 1]?.number ?? 0) > number) index -= 1;
    line.splice(index, 0, waiting);
    return waiting;
  }

  function moveOn(): void {
    while (line[head]?.left) head += 1;
    if (head >= spentPlacesMax) {
      line.splice(0, head);
      head = 0;
    }
    if (line[head]?.ready) line[head]?.go();
  }

  function turn(waiting: Waiting): Promise<void> {
    waiting.ready = true;
    moveOn();
    return waiting.gone;
  }

  function leave(waiting: Waiting): void {
    waiting.left = true;
    if (emitting.get(waiting.number) === waiting) emitting.delete(waiting.number);
    moveOn();
  }

  return {
    reserve({ qos, brokerCounter: number }) {
      // aedes does not enqueue a packet of QoS 0, nor one that was stored without being published.
      if (!qos || !number) return undefined;
      const waiting = insert(number);
      reserved.set(number, waiting);
      return () => {
        setImmediate(() => {
          if (waiting.entered) return;
          if (reserved.get(number) === waiting) reserved.delete(number);
          leave(waiting);
        });
      };
    },

    enter({ brokerCounter }) {
      const number = brokerCounter || (line.at(-1)?.number ?? 0);
      const waiting = reserved.get(number) ?? insert(number);
      reserved.delete(number);
      waiting.entered = true;
      return {
        turn: () => turn(waiting),
        leave: () => leave(waiting),
        leaveOnceEmitted() {
          if (!watching) return leave(waiting);
          emitting.set(number, waiting);
          setImmediate(() => {
            if (!waiting.left) leave(waiting);
          });
        },
      };
    },

    watch(emitter) {
      const emit = emitter.emit.bind(emitter);
      watching = true;
      emitter.emit = (packet, done) => {
        const number = packet.brokerCounter ?? 0;
        const own = emitting.get(number);
        const first = line[head];
        if (own || !first || first.number > number) {
          emit(packet, done);
          if (own) leave(own);
          return;
        }
        const waiting = insert(number);
        void turn(waiting).then(() => {
          emit(packet, done);
          leave(waiting);
        });
      };
    },
  };
}
