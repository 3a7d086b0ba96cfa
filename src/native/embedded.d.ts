/** Files that the build embeds; an import of one is the path under which it can be read. */

declare module '*.onnx' {
  const path: string;
  export default path;
}

declare module '*.md' {
  const path: string;
  export default path;
}

/** Read by the bundler into the style sheets of the web UI. */
declare module '*.css';
