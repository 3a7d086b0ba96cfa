/** The agent of the compiled executable as a child process, and a way to it that can be cut. */

import { createServer, type Socket, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { executable } from './executable';
import { type LogLines, logLines } from './log-lines';

export interface AgentProcess extends LogLines {
  pid: number;
  signal(name: 'SIGTERM' | 'SIGKILL'): Promise<number>;
}

/** Starts an agent; what it says it says in its log. */
export function startAgent(
  args: string[],
  env: Record<string, string> = {},
  command: string = executable,
): AgentProcess {
  const child = Bun.spawn([command, 'agent', ...args], {
    cwd: tmpdir(),
    env: { PATH: process.env.PATH ?? '', HOME: tmpdir(), ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  return {
    pid: child.pid,
    ...logLines(child),
    signal: async (name) => {
      child.kill(name);
      return child.exited;
    },
  };
}

/** A TCP way to a port that can be cut and opened again, as the same address. */
export interface Way {
  port: number;
  /** Ends every connection, and refuses new ones. */
  cut(): Promise<void>;
  open(): Promise<void>;
}

export async function openWay(targetPort: number): Promise<Way> {
  const sockets = new Set<Socket>();
  let port = 0;
  const accept = (inside: Socket): void => {
    const outside = tcpConnect(targetPort, '127.0.0.1');
    for (const [one, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      sockets.add(one);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  };
  let server = createServer(accept);
  const listen = async (): Promise<void> => {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    const address = server.address();
    port = typeof address === 'object' && address !== null ? address.port : port;
  };
  await listen();
  return {
    port,
    cut: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    open: () => {
      server = createServer(accept);
      return listen();
    },
  };
}
