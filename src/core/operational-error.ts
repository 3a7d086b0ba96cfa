/**
 * A failure the operator can mend (a port in use, a folder that cannot be written): commands print its message as one
 * line on stderr and exit with 1, without a stack.
 */
export class OperationalError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'OperationalError';
  }
}
