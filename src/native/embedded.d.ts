/** Files that the build embeds; an import of one is the path under which it can be read. */

declare module '*.onnx' {
  const path: string;
  export default path;
}

declare module '*.md' {
  const path: string;
  export default path;
}

declare module '*.py' {
  const text: string;
  export default text;
}

/** Read by the bundler into the style sheets of the web UI. */
declare module '*.css';

/** It comes without types. */
declare module 'pino-roll' {
  interface Options {
    file: string;
    extension: string;
    dateFormat: string;
    frequency: 'daily';
    size: string;
    limit: { count: number; removeOtherLogFiles: boolean };
    mkdir: boolean;
    mode: number;
    sync: boolean;
  }
  /** Opens the file of today; more follow by themselves. */
  export default function roll(options: Options): Promise<import('node:stream').Writable>;
}
