/** Waiting on the streams of tar-stream, which are not Node's own. */

type Event = 'drain' | 'finish' | 'close' | 'error';
type Listener = (...args: unknown[]) => void;

interface TarStream {
  on(event: Event, listener: Listener): unknown;
  removeListener(event: Event, listener: Listener): unknown;
}

/** Resolves at an event. @throws what the stream fails with, or Error when it closes before. */
export function until(stream: TarStream, event: Event): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (end: () => void): void => {
      stream.removeListener(event, happened);
      stream.removeListener('error', failed);
      stream.removeListener('close', closed);
      end();
    };
    const happened: Listener = () => settle(resolve);
    const failed: Listener = (error) => settle(() => reject(error));
    const closed: Listener = () => settle(event === 'close' ? resolve : () => reject(new Error('it ends too early')));
    stream.on(event, happened);
    stream.on('error', failed);
    stream.on('close', closed);
  });
}
