/** onnxruntime's libraries inside the executable. The build replaces this module; from source there are none. */

export const onnxruntimeFiles: { name: string; path: string }[] = [];
