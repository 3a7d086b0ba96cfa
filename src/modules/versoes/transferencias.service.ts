/**
 * When a download has been sent whole. The kernel sends files by itself, so nobody is told of the last byte: transfers
 * under way are looked at until the server has let go of the request, and one whose caller hung up does not count. One that
 * is taken up again by `Range` from where it broke off counts when its rest has been sent, and never twice.
 *
 * Bun 1.4 does not say so when a caller resets the connection in the very moment of a write: such a download counts as sent.
 * Reading the file here instead would tell, but costs the answer its Content-Length, which Bun takes off streams.
 */

import { contextOf } from '../../transport/http/kit/context';

const lookEveryMs = 100;
const afterEndMs = 10;
const brokenMax = 10_000;

interface Transfer {
  ended(): boolean;
  aborted(): boolean;
  complete(): Promise<void>;
  /** Runs when the caller hung up. */
  broken(): void;
}

export type Transferencias = ReturnType<typeof createTransferencias>;

export function createTransferencias({ onError }: { onError(error: unknown): void }) {
  const underWay = new Set<Transfer>();
  const counting = new Set<Promise<void>>();
  /** Who broke off what, so that its continuation counts. */
  const broken = new Set<string>();
  let timer: ReturnType<typeof setInterval> | null = null;

  /** Counts a transfer that has ended, unless its caller hung up. */
  async function conclude(transfer: Transfer): Promise<void> {
    // The server lets go of a request a moment before it says that it was broken off.
    await new Promise((resolve) => setTimeout(resolve, afterEndMs));
    if (transfer.aborted()) transfer.broken();
    else await transfer.complete();
  }

  function look(): void {
    for (const transfer of underWay) {
      if (!transfer.ended()) continue;
      underWay.delete(transfer);
      const concluding = conclude(transfer)
        .catch(onError)
        .finally(() => counting.delete(concluding));
      counting.add(concluding);
    }
    if (underWay.size === 0 && timer) {
      clearInterval(timer);
      timer = null;
    }
  }

  return {
    /**
     * Watches an answer whose body holds the last byte of a file.
     * @param who names the caller and the version together.
     * @param partial whether only the end is sent: it counts if this caller broke off before.
     * @param complete runs once it has been sent whole.
     */
    watch(request: Request, who: string, partial: boolean, complete: () => Promise<void>): void {
      if (partial && !broken.has(who)) return;
      const transfer = contextOf(request).transfer();
      underWay.add({
        ...transfer,
        complete: () => {
          broken.delete(who);
          return complete();
        },
        broken: () => {
          const oldest = broken.keys().next();
          if (broken.size >= brokenMax && !oldest.done) broken.delete(oldest.value);
          broken.add(who);
        },
      });
      timer ??= setInterval(look, lookEveryMs);
    },

    /** Waits until every transfer that has ended is counted, so that whoever downloaded and asks sees it. */
    async settled(): Promise<void> {
      look();
      await Promise.all(counting);
    },

    stats: () => ({ em_andamento: underWay.size }),
  };
}
